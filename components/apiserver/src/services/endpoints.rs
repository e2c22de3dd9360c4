//! The service `kubernetes`: how those in the cluster find the API servers, each of which holds a
//! lease while it serves.
//!
//! Upstream: pkg/controlplane/controller/kubernetesservice and pkg/controlplane/reconcilers/lease.go.

use super::{Services, cidr::Family, ranges};
use crate::{
    failure::Failure,
    object,
    registry::{Registry, Target, Writing},
    storage::Refused,
};
use host::{Backoff, event};
use serde_json::{Value, json};
use std::{collections::BTreeSet, sync::Arc, time::Duration};

const NAMESPACE: &str = "default";
const NAME: &str = "kubernetes";
/// Below the storage's prefix: a key for each server, with a lease.
const LEASES: &str = "masterleases/";
/// How long a server counts that is heard of no more, and how often it is heard of
/// (DefaultEndpointReconcilerTTL and …Interval).
const LEASE_SECONDS: i64 = 15;
const INTERVAL: Duration = Duration::from_secs(10);
/// Between attempts that fail.
const RETRY: Backoff = Backoff { first: Duration::from_millis(100), max: INTERVAL };

/// Keeps range, service and endpoints as they should be, until it is dropped.
pub(crate) async fn run(registry: Arc<Registry>) {
    let Some(services) = registry.services.clone() else { return };
    let mut failures = 0;
    loop {
        let wait = match keep(&registry, &services).await {
            Ok(()) => {
                failures = 0;
                INTERVAL
            }
            Err(failure) => {
                let why = failure.to_string();
                event!(registry.host, Warn, "cannot keep the service kubernetes", why = &why);
                failures += 1;
                RETRY.delay(failures - 1, registry.host.random.next_u64())
            }
        };
        registry.host.sleep(wait).await;
    }
}

async fn keep(registry: &Registry, services: &Services) -> Result<(), Failure> {
    ranges::keep_own(registry, services).await?;
    keep_service(registry, services).await?;
    hold_lease(registry, services).await?;
    keep_endpoints(registry, services).await
}

fn target(registry: &Registry, group: &str, plural: &str) -> Result<Target, Failure> {
    let resource = registry.resource(group, "v1", plural);
    let resource =
        resource.ok_or_else(|| Failure::internal(format!("there is no resource {plural}")))?;
    let (namespace, name) = (NAMESPACE.to_owned(), NAME.to_owned());
    Ok(Target { resource, namespace, name, subresource: String::new() })
}

async fn keep_service(registry: &Registry, services: &Services) -> Result<(), Failure> {
    let target = target(registry, "", "services")?;
    if registry.cached_object(&target.resource, NAMESPACE, NAME).await?.is_some() {
        return Ok(());
    }
    let Some(address) = services.ranges.first().map(|range| range.first().to_string()) else {
        return Ok(());
    };
    let service = json!({
        "kind": "Service", "apiVersion": "v1",
        "metadata": {
            "name": NAME, "namespace": NAMESPACE,
            "labels": {"component": "apiserver", "provider": "kubernetes"},
        },
        "spec": {
            "type": "ClusterIP", "clusterIP": address, "sessionAffinity": "None",
            "internalTrafficPolicy": "Cluster", "ipFamilyPolicy": "SingleStack",
            "ports": [
                {"name": "https", "protocol": "TCP", "port": 443, "targetPort": services.port},
            ],
        },
    });
    let collection = Target { name: String::new(), ..target };
    match registry.create(&collection, service, &Writing::own()).await {
        Err(failure) if failure.reason != "AlreadyExists" => Err(failure),
        _ => Ok(()),
    }
}

/// Says that this server serves.
async fn hold_lease(registry: &Registry, services: &Services) -> Result<(), Failure> {
    let storage = registry.storage();
    let address = services.advertise.to_string();
    let key = storage.key(&format!("{LEASES}{address}"));
    let record = json!({
        "kind": "Endpoints", "apiVersion": "v1",
        "metadata": {"name": address, "creationTimestamp": null},
        "subsets": [{"addresses": [{"ip": address}]}],
    });
    let lease = storage.lease(LEASE_SECONDS).await?;
    let present = storage.get(&key).await?.map_or(0, |stored| stored.revision);
    match storage.put_if(&key, present, object::encode(&record), lease).await {
        Ok(_) => Ok(()),
        Err(Refused::Changed(_)) => Err(Failure::internal("the lease was changed by another")),
        Err(Refused::Failed(failure)) => Err(failure),
    }
}

