//! Where nodes' kubelets are, and how they are spoken to.
//!
//! Upstream: pkg/kubelet/client/kubelet_client.go and pkg/util/node.

use crate::failure::Failure;
use host::Host;
use http::StatusCode;
use serde_json::Value;
use std::time::Duration;
use wire::{
    client::Endpoint,
    proxy::Backend,
    tls::{ClientTls, Error, Identity, Trust},
};

/// For a connection to what is proxied (Go's default transport).
const CONNECT_LIMIT: Duration = Duration::from_secs(30);
/// Silence after which a connection that carries streams is closed (the kubelet's
/// `--streaming-connection-idle-timeout`).
const IDLE_LIMIT: Duration = Duration::from_secs(4 * 3600);
/// What a node declares whose kubelet takes WebSockets (features.ExtendWebSocketsToKubelet).
const WEBSOCKETS: &str = "ExtendWebSocketsToKubelet";

/// How kubelets are reached.
#[derive(Clone, Debug)]
pub struct KubeletAccess {
    /// `--kubelet-client-certificate` and `--kubelet-client-key`, PEM.
    pub identity: Option<(Vec<u8>, Vec<u8>)>,
    /// `--kubelet-certificate-authority`, PEM; without, any certificate is believed.
    pub authorities: Option<Vec<u8>>,
    /// `--kubelet-preferred-address-types`.
    pub address_types: Vec<String>,
    /// `--kubelet-port`, for nodes that do not tell theirs.
    pub port: u16,
    /// `--kubelet-timeout`, for a connection.
    pub connect_limit: Duration,
    /// Whether kubelets speak TLS, as they do outside of simulation.
    pub tls: bool,
}

impl Default for KubeletAccess {
    fn default() -> Self {
        let types = ["Hostname", "InternalDNS", "InternalIP", "ExternalDNS", "ExternalIP"];
        Self {
            identity: None,
            authorities: None,
            address_types: types.map(str::to_owned).to_vec(),
            port: 10250,
            connect_limit: Duration::from_secs(5),
            tls: true,
        }
    }
}

/// One node's kubelet.
#[derive(Clone, PartialEq, Eq, Debug)]
pub(crate) struct Kubelet {
    /// A name or an address.
    pub(crate) host: String,
    pub(crate) port: u16,
    /// It takes WebSockets itself.
    pub(crate) websockets: bool,
}

/// Finds kubelets, and says how to speak to them and to what they run.
#[derive(Debug)]
pub(crate) struct Kubelets {
    access: KubeletAccess,
    strict: ClientTls,
    /// Believes any certificate.
    lax: ClientTls,
    /// The same, and shows none.
    stranger: ClientTls,
}

impl Kubelets {
    /// # Errors
    /// Certificates and keys that cannot be used.
    pub(crate) fn new(host: &Host, access: KubeletAccess) -> Result<Self, Error> {
        let identity = access.identity.as_ref();
        let identity = identity.map(|(chain, key)| Identity::from_pem(host, chain, key));
        let identity = identity.transpose()?;
        let lax = ClientTls::new(host, Trust::Anyone, identity.as_ref())?;
        let strict = match &access.authorities {
            Some(pem) => ClientTls::new(host, Trust::Authorities(pem), identity.as_ref())?,
            None => lax.clone(),
        };
        let stranger = ClientTls::new(host, Trust::Anyone, None)?;
        Ok(Self { access, strict, lax, stranger })
    }

    /// The kubelet of a node.
    ///
    /// # Errors
    /// The node tells no address of a wanted type.
    pub(crate) fn of(&self, node: &Value) -> Result<Kubelet, Failure> {
        let status = &node["status"];
        let host = address(node, &self.access.address_types)?;
        let port = &status["daemonEndpoints"]["kubeletEndpoint"]["Port"];
        let port = port.as_u64().and_then(|port| u16::try_from(port).ok()).filter(|port| *port > 0);
        let declared = status["declaredFeatures"].as_array();
        let websockets = declared.is_some_and(|all| all.iter().any(|one| one == WEBSOCKETS));
        Ok(Kubelet { host, port: port.unwrap_or(self.access.port), websockets })
    }

