//! Keeps the gate as the cluster's objects say, and the objects as every cluster has them.
//!
//! Upstream: apiserver/pkg/util/flowcontrol/apf_controller.go (digestConfigObjects),
//! pkg/registry/flowcontrol/{rest,ensurer}.

use super::{bootstrap, gate::Gate, level::LevelConfig, schema::FlowSchema};
use crate::{
    cache::Entry,
    failure::Failure,
    object,
    registry::{Deletion, Reading, Registry, Target, Writing, metadata},
};
use api::resources::Resource;
use host::{Backoff, event};
use serde_json::{Value, json};
use std::{sync::Arc, time::Duration};

const GROUP: &str = "flowcontrol.apiserver.k8s.io";
const LEVELS: &str = "prioritylevelconfigurations";
const SCHEMAS: &str = "flowschemas";
/// Who writes conditions (ConfigConsumerAsFieldManager).
const MANAGER: &str = "api-priority-and-fairness-config-consumer-v1";
/// Who writes the objects that every cluster has.
const PRODUCER: &str = "api-priority-and-fairness-config-producer-v1";
const RETRY: Backoff = Backoff { first: Duration::from_millis(200), max: Duration::from_secs(10) };
/// Between looks at whether they are all there.
const AGAIN: Duration = Duration::from_secs(60);

/// What was taken over last: each object's revision.
type Seen = (Vec<u64>, Vec<u64>);

/// Follows the objects, for ever.
pub(crate) async fn follow(gate: Arc<Gate>, registry: Arc<Registry>) {
    let (mut failures, mut seen) = (0, Seen::default());
    loop {
        let done = follow_once(&gate, &registry, &mut seen).await;
        let host = &registry.host;
        match done {
            Ok(()) => failures = 0,
            Err(failure) => {
                let why = failure.to_string();
                event!(host, Warn, "cannot follow flow control's objects", why = &why);
                host.sleep(RETRY.delay(failures, host.random.next_u64())).await;
                failures += 1;
            }
        }
    }
}

/// Takes over what there is, tells schemas whether their levels are there, and waits for a change.
async fn follow_once(
    gate: &Gate,
    registry: &Arc<Registry>,
    seen: &mut Seen,
) -> Result<(), Failure> {
    let levels = registry.cached(GROUP, "v1", LEVELS).await?;
    let schemas = registry.cached(GROUP, "v1", SCHEMAS).await?;
    let (mut levels_changed, mut schemas_changed) = (levels.subscribe(), schemas.subscribe());
    let (levels, schemas) = (levels.snapshot("").entries, schemas.snapshot("").entries);
    let revisions = |entries: &[Arc<Entry>]| entries.iter().map(|entry| entry.revision).collect();
    let now = (revisions(&levels), revisions(&schemas));
    if *seen != now || gate.has_leftovers() {
        let read: Vec<_> =
            levels.iter().filter_map(|level| LevelConfig::read(level.value())).collect();
        let known = |name: &str| read.iter().any(|level| &*level.name == name);
        let conditions: Vec<_> = schemas
            .iter()
            .filter_map(|schema| {
                let level = schema.value()["spec"]["priorityLevelConfiguration"]["name"].as_str();
                dangling(
                    schema.value(),
                    level.unwrap_or_default(),
                    known(level.unwrap_or_default()),
                )
            })
            .collect();
        let read_schemas = schemas.iter().filter_map(|schema| FlowSchema::read(schema.value()));
        gate.configure(read.clone(), read_schemas.collect());
        for (name, condition) in conditions {
            tell(registry, &name, condition).await?;
        }
        *seen = now;
    }
    // Either channel ends with its cache, which lives as long as the registry.
    host::select!(registry.host, {
        _ = levels_changed.changed() => {},
        _ = schemas_changed.changed() => {},
        () = gate.left() => {},
    });
    Ok(())
}

/// The name of a schema and the condition that it is to have, where it has another.
fn dangling(schema: &Value, level: &str, known: bool) -> Option<(String, Value)> {
    let (status, reason, and) = match known {
        true => ("False", "Found", "and it exists"),
        false => ("True", "NotFound", "but there is no such object"),
    };
    let message = format!(
        "This FlowSchema references the PriorityLevelConfiguration object named {level:?} {and}"
    );
    let mut conditions = schema["status"]["conditions"].as_array().into_iter().flatten();
    let present = conditions.find(|one| one["type"] == "Dangling");
    let same = present.is_some_and(|one| {
        one["status"] == status && one["reason"] == reason && one["message"] == *message
    });
    let condition =
        json!({"type": "Dangling", "status": status, "reason": reason, "message": message});
    (!same).then(|| (object::meta(schema, "name").to_owned(), condition))
}