/// The addresses of all servers that hold a lease.
async fn servers(registry: &Registry) -> Result<BTreeSet<String>, Failure> {
    let storage = registry.storage();
    let prefix = storage.key(LEASES);
    let page = storage.list(&prefix, None, 0, 0).await?;
    let name = |key: &[u8]| String::from_utf8_lossy(key).strip_prefix(&prefix).map(str::to_owned);
    Ok(page.objects.iter().filter_map(|stored| name(&stored.key)).collect())
}

async fn keep_endpoints(registry: &Registry, services: &Services) -> Result<(), Failure> {
    let servers = servers(registry).await?;
    if servers.is_empty() {
        return Ok(());
    }
    let endpoints = target(registry, "", "endpoints")?;
    keep_object(registry, &endpoints, &self::endpoints(&servers, services), &["subsets"]).await?;
    let slices = target(registry, "discovery.k8s.io", "endpointslices")?;
    keep_object(registry, &slices, &slice(&servers, services), &["endpoints", "ports"]).await
}

fn endpoints(servers: &BTreeSet<String>, services: &Services) -> Value {
    let addresses: Vec<Value> = servers.iter().map(|ip| json!({"ip": ip})).collect();
    json!({
        "kind": "Endpoints", "apiVersion": "v1",
        "metadata": {
            "name": NAME, "namespace": NAMESPACE,
            "labels": {"endpointslice.kubernetes.io/skip-mirror": "true"},
        },
        "subsets": [{
            "addresses": addresses,
            "ports": [{"name": "https", "port": services.port, "protocol": "TCP"}],
        }],
    })
}

fn slice(servers: &BTreeSet<String>, services: &Services) -> Value {
    let one = |ip: &String| json!({"addresses": [ip], "conditions": {"ready": true}});
    let endpoints: Vec<Value> = servers.iter().map(one).collect();
    json!({
        "kind": "EndpointSlice", "apiVersion": "discovery.k8s.io/v1",
        "metadata": {
            "name": NAME, "namespace": NAMESPACE, "labels": {"kubernetes.io/service-name": NAME},
        },
        "addressType": Family::of(services.advertise).name(),
        "endpoints": endpoints,
        "ports": [{"name": "https", "port": services.port, "protocol": "TCP"}],
    })
}

/// Creates the object, or brings some of its members to what they should be.
async fn keep_object(
    registry: &Registry,
    target: &Target,
    wanted: &Value,
    members: &[&str],
) -> Result<(), Failure> {
    let decide = |present: &Value| {
        let mut new = present.clone();
        for name in members {
            new[*name] = wanted[*name].clone();
        }
        Ok(new)
    };
    let present = registry.cached_object(&target.resource, NAMESPACE, NAME).await?;
    let is_so = |present: &Value| members.iter().all(|name| present[*name] == wanted[*name]);
    if present.as_ref().is_some_and(|entry| is_so(entry.value())) {
        return Ok(());
    }
    match registry.modify(target, &Writing::own(), decide).await {
        Err(missing) if missing.reason == "NotFound" => {}
        done => return done.map(drop),
    }
    let collection = Target { name: String::new(), ..target.clone() };
    match registry.create(&collection, wanted.clone(), &Writing::own()).await {
        Err(failure) if failure.reason != "AlreadyExists" => Err(failure),
        _ => Ok(()),
    }
}

/// This server serves no more: its lease and its address go.
pub(crate) async fn leave(registry: &Registry) -> Result<(), Failure> {
    let Some(services) = &registry.services else { return Ok(()) };
    let storage = registry.storage();
    let key = storage.key(&format!("{LEASES}{}", services.advertise));
    if let Some(stored) = storage.get(&key).await? {
        // One that was written meanwhile stays.
        if let Err(Refused::Failed(failure)) = storage.delete_if(&key, stored.revision).await {
            return Err(failure);
        }
    }
    keep_endpoints(registry, services).await
}
