//! A pod takes over its runtime class's overhead and where its nodes are.
//!
//! Upstream: plugin/pkg/admission/runtimeclass.

use super::{
    Attributes, Cluster, Plugin, Wanted,
    pod::{amounts, items, list_mut, object_mut, text},
};
use crate::failure::Failure;
use serde_json::Value;

pub(super) const PLUGIN: Plugin = Plugin {
    name: "RuntimeClass",
    by_default: true,
    mutate: Some(|cluster, write| Box::pin(mutate(cluster, write))),
    validate: Some(|cluster, write| Box::pin(validate(cluster, write))),
};

async fn class(cluster: Cluster<'_>, write: &Attributes) -> Result<Value, Failure> {
    let name = text(&write.object["spec"]["runtimeClassName"]);
    if name.is_empty() {
        return Ok(Value::Null);
    }
    let found = cluster.found(Wanted::of_cluster("node.k8s.io", "runtimeclasses", name)).await?;
    found.ok_or_else(|| write.forbidden(format!("pod rejected: RuntimeClass {name:?} not found")))
}

async fn mutate(cluster: Cluster<'_>, write: &mut Attributes) -> Result<(), Failure> {
    if !write.is_whole("", "pods") || !write.creates() {
        return Ok(());
    }
    let class = class(cluster, write).await?;
    take_over(&mut write.object["spec"], &class).map_err(|why| write.forbidden(why))
}

async fn validate(cluster: Cluster<'_>, write: &Attributes) -> Result<(), Failure> {
    if !write.is_whole("", "pods") || !write.creates() {
        return Ok(());
    }
    let class = class(cluster, write).await?;
    let (own, wanted) = (&write.object["spec"]["overhead"], &class["overhead"]["podFixed"]);
    match (own.is_object(), wanted.is_object()) {
        (true, true) if amounts(own) != amounts(wanted) => Err(write.forbidden(MISMATCH)),
        (true, false) => Err(write.forbidden(
            "pod rejected: Pod Overhead set without corresponding RuntimeClass defined Overhead",
        )),
        _ => Ok(()),
    }
}

const MISMATCH: &str = "pod rejected: Pod's Overhead doesn't match RuntimeClass's defined Overhead";

fn take_over(spec: &mut Value, class: &Value) -> Result<(), String> {
    let overhead = &class["overhead"]["podFixed"];
    if overhead.is_object() {
        if spec["overhead"].is_object() && amounts(&spec["overhead"]) != amounts(overhead) {
            return Err(MISMATCH.into());
        }
        spec["overhead"] = overhead.clone();
    }
    let scheduling = &class["scheduling"];
    if let Some(selector) = scheduling["nodeSelector"].as_object() {
        let own = object_mut(spec, "nodeSelector");
        for (key, value) in selector {
            if let Some(there) = own.get(key).filter(|there| *there != value) {
                return Err(format!(
                    "conflict: runtimeClass.scheduling.nodeSelector[{key}] = {}; \
                     pod.spec.nodeSelector[{key}] = {}",
                    text(value),
                    text(there)
                ));
            }
            own.insert(key.clone(), value.clone());
        }
    }
    for toleration in items(&scheduling["tolerations"]) {
        let own = list_mut(spec, "tolerations");
        if !own.contains(toleration) {
            own.push(toleration.clone());
        }
    }
    Ok(())
}

#[cfg(test)]
mod tests {
    use super::*;
    use serde_json::json;

    #[test]
    fn overhead_selector_and_tolerations_are_taken_over() {
        let class = json!({
            "overhead": {"podFixed": {"cpu": "100m"}},
            "scheduling": {"nodeSelector": {"a": "b"}, "tolerations": [{"key": "x"}]},
        });
        let mut spec = json!({"nodeSelector": {"c": "d"}});
        take_over(&mut spec, &class).unwrap();
        let expected = json!({
            "overhead": {"cpu": "100m"}, "nodeSelector": {"a": "b", "c": "d"},
            "tolerations": [{"key": "x"}],
        });
        assert_eq!(spec, expected);
        assert_eq!(
            take_over(&mut json!({"overhead": {"cpu": "1"}}), &class).unwrap_err(),
            MISMATCH
        );
        assert!(take_over(&mut json!({"nodeSelector": {"a": "c"}}), &class).is_err());
    }
}
