//! A claim that names no storage class gets the cluster's default.
//!
//! Upstream: plugin/pkg/admission/storage/storageclass/setdefault.

use super::{Attributes, Cluster, Plugin, pod::annotation};
use crate::{failure::Failure, object};
use serde_json::Value;
use std::cmp::Reverse;

pub(super) const PLUGIN: Plugin = Plugin {
    name: "DefaultStorageClass",
    by_default: true,
    mutate: Some(|cluster, write| Box::pin(mutate(cluster, write))),
    validate: None,
};

const DEFAULT: [&str; 2] = [
    "storageclass.kubernetes.io/is-default-class",
    "storageclass.beta.kubernetes.io/is-default-class",
];
/// An older way to name a claim's class.
pub(super) const CLASS: &str = "volume.beta.kubernetes.io/storage-class";

async fn mutate(cluster: Cluster<'_>, write: &mut Attributes) -> Result<(), Failure> {
    if !write.is_whole("", "persistentvolumeclaims") || !write.creates() {
        return Ok(());
    }
    // A name that is empty is a choice: no class.
    let named = write.object["spec"].get("storageClassName").is_some_and(|name| !name.is_null());
    if named || annotation(&write.object, CLASS).is_some() {
        return Ok(());
    }
    let classes = cluster.list("storage.k8s.io", "storageclasses", "").await?;
    let name = newest_default(classes.iter().map(|entry| entry.value()), &DEFAULT);
    if let Some(name) = name {
        write.object["spec"]["storageClassName"] = name.into();
    }
    Ok(())
}

/// The name of the class that says of itself that it is the default: of several the newest, and of
/// those of one second the first by name.
pub(super) fn newest_default<'a>(
    classes: impl Iterator<Item = &'a Value>,
    marks: &[&str],
) -> Option<&'a str> {
    let marked = |class: &&Value| marks.iter().any(|mark| annotation(class, mark) == Some("true"));
    let order = |class: &&Value| {
        let name = object::meta(class, "name").to_owned();
        (Reverse(object::meta(class, "creationTimestamp").to_owned()), name)
    };
    let found = classes.filter(marked).min_by_key(order)?;
    Some(object::meta(found, "name"))
}

#[cfg(test)]
mod tests {
    use super::*;
    use serde_json::json;

    #[test]
    fn the_newest_default_wins() {
        let class = |name: &str, at: &str, default: &str| {
            json!({"metadata": {"name": name, "creationTimestamp": at,
                "annotations": {DEFAULT[0]: default}}})
        };
        let early = "2026-01-01T00:00:00Z";
        let late = "2026-01-02T00:00:00Z";
        let classes = [
            class("a", early, "true"),
            class("c", late, "true"),
            class("b", late, "true"),
            class("d", "2026-01-03T00:00:00Z", "false"),
        ];
        assert_eq!(newest_default(classes.iter(), &DEFAULT), Some("b"));
        assert_eq!(newest_default(classes[3..].iter(), &DEFAULT), None);
    }
}