/// Writes a schema's condition. One that is gone needs none.
async fn tell(registry: &Registry, name: &str, mut condition: Value) -> Result<(), Failure> {
    condition["lastTransitionTime"] = metadata::time(registry.host.clock.wall()).into();
    let resource = resource(registry, SCHEMAS)?;
    let subresource = "status".to_owned();
    let target = Target { resource, namespace: String::new(), name: name.to_owned(), subresource };
    let how = Writing { manager: MANAGER.into(), ..Writing::own() };
    let decide = |present: &Value| {
        let mut new = present.clone();
        let conditions = new["status"]["conditions"].as_array().cloned().unwrap_or_default();
        let mut all: Vec<Value> =
            conditions.into_iter().filter(|one| one["type"] != "Dangling").collect();
        all.push(condition.clone());
        new["status"]["conditions"] = all.into();
        Ok(new)
    };
    match registry.modify(&target, &how, decide).await {
        // Another server says the same, or it will be seen again.
        Err(failure) if !matches!(failure.reason, "NotFound" | "Conflict") => Err(failure),
        _ => Ok(()),
    }
}

fn resource(registry: &Registry, plural: &str) -> Result<Arc<Resource>, Failure> {
    registry.resource(GROUP, "v1", plural).ok_or_else(Failure::no_such_resource)
}

/// Makes the objects that every cluster has, and looks again from time to time.
pub(crate) async fn produce(registry: Arc<Registry>) {
    let mut failures = 0;
    loop {
        let host = &registry.host;
        let wait = match ensure(&registry).await {
            Ok(()) => {
                failures = 0;
                registry.flows_made();
                AGAIN
            }
            Err(failure) => {
                let why = failure.to_string();
                event!(host, Warn, "cannot make flow control's objects", why = &why);
                failures += 1;
                RETRY.delay(failures - 1, host.random.next_u64())
            }
        };
        host.sleep(wait).await;
    }
}

/// Levels before the schemas that name them; what is no longer ours goes the other way round.
async fn ensure(registry: &Registry) -> Result<(), Failure> {
    let (levels, schemas) = bootstrap::all();
    for (plural, wanted) in [(LEVELS, &levels), (SCHEMAS, &schemas)] {
        let resource = resource(registry, plural)?;
        let found = listed(registry, &resource).await?;
        for object in wanted {
            let name = object::meta(object, "name");
            let present = found.iter().find(|one| object::meta(one, "name") == name);
            let target = target(&resource, name);
            let how = Writing { manager: PRODUCER.into(), ..Writing::own() };
            let done = match present {
                None => registry.create(&target, object.clone(), &how).await.map(drop),
                Some(present) => match bootstrap::updated(present, object) {
                    Some(new) => registry.update(&target, new, &how).await.map(drop),
                    None => Ok(()),
                },
            };
            settled(done)?;
        }
    }
    for (plural, wanted) in [(SCHEMAS, &schemas), (LEVELS, &levels)] {
        let resource = resource(registry, plural)?;
        for gone in listed(registry, &resource).await? {
            if bootstrap::is_leftover(&gone, wanted) {
                let target = target(&resource, object::meta(&gone, "name"));
                let how = Writing { manager: PRODUCER.into(), ..Writing::own() };
                settled(registry.delete(&target, &Deletion::default(), &how).await.map(drop))?;
            }
        }
    }
    Ok(())
}

/// Another server was first: what it did is as good.
fn settled(done: Result<(), Failure>) -> Result<(), Failure> {
    match done {
        Err(failure) if matches!(failure.reason, "AlreadyExists" | "Conflict" | "NotFound") => {
            Ok(())
        }
        done => done,
    }
}

async fn listed(registry: &Registry, resource: &Arc<Resource>) -> Result<Vec<Value>, Failure> {
    let listed = registry.list(resource, "", &Reading::default()).await?;
    let value = |entry: &Arc<Entry>| {
        let mut value = entry.value().clone();
        value["metadata"]["resourceVersion"] = entry.revision.to_string().into();
        value
    };
    Ok(listed.entries.iter().map(value).collect())
}

fn target(resource: &Arc<Resource>, name: &str) -> Target {
    Target {
        resource: resource.clone(),
        namespace: String::new(),
        name: name.to_owned(),
        subresource: String::new(),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_schema_is_told_once_whether_its_level_is_there() {
        let mut schema = json!({"metadata": {"name": "a"}, "status": {}});
        let (name, condition) = dangling(&schema, "l", false).unwrap();
        assert_eq!((name.as_str(), &condition["status"]), ("a", &json!("True")));
        let told = "This FlowSchema references the PriorityLevelConfiguration object named \"l\" \
                    but there is no such object";
        assert_eq!(condition["message"], told);
        schema["status"]["conditions"] = json!([condition]);
        assert_eq!(dangling(&schema, "l", false), None);
        assert_eq!(dangling(&schema, "l", true).unwrap().1["reason"], "Found");
    }
}
