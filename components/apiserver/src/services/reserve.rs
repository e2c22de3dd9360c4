//! What a service is given before it is written, and what becomes of it if the write fails.
//!
//! Upstream: pkg/registry/core/service/storage/{alloc,transaction}.go.

use super::{
    Services,
    addresses::{Addresses, NoAddress},
    carry_over,
    cidr::{Cidr, Family},
    families::{self, invalid, is_headless, list, text},
    ports::{self, NoPorts, Ports},
    ranges,
};
use crate::{
    failure::Failure,
    object,
    registry::{Registry, Target, place},
    storage::{Refused, Storage},
};
use host::event;
use serde_json::{Value, json};
use std::{collections::BTreeSet, net::IpAddr};

/// The map of ports, below the storage's prefix.
const PORTS_KEY: &str = "ranges/servicenodeports";
/// Attempts to change the map, which all servers change.
const ATTEMPTS_MAX: u32 = 20;

/// What a write took, and what the object had before.
#[derive(Debug, Default)]
pub(crate) struct Reserved {
    taken: Held,
    had: Held,
}

/// What became of a write.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub(crate) enum Outcome {
    Written,
    NotWritten,
    /// The storage may have done it, and could not say so.
    Unknown,
}

impl Outcome {
    pub(crate) fn of(written: bool) -> Self {
        if written { Self::Written } else { Self::NotWritten }
    }

    /// What a refusal of ours says of the write, or a failure of the storage.
    pub(crate) fn after(failure: &Failure) -> Self {
        if failure.code.is_client_error() { Self::NotWritten } else { Self::Unknown }
    }
}

/// Addresses and ports.
#[derive(Debug, Default)]
struct Held {
    addresses: Vec<IpAddr>,
    ports: BTreeSet<u16>,
}

impl Held {
    fn of(service: &Value) -> Self {
        let addresses = list(service, "clusterIPs");
        let addresses = addresses.iter().filter_map(|one| one.parse().ok()).collect();
        Self { addresses, ports: ports::of(service) }
    }
}

impl Registry {
    /// Gives a service that is about to be written what it needs. Nothing happens to other objects,
    /// nor where services get nothing.
    ///
    /// # Errors
    /// It asks for what it cannot have, or nothing is left.
    pub(crate) async fn reserve(
        &self,
        target: &Target,
        new: &mut Value,
        old: Option<&Value>,
        dry_run: bool,
    ) -> Result<Reserved, Failure> {
        let Some(services) = self.services(target) else { return Ok(Reserved::default()) };
        carry_over(new, old);
        let name = object::meta(new, "name").to_owned();
        let of = place::kind_named(&target.resource, &name);
        families::settle(new, old, &services.families())
            .map_err(|causes| Failure::invalid(of, &causes))?;
        let had = old.map(Held::of).unwrap_or_default();
        let mut taken = Held::default();
        let given = self.give(services, target, new, &had, &mut taken, dry_run).await;
        // A dry run has taken nothing.
        match (given, dry_run) {
            (Ok(()), false) => Ok(Reserved { taken, had }),
            (Err(why), false) => {
                self.give_back(&taken).await;
                Err(why)
            }
            (given, true) => given.map(|()| Reserved::default()),
        }
    }

    /// After the write of `new`: what it took is given back if it certainly failed; if it
    /// succeeded, what the object had and has no more. Of a write of which nothing is known,
    /// [`super::repair`] finds out later.
    pub(crate) async fn settle(&self, reserved: Reserved, new: &Value, outcome: Outcome) {
        match outcome {
            Outcome::Written => {
                let (had, has) = (reserved.had, Held::of(new));
                let gone = |one: &IpAddr| !has.addresses.contains(one);
                let addresses = had.addresses.into_iter().filter(gone).collect();
                self.give_back(&Held { addresses, ports: &had.ports - &has.ports }).await;
            }
            Outcome::NotWritten => self.give_back(&reserved.taken).await,
            Outcome::Unknown => {}
        }
    }

    /// A service is gone: what it had is free.
    pub(crate) async fn free(&self, target: &Target, service: &Value) {
        if self.services(target).is_some() {
            self.give_back(&Held::of(service)).await;
        }
    }

    /// What services get, where the target is one.
    fn services(&self, target: &Target) -> Option<&Services> {
        let is = target.resource.kind.group.is_empty() && target.resource.plural == "services";
        self.services.as_ref().filter(|_| is && target.subresource.is_empty())
    }

    async fn give(
        &self,
        services: &Services,
        target: &Target,
        new: &mut Value,
        had: &Held,
        taken: &mut Held,
        dry_run: bool,
    ) -> Result<(), Failure> {
        let wants = text(new, "type") != "ExternalName" && !is_headless(new);
        if wants && list(new, "clusterIPs").first().is_none_or(|one| one != "None") {
            self.give_addresses(services, target, new, had, taken, dry_run).await?;
        }
        self.give_ports(services, target, new, had, taken, dry_run).await
    }

