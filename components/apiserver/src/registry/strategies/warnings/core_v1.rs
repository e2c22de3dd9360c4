//! Of nodes, volumes and claims.
//!
//! Upstream: pkg/api/{node,persistentvolume,persistentvolumeclaim}/.

use super::{annotated, pods::fractional};
use serde_json::Value;

const STORAGE_CLASS: &str = "volume.beta.kubernetes.io/storage-class";

pub(crate) fn node(node: &Value, _: bool) -> Vec<String> {
    let told = [
        ("configSource", "spec.configSource: the feature is no longer supported"),
        ("externalID", "spec.externalID: this field is deprecated, and is unused by Kubernetes"),
    ];
    let said = told.iter().filter(|(field, _)| {
        let value = &node["spec"][*field];
        value.is_object() || value.as_str().is_some_and(|text| !text.is_empty())
    });
    said.map(|(_, text)| (*text).to_owned()).collect()
}

pub(crate) fn volume(volume: &Value, _: bool) -> Vec<String> {
    let mut all: Vec<String> = storage_class(volume).into_iter().collect();
    if volume["spec"]["persistentVolumeReclaimPolicy"] == "Recycle" {
        all.push(
            "spec.persistentVolumeReclaimPolicy: The Recycle reclaim policy is deprecated. \
             Instead, the recommended approach is to use dynamic provisioning."
                .into(),
        );
    }
    all.extend(fractional(&volume["spec"]["capacity"], "spec.capacity", "storage"));
    all
}

pub(crate) fn claim(claim: &Value, _: bool) -> Vec<String> {
    let mut all: Vec<String> = storage_class(claim).into_iter().collect();
    for list in ["requests", "limits"] {
        let place = format!("spec.resources.{list}");
        all.extend(fractional(&claim["spec"]["resources"][list], &place, "storage"));
    }
    all
}

fn storage_class(object: &Value) -> Option<String> {
    annotated(object, STORAGE_CLASS).then(|| {
        format!(
            "metadata.annotations[{STORAGE_CLASS}]: deprecated since v1.8; use \
             \"storageClassName\" attribute instead"
        )
    })
}
