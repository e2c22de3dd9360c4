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
use api::time::Moment;
use host::event;
use serde_json::Value;
use std::{
    collections::{BTreeMap, BTreeSet},
    net::IpAddr,
    sync::Arc,
};

/// An address' object that is younger may belong to a service that is being written.
const GRACE_SECONDS: i64 = 60;
/// A port that no service had so many times in a row is free.
const LOOKS: u32 = 3;

/// Looks again and again.
pub(crate) async fn run(registry: Arc<Registry>) {
    let Some(services) = registry.services.clone() else { return };
    let mut orphans = BTreeMap::new();
    loop {
        if let Err(failure) = look(&registry, &services, &mut orphans).await {
            let why = failure.to_string();
            event!(registry.host, Warn, "cannot repair what services have", why = &why);
        }
        registry.host.sleep(services.repair_interval).await;
    }
}

async fn look(
    registry: &Registry,
    services: &Services,
    orphans: &mut BTreeMap<u16, u32>,
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
    for address in kept.iter().filter(|one| is_orphan(one, &wanted, registry)) {
        let mut options = Deletion::default();
        options.insist_on_revision(object::meta(address, "resourceVersion"));
        addresses.remove(object::meta(address, "name"), &options).await?;
    }
    let names: BTreeSet<&str> = kept.iter().map(|one| object::meta(one, "name")).collect();
    for (address, name) in wanted {
        if !names.contains(address.to_string().as_str())
            && let Err(NoAddress::Failed(failure)) = addresses.create(address, name).await
        {
            return Err(failure);
        }
    }
    look_at_ports(registry, services, &all, orphans).await
}

async fn all_services(registry: &Registry) -> Result<Vec<Value>, Failure> {
    let resource = registry.resource("", "v1", "services");
    let resource = resource.ok_or_else(|| Failure::internal("there is no resource of services"))?;
    let listed = registry.list(&resource, "", &Default::default()).await?;
    Ok(listed.entries.iter().map(|entry| entry.value().clone()).collect())
}

/// The service that an address names does not have it, and had time to.
fn is_orphan(
    address: &Value,
    wanted: &BTreeMap<IpAddr, (&str, &str)>,
    registry: &Registry,
) -> bool {
    let parent = &address["spec"]["parentRef"];
    let parent = (
        parent["namespace"].as_str().unwrap_or_default(),
        parent["name"].as_str().unwrap_or_default(),
    );
    let name = object::meta(address, "name").parse::<IpAddr>().ok();
    let has = name.and_then(|name| wanted.get(&name)).is_some_and(|owner| *owner == parent);
    let now = i64::try_from(registry.host.clock.wall().seconds()).unwrap_or(i64::MAX);
    let born = Moment::parse(object::meta(address, "creationTimestamp"));
    !has && born.is_ok_and(|born| now - born.seconds > GRACE_SECONDS)
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