    async fn give_addresses(
        &self,
        services: &Services,
        target: &Target,
        new: &mut Value,
        had: &Held,
        taken: &mut Held,
        dry_run: bool,
    ) -> Result<(), Failure> {
        let ranges = ranges::all(self, services).await?;
        let mut addresses = list(new, "clusterIPs");
        let name = object::meta(new, "name").to_owned();
        for (at, family) in list(new, "ipFamilies").iter().enumerate() {
            let Some(family) = Family::named(family) else { continue };
            let wanted = addresses.get(at).filter(|one| !one.is_empty()).cloned();
            let wanted = match wanted.map(|text| text.parse::<IpAddr>()) {
                Some(Ok(own)) if had.addresses.contains(&own) => continue,
                // What is no address is refused by validation.
                Some(Err(_)) => continue,
                Some(Ok(own)) => Some(own),
                None => None,
            };
            let service = (target.namespace.as_str(), name.as_str());
            let got = self.give_address(&ranges, family, wanted, service, dry_run).await;
            let got = got.map_err(|why| no_address(target, new, wanted, why))?;
            taken.addresses.push(got);
            addresses.resize(addresses.len().max(at + 1), String::new());
            addresses[at] = got.to_string();
        }
        if let Some(first) = addresses.first() {
            new["spec"]["clusterIP"] = first.as_str().into();
            new["spec"]["clusterIPs"] = json!(addresses);
        }
        Ok(())
    }

    async fn give_address(
        &self,
        ranges: &[Cidr],
        family: Family,
        wanted: Option<IpAddr>,
        service: (&str, &str),
        dry_run: bool,
    ) -> Result<IpAddr, NoAddress> {
        let addresses = Addresses::new(self)?;
        match wanted {
            Some(wanted) => addresses.take(ranges, wanted, service, dry_run).await,
            None => addresses.take_any(ranges, family, service, dry_run).await,
        }
    }

    async fn give_ports(
        &self,
        services: &Services,
        target: &Target,
        new: &mut Value,
        had: &Held,
        taken: &mut Held,
        dry_run: bool,
    ) -> Result<(), Failure> {
        let before = new.clone();
        let give = |map: &mut Ports| {
            let mut service = before.clone();
            let random = &self.host.random;
            let got = ports::give(map, &mut service, &had.ports, || random.next_u64());
            got.map(|got| (service, got)).map_err(|why| match why {
                NoPorts::Invalid(cause) => {
                    let name = object::meta(&before, "name");
                    Failure::invalid(place::kind_named(&target.resource, name), &[cause])
                }
                NoPorts::Full(why) => Failure::internal(why),
            })
        };
        let (service, got) = self.change_ports(services, dry_run, give).await?;
        *new = service;
        taken.ports = got;
        Ok(())
    }

    /// Changes the map of ports; `change` may be asked again.
    pub(super) async fn change_ports<T>(
        &self,
        services: &Services,
        dry_run: bool,
        change: impl Fn(&mut Ports) -> Result<T, Failure>,
    ) -> Result<T, Failure> {
        let (key, storage) = (self.storage().key(PORTS_KEY), self.storage());
        for _ in 0..ATTEMPTS_MAX {
            let (map, revision) = stored_ports(storage, &key, services).await?;
            let mut new = map.clone();
            let done = change(&mut new)?;
            if dry_run || new == map {
                return Ok(done);
            }
            match storage.put_if(&key, revision, object::encode(&new.encode()), 0).await {
                Ok(_) => return Ok(done),
                Err(Refused::Changed(_)) => {}
                Err(Refused::Failed(failure)) => return Err(failure),
            }
        }
        Err(Failure::internal("the map of node ports changes too often"))
    }

    async fn give_back(&self, held: &Held) {
        // X25: nothing is given back, and nobody finds it.
        if self.host.defects.has("X25") {
            return;
        }
        let failed = |why: Failure| {
            let why = why.to_string();
            event!(self.host, Warn, "what a service had is not given back yet", why = &why);
        };
        for address in &held.addresses {
            let given = match Addresses::new(self) {
                Ok(addresses) => addresses.give_back(*address).await,
                Err(failure) => Err(failure),
            };
            given.unwrap_or_else(failed);
        }
        let Some(services) = self.services.as_ref().filter(|_| !held.ports.is_empty()) else {
            return;
        };
        let change = |map: &mut Ports| {
            held.ports.iter().for_each(|port| map.give_back(*port));
            Ok(())
        };
        self.change_ports(services, false, change).await.unwrap_or_else(failed);
    }
}

async fn stored_ports(
    storage: &Storage,
    key: &str,
    services: &Services,
) -> Result<(Ports, u64), Failure> {
    let Some(stored) = storage.get(key).await? else {
        return Ok((Ports::new(services.node_ports), 0));
    };
    let map: Value = serde_json::from_slice(&stored.bytes).map_err(Failure::internal)?;
    Ok((Ports::decode(services.node_ports, &map), stored.revision))
}

fn no_address(target: &Target, service: &Value, wanted: Option<IpAddr>, why: NoAddress) -> Failure {
    let full = |why: &str| Failure::internal(format!("failed to allocate a serviceIP: {why}"));
    match (why, wanted) {
        (NoAddress::Refused(why), Some(wanted)) => {
            let why = format!("failed to allocate IP {wanted}: {why}");
            let cause = invalid("spec.clusterIPs", &service["spec"]["clusterIPs"], &why);
            let name = object::meta(service, "name");
            Failure::invalid(place::kind_named(&target.resource, name), &[cause])
        }
        (NoAddress::Refused(why), None) => full(&why),
        (NoAddress::Full, _) => full("range is full"),
        (NoAddress::Failed(failure), _) => failure,
    }
}
