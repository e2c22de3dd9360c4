//! Where the request of a proxy goes: to a pod, to one behind a service, to a node.
//!
//! Upstream: ResourceLocation in pkg/registry/core/{pod/strategy,service/storage/storage,
//! node/strategy}.go; names are those of apimachinery's SplitSchemeNamePort.

use super::Door;
use crate::{
    failure::Failure,
    registry::{Reading, Target},
    server::Server,
};
use serde_json::Value;
use std::net::IpAddr;
use wire::proxy::Backend;

/// `name`, `name:port` or `scheme:name:port`.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
struct Wanted<'a> {
    tls: bool,
    name: &'a str,
    /// A name or a number; empty: the first there is.
    port: &'a str,
}

impl<'a> Wanted<'a> {
    fn of(text: &'a str) -> Option<Self> {
        let parts: Vec<&str> = text.split(':').collect();
        let (scheme, name, port) = match parts[..] {
            [name] => ("", name, ""),
            [name, port] => ("", name, port),
            [scheme @ ("" | "http" | "https"), name, port] => (scheme, name, port),
            _ => return None,
        };
        (!name.is_empty()).then_some(Self { tls: scheme == "https", name, port })
    }
}

impl Server {
    /// The server that a proxy's request goes to.
    pub(super) async fn behind(&self, door: Door, target: &Target) -> Result<Backend, Failure> {
        let invalid =
            |what: &str| Failure::bad_request(format!("invalid {what} request {:?}", target.name));
        match (door, Wanted::of(&target.name)) {
            (Door::PodProxy, Some(wanted)) => self.pod(target, wanted).await,
            (Door::ServiceProxy, Some(wanted)) => self.service(target, wanted).await,
            (_, Some(wanted)) => self.node(wanted).await,
            (Door::PodProxy, None) => Err(invalid("pod")),
            (Door::ServiceProxy, None) => Err(invalid("service")),
            (_, None) => Err(invalid("node")),
        }
    }

    async fn pod(&self, target: &Target, wanted: Wanted<'_>) -> Result<Backend, Failure> {
        let pod = self.core("pods", &target.namespace, wanted.name).await?;
        let address = pod["status"]["podIPs"][0]["ip"].as_str().unwrap_or_default();
        if !is_reachable(address) {
            return Err(Failure::bad_request("address not allowed"));
        }
        let port = match wanted.port {
            "" => first_port(&pod),
            port => port.to_owned(),
        };
        self.kubelets.stranger(wanted.tls, address, &port)
    }

    /// To a node's kubelet as its client; to another port of the node as a stranger.
    async fn node(&self, wanted: Wanted<'_>) -> Result<Backend, Failure> {
        let node = self.core("nodes", "", wanted.name).await?;
        let kubelet = self.kubelets.of(&node)?;
        if wanted.port.is_empty() || wanted.port == kubelet.port.to_string() {
            return self.kubelets.backend(&kubelet, true);
        }
        let addresses = self.host.network.resolve(&kubelet.host, 0).await;
        let addresses = addresses.map_err(|error| Failure::bad_request(error.to_string()))?;
        if !addresses.iter().all(|address| is_global(address.ip())) {
            return Err(Failure::bad_request("address not allowed"));
        }
        self.kubelets.stranger(wanted.tls, &kubelet.host, wanted.port)
    }

    /// To one of the pods that are ready behind a service.
    async fn service(&self, target: &Target, wanted: Wanted<'_>) -> Result<Backend, Failure> {
        let none =
            |of: &str| Failure::unavailable(format!("no endpoints available for service {of:?}"));
        let port = match wanted.port.parse::<i64>() {
            Err(_) => wanted.port.to_owned(),
            Ok(number) => {
                let service = self.core("services", &target.namespace, wanted.name).await?;
                named_port(&service, number).ok_or_else(|| {
                    let name = wanted.name;
                    Failure::unavailable(format!(
                        "no service port {number} found for service {name:?}"
                    ))
                })?
            }
        };
        let slices = self.slices(&target.namespace, wanted.name).await?;
        if slices.is_empty() {
            // Also where there is no such service: who asks is told which it is.
            self.core("services", &target.namespace, wanted.name).await?;
            return Err(none(wanted.name));
        }
        let mut candidates = candidates(&slices, &port);
        while !candidates.is_empty() {
            let chosen = self.host.random.below(candidates.len() as u64);
            let chosen = candidates.swap_remove(usize::try_from(chosen).unwrap_or(0));
            if self.is_of_a_pod(&target.namespace, &chosen).await {
                return self.kubelets.stranger(wanted.tls, &chosen.address, &chosen.port);
            }
        }
        Err(none(&target.name))
    }

    async fn slices(&self, namespace: &str, service: &str) -> Result<Vec<Value>, Failure> {
        let resource = self.registry.resource("discovery.k8s.io", "v1", "endpointslices");
        let resource = resource.ok_or_else(Failure::no_such_resource)?;
        let listed = self.registry.list(&resource, namespace, &Reading::default()).await?;
        let of = |slice: &Value| {
            slice["metadata"]["labels"]["kubernetes.io/service-name"].as_str() == Some(service)
        };
        let values = listed.entries.iter().map(|entry| entry.value());
        Ok(values.filter(|slice| of(slice)).cloned().collect())
    }

