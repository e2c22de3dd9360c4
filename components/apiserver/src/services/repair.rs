//! Finds what services lost: addresses and ports that no service has, and services whose address or
//! port nobody keeps for them.
//!
//! Upstream: pkg/registry/core/service/{ipallocator,portallocator}/controller.

use super::{
    Services,
    addresses::{Addresses, NoAddress},
    families::list,
    ports::{self, Ports},
};
use crate::{
    failure::Failure,
    object,
    registry::{Deletion, Registry},
};
use host::{Instant, event};
use serde_json::Value;
use std::{
    collections::{BTreeMap, BTreeSet},
    net::IpAddr,
    sync::Arc,
    time::Duration,
};

/// An address that was first seen without its service since may belong to one that is being written.
/// Upstream asks how old the object is by its own clock, which may be ahead of the one that wrote it.
const GRACE: Duration = Duration::from_secs(60);
/// A port that no service had so many times in a row is free.
const LOOKS: u32 = 3;

/// Looks again and again.
pub(crate) async fn run(registry: Arc<Registry>) {
    let Some(services) = registry.services.clone() else { return };
    let mut orphans = Orphans::default();
    loop {
        if let Err(failure) = look(&registry, &services, &mut orphans).await {
            let why = failure.to_string();
            event!(registry.host, Warn, "cannot repair what services have", why = &why);
        }
        registry.host.sleep(services.repair_interval).await;
    }
}

/// What no service had when it was looked for.
#[derive(Debug, Default)]
struct Orphans {
    /// Addresses' objects by their uids, and since when.
    addresses: BTreeMap<String, Instant>,
    /// Ports, and how often in a row.
    ports: BTreeMap<u16, u32>,
}

async fn look(
    registry: &Registry,
    services: &Services,
    orphans: &mut Orphans,
) -> Result<(), Failure> {
    let addresses = Addresses::new(registry)?;
    // Addresses first: one that is listed and taken before the services are read has its service.
    let kept = addresses.managed().await?;
    let all = all_services(registry).await?;
    let mut wanted: BTreeMap<IpAddr, (&str, &str)> = BTreeMap::new();
    for service in &all {
        let name = (object::meta(service, "namespace"), object::meta(service, "name"));
        let own = list(service, "clusterIPs");
        wanted.extend(own.iter().filter_map(|one| Some((one.parse().ok()?, name))));
    }
    // X25: nothing is given back, and nobody finds it.
    if !registry.host.defects.has("X25") {
        let now = registry.host.now();
        for address in overdue(&kept, &wanted, &mut orphans.addresses, now) {
            let mut options = Deletion::default();
            options.insist_on_revision(object::meta(address, "resourceVersion"));
            addresses.remove(object::meta(address, "name"), &options).await?;
        }
    }
    let names: BTreeSet<&str> = kept.iter().map(|one| object::meta(one, "name")).collect();
    for (address, name) in wanted {
        if !names.contains(address.to_string().as_str())
            && let Err(NoAddress::Failed(failure)) = addresses.create(address, name).await
        {
            return Err(failure);
        }
    }
    look_at_ports(registry, services, &all, &mut orphans.ports).await
}

async fn all_services(registry: &Registry) -> Result<Vec<Value>, Failure> {
    let resource = registry.resource("", "v1", "services");
    let resource = resource.ok_or_else(|| Failure::internal("there is no resource of services"))?;
    let listed = registry.list(&resource, "", &Default::default()).await?;
    Ok(listed.entries.iter().map(|entry| entry.value().clone()).collect())
}

/// Addresses that no service had for long enough; notes which are without one now, and since when.
fn overdue<'a>(
    kept: &'a [Value],
    wanted: &BTreeMap<IpAddr, (&str, &str)>,
    since: &mut BTreeMap<String, Instant>,
    now: Instant,
) -> Vec<&'a Value> {
    let orphans: Vec<&Value> = kept.iter().filter(|one| is_orphan(one, wanted)).collect();
    let uid = |one: &&Value| object::meta(one, "uid").to_owned();
    let seen = orphans.iter().map(|one| (uid(one), since.get(&uid(one)).copied().unwrap_or(now)));
    *since = seen.collect();
    orphans.into_iter().filter(|one| now.since(since[&uid(one)]) > GRACE).collect()
}

