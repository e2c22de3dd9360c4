//! `APIService`s of this server's own groups: those that are built in are looked after at the start
//! alone, those of definitions for as long as they are there.
//!
//! Upstream: kube-aggregator/pkg/controllers/autoregister and
//! pkg/controlplane/controller/crdregistration.

use super::{Aggregator, GROUP, PLURAL, RETRY, priorities};
use crate::{
    failure::Failure,
    object,
    registry::{Deletion, Target, Writing},
};
use api::definition;
use host::event;
use serde_json::{Value, json};
use std::{
    collections::{BTreeMap, BTreeSet},
    sync::{Arc, atomic::Ordering},
};

/// The label that says who looks after an `APIService`.
const MANAGED: &str = "kube-aggregator.kubernetes.io/automanaged";
/// At the start alone.
const ON_START: &str = "onstart";
/// As long as it is there.
const ALWAYS: &str = "true";

/// What this server remembers of its `APIService`s.
#[derive(Debug, Default)]
struct Memory {
    /// There when this server began to look.
    at_start: BTreeSet<String>,
    /// Brought into order once.
    done: BTreeSet<String>,
}

/// What is to be done about one.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
enum Act {
    Nothing,
    Create,
    Update,
    Delete,
}

impl Memory {
    /// What is wanted, compared with what is there (checkAPIService).
    fn act(&self, name: &str, wanted: Option<&Value>, present: Option<&Value>) -> Act {
        let done = self.done.contains(name);
        let managed = |service: Option<&Value>| service.map_or("", manager).to_owned();
        let Some(present) = present else {
            let again = managed(wanted) == ON_START && done;
            return if wanted.is_none() || again { Act::Nothing } else { Act::Create };
        };
        let by = manager(present);
        let settled = by == ON_START && (done || !self.at_start.contains(name));
        if (managed(wanted) == ON_START && done) || ![ON_START, ALWAYS].contains(&by) || settled {
            return Act::Nothing;
        }
        match wanted {
            None => Act::Delete,
            Some(wanted) if wanted["spec"] == present["spec"] => Act::Nothing,
            Some(_) => Act::Update,
        }
    }
}

fn manager(service: &Value) -> &str {
    service["metadata"]["labels"][MANAGED].as_str().unwrap_or_default()
}

/// Keeps them in order, for as long as the server runs.
pub(super) async fn run(aggregator: Arc<Aggregator>) {
    let (host, registry) = (&aggregator.registry.host, &aggregator.registry);
    let cache = aggregator.cache().await;
    let definitions = loop {
        match registry.cached(definition::GROUP, "v1", definition::PLURAL).await {
            Ok(definitions) => break definitions,
            Err(_) => host.sleep(RETRY).await,
        }
    };
    let present = cache.snapshot("").entries;
    let names = present.iter().map(|entry| object::meta(entry.value(), "name").to_owned());
    let mut memory = Memory { at_start: names.collect(), ..Memory::default() };
    let (mut changed, mut defined) = (cache.subscribe(), definitions.subscribe());
    loop {
        changed.mark_unchanged();
        defined.mark_unchanged();
        let definitions = definitions.snapshot("").entries;
        let mut wanted = built_in(&aggregator);
        wanted.extend(definitions.iter().flat_map(|entry| of_definition(entry.value())));
        let present = cache.snapshot("").entries;
        let failed = settle(&aggregator, &mut memory, &wanted, &present).await;
        if !failed {
            aggregator.registered.store(true, Ordering::Relaxed);
        }
        let woken = async {
            host::select!(host, {
                woken = changed.changed() => woken.is_ok(),
                woken = defined.changed() => woken.is_ok(),
            })
        };
        let goes_on = match failed {
            false => woken.await,
            true => host.timeout(RETRY, Box::pin(woken)).await.unwrap_or(true),
        };
        if !goes_on {
            return;
        }
    }
}

/// Does what is to be done; whether something of it failed.
async fn settle(
    aggregator: &Aggregator,
    memory: &mut Memory,
    wanted: &BTreeMap<String, Value>,
    present: &[Arc<crate::cache::Entry>],
) -> bool {
    let present: BTreeMap<&str, &Value> =
        present.iter().map(|entry| (object::meta(entry.value(), "name"), entry.value())).collect();
    let names: BTreeSet<&str> =
        wanted.keys().map(String::as_str).chain(present.keys().copied()).collect();
    let mut failed = false;
    for name in names {
        let (wanted, present) = (wanted.get(name), present.get(name).copied());
        let act = memory.act(name, wanted, present);
        let done = perform(aggregator, name, act, wanted.unwrap_or(&Value::Null)).await;
        match done {
            Ok(()) => drop(memory.done.insert(name.to_owned())),
            Err(failure) => {
                let (host, why) = (&aggregator.registry.host, failure.to_string());
                event!(host, Warn, "an APIService is not in order", name = name, why = &why);
                failed = true;
            }
        }
    }
    failed
}