    /// Nobody may be led by endpoints of their own making to what is no pod of the namespace.
    async fn is_of_a_pod(&self, namespace: &str, candidate: &Candidate) -> bool {
        let Some(pod) = &candidate.pod else { return false };
        let Ok(pod) = self.core("pods", namespace, pod).await else { return false };
        let addresses = pod["status"]["podIPs"].as_array().into_iter().flatten();
        addresses.into_iter().any(|one| one["ip"] == candidate.address.as_str())
    }
}

/// An endpoint that serves a port.
#[derive(Clone, PartialEq, Eq, Debug)]
struct Candidate {
    address: String,
    port: String,
    pod: Option<String>,
}

fn candidates(slices: &[Value], port: &str) -> Vec<Candidate> {
    let mut candidates = Vec::new();
    for slice in slices {
        let ports = slice["ports"].as_array().into_iter().flatten();
        let mut named = ports.filter(|one| one["name"].as_str().unwrap_or_default() == port);
        let Some(number) = named.find_map(|one| one["port"].as_u64()) else { continue };
        for endpoint in slice["endpoints"].as_array().into_iter().flatten() {
            let to = &endpoint["targetRef"];
            let (Some(address), true) =
                (endpoint["addresses"][0].as_str(), endpoint["conditions"]["ready"] != false)
            else {
                continue;
            };
            candidates.push(Candidate {
                address: address.to_owned(),
                port: number.to_string(),
                pod: (to["kind"] == "Pod")
                    .then(|| to["name"].as_str().map(str::to_owned))
                    .flatten(),
            });
        }
    }
    candidates
}

/// The name of the service's port of that number, which may be empty.
fn named_port(service: &Value, number: i64) -> Option<String> {
    let ports = service["spec"]["ports"].as_array().into_iter().flatten();
    let mut found = ports.into_iter().filter(|port| port["port"] == number);
    found.next().map(|port| port["name"].as_str().unwrap_or_default().to_owned())
}

/// The first port that a container of the pod names; empty: that of the scheme.
fn first_port(pod: &Value) -> String {
    let containers = pod["spec"]["containers"].as_array().into_iter().flatten();
    let mut ports = containers.filter_map(|one| one["ports"][0]["containerPort"].as_u64());
    ports.next().map_or_else(String::new, |port| port.to_string())
}

fn is_reachable(address: &str) -> bool {
    address.parse().is_ok_and(is_global)
}

/// Go's net.IP.IsGlobalUnicast.
fn is_global(address: IpAddr) -> bool {
    match address {
        IpAddr::V4(v4) => {
            !(v4.is_unspecified()
                || v4.is_broadcast()
                || v4.is_loopback()
                || v4.is_multicast()
                || v4.is_link_local())
        }
        IpAddr::V6(v6) => {
            !(v6.is_unspecified()
                || v6.is_loopback()
                || v6.is_multicast()
                || v6.is_unicast_link_local())
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use serde_json::json;

    #[test]
    fn names_may_have_a_scheme_and_a_port() {
        let wanted = |tls, name, port| Some(Wanted { tls, name, port });
        for (text, expected) in [
            ("a", wanted(false, "a", "")),
            ("a:80", wanted(false, "a", "80")),
            ("https:a:web", wanted(true, "a", "web")),
            (":a:", wanted(false, "a", "")),
            ("http:a:", wanted(false, "a", "")),
            ("ftp:a:80", None),
            (":80", None),
            ("a:b:c:d", None),
            ("", None),
        ] {
            assert_eq!(Wanted::of(text), expected, "{text}");
        }
    }

    #[test]
    fn endpoints_that_are_ready_serve_a_port_by_its_name() {
        let slice = json!({
            "ports": [{"name": "web", "port": 8080}, {"name": "", "port": 1}],
            "endpoints": [
                {"addresses": ["10.0.0.1"], "targetRef": {"kind": "Pod", "name": "p"}},
                {"addresses": ["10.0.0.2"], "conditions": {"ready": false}},
                {"addresses": ["10.0.0.3"], "conditions": {"ready": true}},
            ],
        });
        let found = candidates(&[slice], "web");
        let told: Vec<_> =
            found.iter().map(|one| format!("{}:{}", one.address, one.port)).collect();
        assert_eq!(told, ["10.0.0.1:8080", "10.0.0.3:8080"]);
        assert_eq!((found[0].pod.as_deref(), found[1].pod.as_deref()), (Some("p"), None));
        let service = json!({"spec": {"ports": [{"port": 80, "name": "web"}, {"port": 81}]}});
        assert_eq!(named_port(&service, 80).as_deref(), Some("web"));
        assert_eq!(named_port(&service, 81).as_deref(), Some(""));
        assert_eq!(named_port(&service, 82), None);
    }

    #[test]
    fn only_addresses_of_the_cluster_are_reached() {
        for (address, reachable) in [
            ("10.0.0.1", true),
            ("127.0.0.1", false),
            ("169.254.169.254", false),
            ("0.0.0.0", false),
            ("224.0.0.1", false),
            ("fd00::1", true),
            ("fe80::1", false),
            ("::1", false),
            ("x", false),
        ] {
            assert_eq!(is_reachable(address), reachable, "{address}");
        }
    }
}