    /// How to speak to a kubelet; where `verified` is false, whoever it shows itself to be.
    ///
    /// # Errors
    /// Its address is none.
    pub(crate) fn backend(&self, kubelet: &Kubelet, verified: bool) -> Result<Backend, Failure> {
        let tls = if verified { &self.strict } else { &self.lax };
        let connect_limit = self.access.connect_limit;
        let found = backend(self.access.tls, &kubelet.host, &kubelet.port.to_string(), tls)?;
        Ok(Backend { connect_limit, ..found })
    }

    /// How to speak to a server in the cluster that nobody vouches for.
    ///
    /// # Errors
    /// Its address is none.
    pub(crate) fn stranger(&self, tls: bool, host: &str, port: &str) -> Result<Backend, Failure> {
        backend(tls, host, port, &self.stranger)
    }
}

fn backend(encrypted: bool, host: &str, port: &str, tls: &ClientTls) -> Result<Backend, Failure> {
    let scheme = if encrypted { "https" } else { "http" };
    let host = if host.contains(':') { format!("[{host}]") } else { host.to_owned() };
    let colon = if port.is_empty() { "" } else { ":" };
    let endpoint: Result<Endpoint, _> = format!("{scheme}://{host}{colon}{port}").parse();
    let endpoint = endpoint.map_err(|bad| unworded(bad.to_string()))?;
    Ok(Backend {
        endpoint,
        tls: Some(tls.clone()),
        connect_limit: CONNECT_LIMIT,
        idle_limit: IDLE_LIMIT,
    })
}

/// A failure that upstream has only a text for.
pub(crate) fn unworded(why: impl Into<String>) -> Failure {
    Failure::new(StatusCode::INTERNAL_SERVER_ERROR, "", why)
}

/// A node's address: of the first type that it has one of.
fn address(node: &Value, types: &[String]) -> Result<String, Failure> {
    let all = || node["status"]["addresses"].as_array().into_iter().flatten();
    let text = |value: &Value| value.as_str().unwrap_or_default().to_owned();
    for wanted in types {
        if let Some(found) = all().find(|one| one["type"] == wanted.as_str()) {
            return Ok(text(&found["address"]));
        }
        let label = text(&node["metadata"]["labels"]["kubernetes.io/hostname"]);
        if wanted == "Hostname" && !label.is_empty() {
            return Ok(label);
        }
    }
    let known = all().map(|one| format!("{{{} {}}}", text(&one["type"]), text(&one["address"])));
    let known = known.collect::<Vec<_>>().join(" ");
    Err(unworded(format!("no preferred addresses found; known addresses: [{known}]")))
}

#[cfg(test)]
mod tests {
    use super::*;
    use serde_json::json;

    #[test]
    fn a_nodes_address_is_of_the_first_type_that_it_has() {
        let both = json!({"metadata": {"labels": {"kubernetes.io/hostname": "label"}}, "status": {
            "addresses": [{"type": "InternalIP", "address": "10.0.0.1"},
                          {"type": "ExternalIP", "address": "1.2.3.4"}]}});
        let types = |all: &[&str]| all.iter().map(|one| (*one).to_owned()).collect::<Vec<_>>();
        for (wanted, expected) in [
            (&["Hostname", "InternalIP"][..], "label"),
            (&["InternalIP", "Hostname"], "10.0.0.1"),
            (&["InternalDNS", "ExternalIP", "InternalIP"], "1.2.3.4"),
        ] {
            assert_eq!(address(&both, &types(wanted)).unwrap(), expected, "{wanted:?}");
        }
        let failure = address(&both, &types(&["InternalDNS"])).unwrap_err();
        assert_eq!(
            failure.message,
            "no preferred addresses found; known addresses: [{InternalIP 10.0.0.1} {ExternalIP \
             1.2.3.4}]"
        );
    }
}
