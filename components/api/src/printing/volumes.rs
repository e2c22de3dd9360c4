//! Rows of persistent volumes and of claims to them.

use super::view::{View, text, texts};
use serde_json::{Value, json};

/// An older way to name a storage class.
const BETA_CLASS: &str = "volume.beta.kubernetes.io/storage-class";

pub(super) fn volume(it: View<'_>) -> Vec<Value> {
    let claim = match it.at("/spec/claimRef") {
        Value::Null => String::new(),
        claim => format!("{}/{}", text(claim, "/namespace"), text(claim, "/name")),
    };
    vec![
        it.name(),
        json!(it.text_or("/spec/capacity/storage", "0")),
        json!(access_modes(&texts(it.object, "/spec/accessModes"))),
        json!(it.text("/spec/persistentVolumeReclaimPolicy")),
        json!(phase(it)),
        json!(claim),
        json!(class(it)),
        json!(it.text_or("/spec/volumeAttributesClassName", "<unset>")),
        json!(it.text("/status/reason")),
        it.age(),
        json!(it.text_or("/spec/volumeMode", "<unset>")),
    ]
}

pub(super) fn claim(it: View<'_>) -> Vec<Value> {
    let volume = it.text("/spec/volumeName");
    let (capacity, modes) = match volume {
        "" => ("", String::new()),
        _ => {
            let modes = access_modes(&texts(it.object, "/status/accessModes"));
            (it.text_or("/status/capacity/storage", "0"), modes)
        }
    };
    vec![
        it.name(),
        json!(phase(it)),
        json!(volume),
        json!(capacity),
        json!(modes),
        json!(class(it)),
        json!(it.text_or("/spec/volumeAttributesClassName", "<unset>")),
        it.age(),
        json!(it.text_or("/spec/volumeMode", "<unset>")),
    ]
}

fn phase(it: View<'_>) -> &str {
    if it.is_deleted() { "Terminating" } else { it.text("/status/phase") }
}

fn class(it: View<'_>) -> &str {
    match it.annotation(BETA_CLASS) {
        "" => it.text("/spec/storageClassName"),
        class => class,
    }
}

fn access_modes(modes: &[&str]) -> String {
    let short = [
        ("ReadWriteOnce", "RWO"),
        ("ReadOnlyMany", "ROX"),
        ("ReadWriteMany", "RWX"),
        ("ReadWriteOncePod", "RWOP"),
    ];
    let short = short.iter().filter(|(mode, _)| modes.contains(mode)).map(|(_, short)| *short);
    short.collect::<Vec<_>>().join(",")
}
