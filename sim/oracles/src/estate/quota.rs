//! No namespace holds more than its quota lets it.

use super::{Deeds, EstatePromise, broken, items, line, services::SERVICES};
use crate::{Broken, history::History};
use serde_json::Value;
use std::collections::BTreeMap;

/// At every revision the objects of a namespace are within the hard limits of each of its quotas.
///
/// Limits are not changed while users work, and usage is credited only after the object was seen to
/// be gone.
#[derive(Debug, Default)]
pub struct QuotaHeld;

const QUOTAS: &str = "resourcequotas/";

impl EstatePromise for QuotaHeld {
    const NAME: &'static str = "quota_held";
    const PROMISE: &'static str = "If creating or updating a resource violates a quota constraint, \
        the request fails: aggregate consumption per namespace is limited (resource quotas)";

    fn judge(_: &History, deeds: &Deeds<'_>) -> Result<(), Broken> {
        let mut state = BTreeMap::<&str, &Value>::new();
        for deed in deeds.unbroken() {
            match deed.after() {
                Some(object) => drop(state.insert(&deed.change.key, object)),
                None => drop(state.remove(&*deed.change.key)),
            }
            let (true, Some(namespace)) = (deed.after().is_some(), namespace(&deed.change.key))
            else {
                continue;
            };
            let quotas = state.iter().filter(|(key, _)| {
                key.strip_prefix(QUOTAS).is_some_and(|rest| in_namespace(rest, namespace))
            });
            for (name, quota) in quotas {
                let limits = quota["spec"]["hard"].as_object().into_iter().flatten();
                for (resource, hard) in limits {
                    let used = used(&state, namespace, resource);
                    let hard = hard.as_str().and_then(|text| text.parse().ok());
                    if hard.is_some_and(|hard: usize| used > hard) {
                        let text = format!("{name} has {used} {resource}");
                        return Err(broken(deed.change, text).with(line(quota)));
                    }
                }
            }
        }
        Ok(())
    }
}

/// The namespace of a key that counts.
fn namespace(key: &str) -> Option<&str> {
    let rest = key.strip_prefix(SERVICES).or_else(|| key.strip_prefix("secrets/"))?;
    Some(rest.split_once('/')?.0)
}

fn in_namespace(rest: &str, namespace: &str) -> bool {
    rest.split_once('/').is_some_and(|(own, _)| own == namespace)
}

fn used(state: &BTreeMap<&str, &Value>, namespace: &str, resource: &str) -> usize {
    let of = |prefix: &'static str| {
        let rest =
            move |key: &&str| key.strip_prefix(prefix).is_some_and(|r| in_namespace(r, namespace));
        state.iter().filter(move |(key, _)| rest(key))
    };
    match resource {
        "services" => of(SERVICES).count(),
        "services.nodeports" => of(SERVICES).map(|(_, service)| node_ports(service)).sum(),
        "count/secrets" => of("secrets/").count(),
        _ => 0,
    }
}

fn node_ports(service: &Value) -> usize {
    match service["spec"]["type"].as_str() {
        Some("NodePort" | "LoadBalancer") => items(&service["spec"]["ports"]).count(),
        _ => 0,
    }
}
