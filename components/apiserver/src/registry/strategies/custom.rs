//! Custom resources: all alike, but for whether their status is a part of its own.
//!
//! Upstream: apiextensions-apiserver's pkg/registry/customresource (strategy.go, status_strategy.go).

use super::{Generation, Strategy};
use crate::registry::custom::only_status;
use api::{names, resources::Resource};
use serde_json::Value;

const WITH_STATUS: Strategy = Strategy {
    generation: Generation::Wanted,
    status: |new, present, _| only_status(new, present),
    warnings: finalizers,
    needs_revision: true,
    ..Strategy::PLAIN
};

const WITHOUT: Strategy = Strategy { generation: Generation::WantedOrStatus, ..WITH_STATUS };

/// A custom resource's strategy.
pub(super) fn of(resource: &Resource) -> &'static Strategy {
    match resource.subresource("status") {
        Some(_) => &WITH_STATUS,
        None => &WITHOUT,
    }
}

/// Finalizers that all kinds share.
const SHARED: [&str; 3] = ["foregroundDeletion", "kubernetes", "orphan"];

/// A new object's finalizers may have any name, and yet some are better than others.
fn finalizers(object: &Value, new: bool) -> Vec<String> {
    let list = object["metadata"]["finalizers"].as_array().filter(|_| new).into_iter().flatten();
    let mut all = Vec::new();
    for name in list.filter_map(Value::as_str) {
        let told = |why: &str| format!("metadata.finalizers: {name:?}: {why}");
        all.extend(names::qualified_name(name).iter().map(|why| told(why)));
        if !name.contains('/') && !SHARED.contains(&name) {
            all.push(told(
                "prefer a domain-qualified finalizer name including a path (/) to avoid accidental \
                 conflicts with other finalizer writers",
            ));
        }
    }
    all
}

#[cfg(test)]
mod tests {
    use super::*;
    use serde_json::json;

    #[test]
    fn names_without_a_path_are_warned_of() {
        let cases = [("a.example/x", 0), ("orphan", 0), ("a.example", 1), ("-", 2)];
        for (name, count) in cases {
            let object = json!({"metadata": {"finalizers": [name]}});
            assert_eq!(finalizers(&object, true).len(), count, "{name}");
            assert_eq!(finalizers(&object, false), Vec::<String>::new());
        }
    }
}
