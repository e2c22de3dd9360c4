//! A pod's priority is what its priority class says, and there is one default class at most.
//!
//! Upstream: plugin/pkg/admission/priority.

use super::{Attributes, Cluster, Plugin, Wanted, pod::text};
use crate::{failure::Failure, object};
use serde_json::{Value, json};

pub(super) const PLUGIN: Plugin = Plugin {
    name: "Priority",
    by_default: true,
    mutate: Some(|cluster, write| Box::pin(mutate(cluster, write))),
    validate: Some(|cluster, write| Box::pin(validate(cluster, write))),
};

const GROUP: &str = "scheduling.k8s.io";
/// Of pods without a class where no class is the default.
const POLICY: &str = "PreemptLowerPriority";

async fn mutate(cluster: Cluster<'_>, write: &mut Attributes) -> Result<(), Failure> {
    if !write.is_whole("", "pods") || write.deletes() {
        return Ok(());
    }
    if write.updates() {
        for name in ["priority", "preemptionPolicy"] {
            let old = &write.old["spec"][name];
            if write.object["spec"].get(name).is_none() && !old.is_null() {
                write.object["spec"][name] = old.clone();
            }
        }
        return Ok(());
    }
    let name = text(&write.object["spec"]["priorityClassName"]).to_owned();
    let class = match name.as_str() {
        "" => default_class(cluster).await?.unwrap_or_else(|| json!({})),
        name => match cluster.found(Wanted::of_cluster(GROUP, "priorityclasses", name)).await? {
            Some(class) => class,
            None => {
                return Err(write.forbidden(format!("no PriorityClass with name {name} was found")));
            }
        },
    };
    set(&mut write.object["spec"], &class).map_err(|why| write.forbidden(why))
}

/// Writes into a pod's spec what its class says.
fn set(spec: &mut Value, class: &Value) -> Result<(), String> {
    let priority = class["value"].as_i64().unwrap_or(0);
    if let Some(said) = spec["priority"].as_i64().filter(|said| *said != priority) {
        return Err(format!(
            "the integer value of priority ({said}) must not be provided in pod spec; priority \
             admission controller computed {priority} from the given PriorityClass name"
        ));
    }
    let policy = class["preemptionPolicy"].as_str().unwrap_or(POLICY);
    if let Some(said) = spec["preemptionPolicy"].as_str().filter(|said| *said != policy) {
        return Err(format!(
            "the string value of PreemptionPolicy ({said}) must not be provided in pod spec; \
             priority admission controller computed {policy} from the given PriorityClass name"
        ));
    }
    spec["priority"] = priority.into();
    spec["preemptionPolicy"] = policy.into();
    let name = object::meta(class, "name");
    if !name.is_empty() {
        spec["priorityClassName"] = name.into();
    }
    Ok(())
}

/// The class of pods that name none: of several the lowest, since two servers may each let one in.
async fn default_class(cluster: Cluster<'_>) -> Result<Option<Value>, Failure> {
    let classes = cluster.list(GROUP, "priorityclasses", "").await?;
    let defaults = classes.iter().map(|entry| entry.value());
    let defaults = defaults.filter(|class| class["globalDefault"] == true);
    Ok(defaults.min_by_key(|class| class["value"].as_i64().unwrap_or(0)).cloned())
}

async fn validate(cluster: Cluster<'_>, write: &Attributes) -> Result<(), Failure> {
    if !write.is_whole(GROUP, "priorityclasses")
        || write.deletes()
        || write.object["globalDefault"] != true
    {
        return Ok(());
    }
    let Some(there) = default_class(cluster).await? else { return Ok(()) };
    let other = object::meta(&there, "name");
    if write.creates() || other != write.name {
        return Err(write.forbidden(format!(
            "PriorityClass {other} is already marked as default. Only one default can exist"
        )));
    }
    Ok(())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_pod_gets_what_its_class_says() {
        let class = json!({"metadata": {"name": "high"}, "value": 7, "preemptionPolicy": "Never"});
        let mut spec = json!({});
        set(&mut spec, &class).unwrap();
        let expected =
            json!({"priority": 7, "preemptionPolicy": "Never", "priorityClassName": "high"});
        assert_eq!(spec, expected);
        let mut none = json!({});
        set(&mut none, &json!({})).unwrap();
        assert_eq!(none, json!({"priority": 0, "preemptionPolicy": POLICY}));
        assert_eq!(
            set(&mut json!({"priority": 8}), &class).unwrap_err(),
            "the integer value of priority (8) must not be provided in pod spec; priority \
             admission controller computed 7 from the given PriorityClass name"
        );
    }
}
