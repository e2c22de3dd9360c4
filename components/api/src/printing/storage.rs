//! Rows of the group `storage.k8s.io`.

use super::{
    texts::or_none,
    view::{View, text, texts},
};
use serde_json::{Value, json};

const DEFAULT_CLASS: &str = "storageclass.kubernetes.io/is-default-class";
const BETA_DEFAULT_CLASS: &str = "storageclass.beta.kubernetes.io/is-default-class";
const DEFAULT_ATTRIBUTES: &str = "volumeattributesclass.alpha.kubernetes.io/is-default-class";

pub(super) fn class(it: View<'_>) -> Vec<Value> {
    vec![
        name_if_default(it, &[DEFAULT_CLASS, BETA_DEFAULT_CLASS]),
        json!(it.text("/provisioner")),
        json!(it.text_or("/reclaimPolicy", "Delete")),
        json!(it.text_or("/volumeBindingMode", "Immediate")),
        json!(it.flag_or("/allowVolumeExpansion", false)),
        it.age(),
    ]
}

pub(super) fn attributes_class(it: View<'_>) -> Vec<Value> {
    vec![name_if_default(it, &[DEFAULT_ATTRIBUTES]), json!(it.text("/driverName")), it.age()]
}

fn name_if_default(it: View<'_>, annotations: &[&str]) -> Value {
    match annotations.iter().any(|name| it.annotation(name) == "true") {
        true => json!(format!("{} (default)", it.text("/metadata/name"))),
        false => it.name(),
    }
}

pub(super) fn driver(it: View<'_>) -> Vec<Value> {
    let audiences = match it.at("/spec/tokenRequests") {
        Value::Array(all) => {
            all.iter().map(|it| text(it, "/audience")).collect::<Vec<_>>().join(",")
        }
        _ => "<unset>".to_owned(),
    };
    vec![
        it.name(),
        json!(it.flag_or("/spec/attachRequired", true)),
        json!(it.flag_or("/spec/podInfoOnMount", false)),
        json!(it.flag_or("/spec/storageCapacity", false)),
        json!(audiences),
        json!(it.flag_or("/spec/requiresRepublish", false)),
        json!(or_none(texts(it.object, "/spec/volumeLifecycleModes").join(","))),
        it.age(),
    ]
}

pub(super) fn node(it: View<'_>) -> Vec<Value> {
    vec![it.name(), json!(it.list("/spec/drivers").len()), it.age()]
}

pub(super) fn attachment(it: View<'_>) -> Vec<Value> {
    vec![
        it.name(),
        json!(it.text("/spec/attacher")),
        json!(it.text("/spec/source/persistentVolumeName")),
        json!(it.text("/spec/nodeName")),
        json!(it.flag_or("/status/attached", false)),
        it.age(),
    ]
}
