//! Where a service is reached by the server itself: at its cluster address, or at one of its
//! endpoints.
//!
//! Upstream: apiserver/pkg/util/proxy/proxy.go (ResolveCluster, ResolveEndpoint).

use crate::{failure::Failure, registry::Registry};
use api::selector::LabelSelector;
use serde_json::{Value, json};

/// Which of a service's addresses the server calls (`--enable-aggregator-routing`).
#[derive(Clone, Copy, PartialEq, Eq, Debug, Default)]
pub enum Routing {
    /// The address of the service, which somebody else forwards.
    #[default]
    ClusterAddress,
    /// An endpoint of it, drawn anew each time.
    Endpoints,
}

/// The label by which endpoints name their service.
pub(crate) const SERVICE: &str = "kubernetes.io/service-name";

/// A host and a port of a service, such as `10.0.0.1:443`.
///
/// # Errors
/// There is no such service, or nowhere to send to.
pub(crate) async fn authority(
    registry: &Registry,
    (namespace, name): (&str, &str),
    port: u64,
) -> Result<String, Failure> {
    let service = registry.found("", "services", namespace, name).await?.ok_or_else(|| {
        Failure::not_found(crate::failure::Named { group: "", resource: "services", name })
    })?;
    match registry.routing {
        Routing::ClusterAddress => by_address(&service, port),
        Routing::Endpoints => {
            let slices = endpoint_slices(registry, namespace, name).await?;
            let found = by_endpoints(&service, &slices, port)?;
            let place = registry.host.random.below(found.len() as u64);
            Ok(found[usize::try_from(place).unwrap_or(0)].clone())
        }
    }
}

/// What is told of a service's endpoints.
///
/// # Errors
/// The cache has not been filled in time.
pub(crate) async fn endpoint_slices(
    registry: &Registry,
    namespace: &str,
    name: &str,
) -> Result<Vec<Value>, Failure> {
    let slices = registry.resource("discovery.k8s.io", "v1", "endpointslices");
    let slices = slices.ok_or_else(Failure::no_such_resource)?;
    let wanted = json!({"matchLabels": {SERVICE: name}});
    let wanted = LabelSelector::of(Some(&wanted)).map_err(Failure::internal)?;
    let found = registry.all_cached(&slices, namespace).await?;
    let found = found.iter().filter(|entry| wanted.matches(&entry.labels));
    Ok(found.map(|entry| entry.whole()).collect())
}

fn by_address(service: &Value, port: u64) -> Result<String, Failure> {
    let spec = &service["spec"];
    match text(spec, "type") {
        "ClusterIP" | "" if text(spec, "clusterIP") == "None" => {
            Err(unroutable("cannot route to service with ClusterIP \"None\"".into()))
        }
        "ClusterIP" | "LoadBalancer" | "NodePort" | "" => {
            port_of(service, port)?;
            Ok(joined(text(spec, "clusterIP"), port))
        }
        "ExternalName" => Ok(joined(text(spec, "externalName"), port)),
        other => Err(unroutable(format!("unsupported service type {other:?}"))),
    }
}

/// All endpoints of a service's port; never none.
fn by_endpoints(service: &Value, slices: &[Value], port: u64) -> Result<Vec<String>, Failure> {
    let spec = &service["spec"];
    let port = port_of(service, port)?;
    if text(spec, "type") == "ExternalName" {
        return Err(unroutable("unsupported service type \"ExternalName\"".into()));
    }
    let mut found = Vec::new();
    for slice in slices {
        let named = items(&slice["ports"]).filter(|one| text(one, "name") == text(port, "name"));
        for number in named.filter_map(|one| one["port"].as_u64()) {
            let ready =
                items(&slice["endpoints"]).filter(|one| one["conditions"]["ready"] != false);
            let addresses = ready.filter_map(|one| one["addresses"][0].as_str());
            found.extend(addresses.map(|address| joined(address, number)));
        }
    }
    if found.is_empty() {
        let name = crate::object::meta(service, "name");
        return Err(Failure::unavailable(format!("no endpoints available for service {name:?}")));
    }
    Ok(found)
}

/// A service's port by its number.
pub(crate) fn port_of(service: &Value, port: u64) -> Result<&Value, Failure> {
    let mut ports = items(&service["spec"]["ports"]);
    ports.find(|one| one["port"] == port).ok_or_else(|| {
        let name = crate::object::meta(service, "name");
        Failure::unavailable(format!("no service port {port} found for service {name:?}"))
    })
}

/// It is nobody's state: the service is of no use here.
fn unroutable(why: String) -> Failure {
    Failure::new(http::StatusCode::INTERNAL_SERVER_ERROR, "", why)
}

fn joined(address: &str, port: u64) -> String {
    match address.contains(':') {
        true => format!("[{address}]:{port}"),
        false => format!("{address}:{port}"),
    }
}

fn text<'a>(object: &'a Value, name: &str) -> &'a str {
    object[name].as_str().unwrap_or_default()
}

fn items(list: &Value) -> impl Iterator<Item = &Value> {
    list.as_array().into_iter().flatten()
}

#[cfg(test)]
mod tests {
    use super::*;

    fn service(spec: Value) -> Value {
        let mut service = json!({"metadata": {"name": "s"}, "spec": spec});
        if service["spec"]["ports"].is_null() {
            service["spec"]["ports"] = json!([{"name": "https", "port": 443}]);
        }
        service
    }

    #[test]
    fn services_are_reached_at_their_address() {
        for (spec, expected) in [
            (json!({"type": "ClusterIP", "clusterIP": "10.0.0.1"}), Ok("10.0.0.1:443")),
            (json!({"type": "NodePort", "clusterIP": "fd00::1"}), Ok("[fd00::1]:443")),
            (json!({"type": "ExternalName", "externalName": "a.b"}), Ok("a.b:443")),
            (
                json!({"type": "ClusterIP", "clusterIP": "None"}),
                Err("cannot route to service with ClusterIP \"None\""),
            ),
            (
                json!({"type": "ClusterIP", "clusterIP": "10.0.0.1", "ports": [{"port": 1}]}),
                Err("no service port 443 found for service \"s\""),
            ),
        ] {
            let found = by_address(&service(spec.clone()), 443).map_err(|why| why.message);
            let expected = expected.map(str::to_owned).map_err(str::to_owned);
            assert_eq!(found, expected, "{spec}");
        }
    }

    #[test]
    fn endpoints_that_are_not_ready_are_passed_over() {
        let service = service(json!({"type": "ClusterIP"}));
        let slice = json!({
            "ports": [{"name": "https", "port": 8443}, {"name": "other", "port": 1}],
            "endpoints": [
                {"addresses": ["10.1.0.1"], "conditions": {"ready": true}},
                {"addresses": ["10.1.0.2"], "conditions": {"ready": false}},
                {"addresses": ["10.1.0.3"]},
            ],
        });
        let found = by_endpoints(&service, &[slice], 443).unwrap();
        assert_eq!(found, ["10.1.0.1:8443", "10.1.0.3:8443"]);
        let none = by_endpoints(&service, &[], 443).unwrap_err();
        assert_eq!(none.message, "no endpoints available for service \"s\"");
    }
}
