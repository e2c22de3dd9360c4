//! What a client is told of an object that is good, and yet not what it seems.
//!
//! Upstream: the `WarningsOn…` methods of strategies, and pkg/api/*/warnings.go.

pub(super) mod batch;
pub(super) mod core_v1;
pub(super) mod networking;
pub(super) mod pods;
pub(super) mod services;

use super::{Generation, of};
use api::{names, resources::Resource};
use serde_json::Value;

/// Of a new object.
pub(crate) fn on_create(resource: &Resource, object: &Value) -> Vec<String> {
    (of(resource).warnings)(object, true)
}

/// Of a changed object. Where generations are counted, who changes but metadata or status is told
/// nothing.
pub(crate) fn on_update(resource: &Resource, new: &Value, present: &Value) -> Vec<String> {
    let strategy = of(resource);
    let same = new["metadata"]["generation"] == present["metadata"]["generation"];
    match strategy.generation != Generation::None && same {
        true => Vec::new(),
        false => (strategy.warnings)(new, false),
    }
}

/// A name that pods are called by should be good for a host.
fn hostname(object: &Value, of: &str) -> Option<String> {
    let name = object["metadata"]["name"].as_str().unwrap_or_default();
    let faults = names::dns_label(name);
    let why = faults.join(" ");
    (!faults.is_empty()).then(|| {
        format!(
            "metadata.name: this is used in {of}, which can result in surprising behavior; a DNS \
             label is recommended: [{why}]"
        )
    })
}

/// What stands in an annotation that does nothing any more.
fn annotated(object: &Value, name: &str) -> bool {
    object["metadata"]["annotations"].get(name).is_some()
}
