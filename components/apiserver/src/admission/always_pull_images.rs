//! Every image is pulled anew, so that its credentials are checked each time.
//!
//! Upstream: plugin/pkg/admission/alwayspullimages.

use super::{
    Attributes, Plugin,
    limit_ranger::aggregate,
    pod::{LISTS, items, text},
};
use crate::failure::Failure;
use serde_json::Value;
use std::collections::BTreeSet;

pub(super) const PLUGIN: Plugin = Plugin {
    name: "AlwaysPullImages",
    by_default: false,
    mutate: Some(|_, write| {
        if concerns(write) {
            pull_always(&mut write.object["spec"]);
        }
        Box::pin(async { Ok(()) })
    }),
    validate: Some(|_, write| Box::pin(async { validate(write) })),
};

/// A change that brings no new image pulls nothing.
fn concerns(write: &Attributes) -> bool {
    if !write.is_whole("", "pods") || write.deletes() {
        return false;
    }
    let images = |pod: &Value| -> BTreeSet<String> {
        let containers = LISTS.iter().flat_map(|list| items(&pod["spec"][*list]));
        let images = containers.map(|container| text(&container["image"]).to_owned());
        let volumes = items(&pod["spec"]["volumes"]);
        images.chain(volumes.map(|one| text(&one["image"]["reference"]).to_owned())).collect()
    };
    write.creates() || !images(&write.object).is_subset(&images(&write.old))
}

fn pull_always(spec: &mut Value) {
    let Some(spec) = spec.as_object_mut() else { return };
    for (name, list) in spec.iter_mut() {
        for one in list.as_array_mut().into_iter().flatten() {
            if LISTS.contains(&name.as_str()) {
                one["imagePullPolicy"] = "Always".into();
            } else if name == "volumes" && one["image"].is_object() {
                one["image"]["pullPolicy"] = "Always".into();
            }
        }
    }
}

fn validate(write: &Attributes) -> Result<(), Failure> {
    if !concerns(write) {
        return Ok(());
    }
    let faults = faults(&write.object["spec"]);
    if faults.is_empty() {
        return Ok(());
    }
    let whole: Vec<String> = faults.iter().map(|fault| write.forbidden(fault).message).collect();
    let mut failure = write.forbidden("");
    failure.message = aggregate(&whole);
    Err(failure)
}

fn faults(spec: &Value) -> Vec<String> {
    let mut faults = Vec::new();
    let mut check = |path: String, policy: &Value| {
        if policy != "Always" {
            let said = text(policy);
            faults
                .push(format!("{path}: Unsupported value: {said:?}: supported values: \"Always\""));
        }
    };
    for list in LISTS {
        for (at, container) in items(&spec[list]).enumerate() {
            check(format!("spec.{list}[{at}].imagePullPolicy"), &container["imagePullPolicy"]);
        }
    }
    for (at, volume) in items(&spec["volumes"]).enumerate() {
        if volume["image"].is_object() {
            check(format!("spec.volumes[{at}].image.pullPolicy"), &volume["image"]["pullPolicy"]);
        }
    }
    faults
}

#[cfg(test)]
mod tests {
    use super::*;
    use serde_json::json;

    #[test]
    fn every_image_is_pulled() {
        let mut spec = json!({
            "containers": [{"image": "a", "imagePullPolicy": "Never"}],
            "volumes": [{"emptyDir": {}}, {"image": {"reference": "b"}}],
        });
        assert_eq!(
            faults(&spec),
            [
                "spec.containers[0].imagePullPolicy: Unsupported value: \"Never\": supported \
                 values: \"Always\"",
                "spec.volumes[1].image.pullPolicy: Unsupported value: \"\": supported values: \
                 \"Always\"",
            ]
        );
        pull_always(&mut spec);
        assert_eq!(faults(&spec), Vec::<String>::new());
        assert_eq!(spec["volumes"][0], json!({"emptyDir": {}}));
    }
}