/// The service that an address names does not have it.
fn is_orphan(address: &Value, wanted: &BTreeMap<IpAddr, (&str, &str)>) -> bool {
    let parent = &address["spec"]["parentRef"];
    let parent = (
        parent["namespace"].as_str().unwrap_or_default(),
        parent["name"].as_str().unwrap_or_default(),
    );
    let name = object::meta(address, "name").parse::<IpAddr>().ok();
    name.and_then(|name| wanted.get(&name)).is_none_or(|owner| *owner != parent)
}

async fn look_at_ports(
    registry: &Registry,
    services: &Services,
    all: &[Value],
    orphans: &mut BTreeMap<u16, u32>,
) -> Result<(), Failure> {
    let wanted: BTreeSet<u16> = all.iter().flat_map(ports::of).collect();
    let before = orphans.clone();
    let change = |map: &mut Ports| Ok(repaired(map, &wanted, &before));
    *orphans = registry.change_ports(services, false, change).await?;
    Ok(())
}

/// Takes what services have, frees what none had long enough; returns how often each was seen
/// without a service.
fn repaired(
    map: &mut Ports,
    wanted: &BTreeSet<u16>,
    orphans: &BTreeMap<u16, u32>,
) -> BTreeMap<u16, u32> {
    for port in wanted.iter().filter(|port| map.offers(**port)).copied().collect::<Vec<_>>() {
        if !map.has(port) {
            // It is offered and free.
            let _ = map.take(port);
        }
    }
    let mut seen = BTreeMap::new();
    for port in map.all().filter(|port| !wanted.contains(port)).collect::<Vec<_>>() {
        match orphans.get(&port).copied().unwrap_or(0) + 1 {
            times if times >= LOOKS => map.give_back(port),
            times => drop(seen.insert(port, times)),
        }
    }
    seen
}

#[cfg(test)]
mod tests {
    use super::*;
    use serde_json::json;

    #[test]
    fn an_address_without_a_service_is_overdue_by_our_own_clock() {
        let address = |uid: &str, name: &str| {
            let parent = json!({"namespace": "n", "name": "s"});
            json!({"metadata": {"uid": uid, "name": name}, "spec": {"parentRef": parent}})
        };
        let kept = [address("a", "10.0.0.1"), address("b", "10.0.0.2")];
        let wanted = BTreeMap::from([("10.0.0.2".parse().unwrap(), ("n", "s"))]);
        let (mut since, at) = (BTreeMap::new(), |seconds: u64| Instant(seconds * 1_000_000_000));
        assert!(overdue(&kept, &wanted, &mut since, at(5)).is_empty());
        assert!(overdue(&kept, &wanted, &mut since, at(65)).is_empty());
        assert_eq!(overdue(&kept, &wanted, &mut since, at(66)), [&kept[0]]);
        // Its service came back, and went again.
        let both = BTreeMap::from([("10.0.0.1".parse().unwrap(), ("n", "s"))]);
        assert!(overdue(&kept[..1], &both, &mut since, at(67)).is_empty());
        assert!(overdue(&kept[..1], &wanted, &mut since, at(68)).is_empty());
    }

    #[test]
    fn a_port_without_a_service_is_freed_after_some_looks() {
        let mut map = Ports::new((30_000, 32_767));
        map.take(30_001).unwrap();
        let wanted = BTreeSet::from([30_002]);
        let mut orphans = BTreeMap::new();
        for _ in 1..LOOKS {
            orphans = repaired(&mut map, &wanted, &orphans);
            assert!(map.has(30_001) && map.has(30_002));
        }
        orphans = repaired(&mut map, &wanted, &orphans);
        assert!(!map.has(30_001) && map.has(30_002) && orphans.is_empty());
    }
}
