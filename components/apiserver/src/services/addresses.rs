//! Addresses of services, each an `IPAddress` object that only one can create.
//!
//! Upstream: pkg/registry/core/service/ipallocator/ipallocator.go.

use super::cidr::{Cidr, Family};
use crate::{
    failure::Failure,
    object,
    registry::{Deletion, Registry, Target, Writing},
};
use api::resources::Resource;
use serde_json::{Value, json};
use std::{collections::BTreeSet, net::IpAddr, sync::Arc};

/// Labels of the objects: of which family an address is, and who looks after it.
const FAMILY: &str = "ipaddress.kubernetes.io/ip-family";
const MANAGED_BY: &str = "ipaddress.kubernetes.io/managed-by";
const MANAGER: &str = "ipallocator.k8s.io";

/// Why there is no address.
#[derive(Debug)]
pub(super) enum NoAddress {
    /// The one that was asked for cannot be had.
    Refused(String),
    /// All are taken.
    Full,
    /// The storage failed.
    Failed(Failure),
}

/// Addresses' objects.
pub(super) struct Addresses<'a> {
    registry: &'a Registry,
    resource: Arc<Resource>,
}

impl<'a> Addresses<'a> {
    pub(super) fn new(registry: &'a Registry) -> Result<Self, Failure> {
        let found = registry.resource("networking.k8s.io", "v1", "ipaddresses");
        let resource =
            found.ok_or_else(|| Failure::internal("there is no resource of addresses"))?;
        Ok(Self { registry, resource })
    }

    fn target(&self, name: &str) -> Target {
        Target {
            resource: self.resource.clone(),
            namespace: String::new(),
            name: name.to_owned(),
            subresource: String::new(),
        }
    }

    /// Takes the address that a service asks for.
    pub(super) async fn take(
        &self,
        ranges: &[Cidr],
        wanted: IpAddr,
        service: (&str, &str),
        dry_run: bool,
    ) -> Result<IpAddr, NoAddress> {
        let family = Family::of(wanted);
        let mut own = ranges.iter().filter(|range| range.family() == family);
        if !ranges.iter().any(|range| range.offers(wanted)) {
            let valid = own.next().map(Cidr::to_string).unwrap_or_default();
            return Err(NoAddress::Refused(format!(
                "the provided IP ({wanted}) is not in the valid range. The range of valid IPs is \
                 {valid}"
            )));
        }
        if dry_run || self.create(wanted, service).await? {
            return Ok(wanted);
        }
        Err(NoAddress::Refused("provided IP is already allocated".into()))
    }

    /// Takes any address of a family. A dry run is given a range's own, which nobody gets.
    pub(super) async fn take_any(
        &self,
        ranges: &[Cidr],
        family: Family,
        service: (&str, &str),
        dry_run: bool,
    ) -> Result<IpAddr, NoAddress> {
        let taken =
            self.registry.all_cached(&self.resource, "").await.map_err(NoAddress::Failed)?;
        let name = |value: &Value| object::meta(value, "name").parse::<IpAddr>().ok();
        let taken: BTreeSet<IpAddr> =
            taken.iter().filter_map(|entry| name(entry.value())).collect();
        for range in ranges.iter().filter(|range| range.family() == family) {
            if dry_run {
                return Ok(range.base());
            }
            let chance = self.registry.host.random.next_u64();
            let free = range.candidates(chance).filter(|one| !taken.contains(one));
            for candidate in free {
                // Another server may have taken it meanwhile.
                if self.create(candidate, service).await? {
                    return Ok(candidate);
                }
            }
        }
        Err(NoAddress::Full)
    }

    /// Creates an address' object; false: there is one already.
    pub(super) async fn create(
        &self,
        address: IpAddr,
        (namespace, name): (&str, &str),
    ) -> Result<bool, NoAddress> {
        let object = json!({
            "kind": "IPAddress", "apiVersion": "networking.k8s.io/v1",
            "metadata": {
                "name": address.to_string(),
                "labels": {FAMILY: Family::of(address).name(), MANAGED_BY: MANAGER},
            },
            "spec": {"parentRef": {
                "group": "", "resource": "services", "namespace": namespace, "name": name,
            }},
        });
        // Addresses are created while a service is.
        let (target, how) = (self.target(""), Writing::own());
        let created = Box::pin(self.registry.create(&target, object, &how));
        match created.await {
            Ok(_) => Ok(true),
            // X24: an address that is taken is given once more.
            Err(failure) if failure.reason == "AlreadyExists" => {
                Ok(self.registry.host.defects.has("X24"))
            }
            Err(failure) => Err(NoAddress::Failed(failure)),
        }
    }

    /// Gives an address back; one that is gone already is no failure.
    pub(super) async fn give_back(&self, address: IpAddr) -> Result<(), Failure> {
        self.remove(&address.to_string(), &Deletion::default()).await
    }

    pub(super) async fn remove(&self, name: &str, options: &Deletion) -> Result<(), Failure> {
        let target = self.target(name);
        match Box::pin(self.registry.delete(&target, options, &Writing::own())).await {
            Err(failure) if failure.reason != "NotFound" => Err(failure),
            _ => Ok(()),
        }
    }

    /// All that are looked after here, as they are stored.
    pub(super) async fn managed(&self) -> Result<Vec<Value>, Failure> {
        let listed = self.registry.list(&self.resource, "", &Default::default()).await?;
        let all = listed.entries.iter().map(|entry| entry.served());
        let all = all.filter_map(|bytes| serde_json::from_slice::<Value>(bytes).ok());
        Ok(all.filter(|one| one["metadata"]["labels"][MANAGED_BY] == MANAGER).collect())
    }
}

impl From<Failure> for NoAddress {
    fn from(failure: Failure) -> Self {
        Self::Failed(failure)
    }
}
