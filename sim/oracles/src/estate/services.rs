//! No two services have the same address or the same port.

use super::{Deeds, EstatePromise, broken, items, line};
use crate::{Broken, history::History};
use serde_json::Value;
use std::collections::BTreeMap;

/// At every revision each address of the cluster, and each port of its nodes for a protocol, is one
/// service's.
#[derive(Debug, Default)]
pub struct ServicesUnique;

/// What the keys of services begin with.
pub(super) const SERVICES: &str = "services/specs/";

impl EstatePromise for ServicesUnique {
    const NAME: &'static str = "services_unique";
    const PROMISE: &'static str = "Every Service ClusterIP must be unique across your whole cluster \
        (services networking, ClusterIP allocation)";

    fn judge(_: &History, deeds: &Deeds<'_>) -> Result<(), Broken> {
        let mut holders = BTreeMap::<String, &str>::new();
        let services = |key: &str| key.starts_with(SERVICES);
        for deed in deeds.unbroken().filter(|deed| services(&deed.change.key)) {
            for thing in deed.before.into_iter().flat_map(held) {
                holders.remove(&thing);
            }
            for thing in deed.after().into_iter().flat_map(held) {
                let text = format!("takes {thing}");
                if let Some(other) = holders.insert(thing, &deed.change.key) {
                    let text = format!("{text}, which {other} has");
                    return Err(broken(deed.change, text).with(line(deed.change)));
                }
            }
        }
        Ok(())
    }
}

/// Addresses and ports of a service, as texts.
pub(super) fn held(service: &Value) -> Vec<String> {
    let spec = &service["spec"];
    let addresses = items(&spec["clusterIPs"]).filter_map(Value::as_str);
    let addresses = addresses.filter(|one| !matches!(*one, "" | "None")).map(str::to_owned);
    let number = |port: &Value| port["nodePort"].as_u64().filter(|number| *number > 0);
    let ports = items(&spec["ports"]).filter_map(|port| {
        let protocol = port["protocol"].as_str().unwrap_or("TCP");
        Some(format!("{protocol} {}", number(port)?))
    });
    addresses.chain(ports).collect()
}