/// Another server may have done the same: that is no failure.
async fn perform(
    aggregator: &Aggregator,
    name: &str,
    act: Act,
    wanted: &Value,
) -> Result<(), Failure> {
    let registry = &aggregator.registry;
    let resource = registry.resource(GROUP, "v1", PLURAL).ok_or_else(Failure::no_such_resource)?;
    let target = Target {
        resource,
        namespace: String::new(),
        name: name.to_owned(),
        subresource: String::new(),
    };
    let how = Writing::own();
    let done = match act {
        Act::Nothing => return Ok(()),
        Act::Create => {
            let collection = Target { name: String::new(), ..target };
            registry.create(&collection, wanted.clone(), &how).await
        }
        Act::Update => {
            let decide = |present: &Value| {
                let mut new = present.clone();
                new["spec"] = wanted["spec"].clone();
                Ok(new)
            };
            registry.modify(&target, &how, decide).await
        }
        Act::Delete => registry.delete(&target, &Deletion::default(), &how).await,
    };
    match done {
        Err(failure) if !matches!(failure.reason, "AlreadyExists" | "NotFound" | "Conflict") => {
            Err(failure)
        }
        _ => Ok(()),
    }
}

fn built_in(aggregator: &Aggregator) -> BTreeMap<String, Value> {
    let table = aggregator.registry.table();
    let services = table.built_in_rows().iter().filter_map(|row| {
        let (group, version) = (&row.kind.group, &row.kind.version);
        Some(service(group, version, priorities::own(group, version)?, ON_START))
    });
    services.collect()
}

/// Of all versions that a definition serves.
fn of_definition(definition: &Value) -> Vec<(String, Value)> {
    let group = definition["spec"]["group"].as_str().unwrap_or_default();
    let versions = definition["spec"]["versions"].as_array().into_iter().flatten();
    let served = versions.filter(|version| version["served"] == true);
    let names = served.filter_map(|version| version["name"].as_str());
    names.map(|version| service(group, version, priorities::CUSTOM, ALWAYS)).collect()
}

fn service(
    group: &str,
    version: &str,
    priority: priorities::Priority,
    managed: &str,
) -> (String, Value) {
    let name = format!("{version}.{group}");
    let mut service = json!({
        "kind": "APIService", "apiVersion": format!("{GROUP}/v1"),
        "metadata": {"name": name, "labels": {MANAGED: managed}},
        "spec": {
            "version": version,
            "groupPriorityMinimum": priority.group,
            "versionPriority": priority.version,
        },
    });
    if !group.is_empty() {
        service["spec"]["group"] = group.into();
    }
    (name, service)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn who_looks_after_a_service_decides_what_is_done_and_how_often() {
        let named = |by: &str, priority: i64| json!({"metadata": {"labels": {MANAGED: by}}, "spec": {"versionPriority": priority}});
        let (start, always, other) = (named(ON_START, 1), named(ALWAYS, 1), named("", 1));
        let moved = |service: &Value| {
            let mut moved = service.clone();
            moved["spec"]["versionPriority"] = 2.into();
            moved
        };
        let mut memory = Memory::default();
        memory.at_start.insert("old".into());
        memory.done.insert("done".into());
        for (name, wanted, present, expected) in [
            ("new", None, None, Act::Nothing),
            ("new", Some(&start), None, Act::Create),
            ("done", Some(&start), None, Act::Nothing),
            ("done", Some(&always), None, Act::Create),
            ("old", Some(&start), Some(&moved(&other)), Act::Nothing),
            ("new", None, Some(&start), Act::Nothing),
            ("old", None, Some(&start), Act::Delete),
            ("old", Some(&start), Some(&moved(&start)), Act::Update),
            ("new", None, Some(&always), Act::Delete),
            ("new", Some(&always), Some(&moved(&always)), Act::Update),
            ("new", Some(&always), Some(&always), Act::Nothing),
            ("done", Some(&start), Some(&moved(&always)), Act::Nothing),
        ] {
            let act = memory.act(name, wanted, present);
            assert_eq!(act, expected, "{name} {wanted:?} {present:?}");
        }
    }

    #[test]
    fn definitions_have_a_service_for_each_version_that_is_served() {
        let definition = json!({"spec": {"group": "example.com", "versions": [
            {"name": "v1", "served": true}, {"name": "v2", "served": false},
        ]}});
        let services = of_definition(&definition);
        assert_eq!(services.len(), 1);
        let (name, service) = &services[0];
        assert_eq!((name.as_str(), manager(service)), ("v1.example.com", ALWAYS));
        assert_eq!(service["spec"]["groupPriorityMinimum"], 1000);
    }
}
