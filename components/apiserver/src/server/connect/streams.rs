//! `pods/exec`, `pods/attach` and `pods/portforward`: a connection with the pod's kubelet.
//!
//! Clients speak SPDY/3.1 or WebSocket. SPDY is passed on as it is. So is a WebSocket where the node
//! declares that its kubelet takes them; else a terminal's (`v5.channel.k8s.io`) is translated to SPDY,
//! and a forwarded port's, which is SPDY in WebSocket frames, is unwrapped.
//!
//! Upstream: pkg/registry/core/pod/rest/subresources.go, pkg/registry/core/pod/strategy.go
//! (streamLocation), apiserver/pkg/util/proxy.

use super::{Door, container, encoded, joint, options::Terminal, outgoing, path};
use super::{translation, tunnel};
use crate::{
    failure::Failure,
    kubelets::unworded,
    registry::Target,
    server::{Asked, Server},
};
use http::{HeaderMap, HeaderValue, Method, StatusCode, header};
use serde_json::Value;
use wire::{
    Body, Response, Takeover,
    client::{Connection, Fetched, RequestError, fetch},
    has_token, is_upgrade,
    proxy::{Backend, ForwardError, forward},
    switching, websocket,
};

const SPDY: &str = "SPDY/3.1";
const PROTOCOL: &str = "x-stream-protocol-version";
/// A terminal whose stdin can be closed.
const TERMINAL: &str = "v5.channel.k8s.io";
/// What terminals are spoken in over SPDY.
const TERMINAL_OVER_SPDY: &str = "v4.channel.k8s.io";
/// SPDY inside of WebSocket, with SPDY's own protocol behind it.
const TUNNEL: &str = "SPDY/3.1+";

/// What becomes of a client's connection.
enum Way {
    Passed,
    Translated,
    /// With the protocols that are spoken over SPDY.
    Unwrapped(Vec<String>),
}

impl Way {
    fn of(door: Door, headers: &HeaderMap, kubelet_takes_websockets: bool) -> Self {
        let websocket = has_token(headers, &header::UPGRADE, "websocket");
        if !websocket || kubelet_takes_websockets {
            return Self::Passed;
        }
        let offered = websocket::protocols(headers);
        if door != Door::PortForward {
            let translated = offered.iter().any(|one| one == TERMINAL);
            return if translated { Self::Translated } else { Self::Passed };
        }
        let inner = |one: &String| one.strip_prefix(TUNNEL).map(str::to_owned);
        let inner = offered.iter().filter(|one| one.ends_with(".k8s.io")).filter_map(inner);
        let inner: Vec<_> = inner.collect();
        if inner.is_empty() { Self::Passed } else { Self::Unwrapped(inner) }
    }
}

impl Server {
    /// Connects a client with its pod's kubelet.
    pub(super) async fn open_streams(
        &self,
        asked: &Asked,
        door: Door,
        target: &Target,
        options: &Value,
    ) -> Result<Response, Failure> {
        let terminal = Terminal::of(options);
        let pod = self.core("pods", &target.namespace, &target.name).await?;
        let path = place(door, target, &pod, &terminal)?;
        let query = match door {
            Door::PortForward => ports(options),
            _ => encoded(&terminal.parameters()),
        };
        let node = pod["spec"]["nodeName"].as_str().unwrap_or_default();
        if node.is_empty() {
            let why = format!("pod {} does not have a host assigned", target.name);
            return Err(Failure::bad_request(why));
        }
        let kubelet = self.kubelets.of(&self.core("nodes", "", node).await?)?;
        let backend = self.kubelets.backend(&kubelet, true)?;
        if !is_upgrade(&asked.headers) {
            return Err(Failure::bad_request("Upgrade request required"));
        }
        let request = outgoing(asked, &path::escaped(&path), &query, Body::empty())?;
        match Way::of(door, &asked.headers, kubelet.websockets) {
            Way::Passed => {
                let forwarded = forward(&self.host, &backend, request).await;
                forwarded.map_err(|error| upgrade_failed(&error))
            }
            Way::Translated => self.translate(asked, backend, request, terminal),
            Way::Unwrapped(protocols) => self.unwrap(asked, backend, request, &protocols).await,
        }
    }

    /// Speaks SPDY with the kubelet in the name of a client that speaks WebSocket. What goes wrong
    /// there is told over the WebSocket, which is open by then.
    fn translate(
        &self,
        asked: &Asked,
        backend: Backend,
        request: http::Request<Body>,
        terminal: Terminal,
    ) -> Result<Response, Failure> {
        let headers = websocket::accepted(&asked.headers, Some(TERMINAL));
        let headers = headers.map_err(|why| Failure::bad_request(why.to_string()))?;
        let host = self.host.clone();
        let work = async move |client| {
            let request = over_spdy(request, [TERMINAL_OVER_SPDY]);
            let (tls, limit) = (backend.tls.as_ref(), backend.connect_limit);
            let fetched = fetch(&host, &backend.endpoint, tls, request, limit).await;
            let idle = backend.idle_limit;
            match translation::kubelet(fetched).await {
                Ok(kubelet) => {
                    let joint = translation::Translation::begin(&terminal);
                    joint::run(&host, client, Some(kubelet), joint, idle).await;
                }
                Err(why) => {
                    let joint = translation::Translation::refused(&why);
                    joint::run(&host, client, None, joint, idle).await;
                }
            }
        };
        Ok(switching(headers, Takeover::new(work)))
    }

    /// Takes SPDY out of a client's WebSocket frames, and puts the kubelet's into some.
    async fn unwrap(
        &self,
        asked: &Asked,
        backend: Backend,
        request: http::Request<Body>,
        protocols: &[String],
    ) -> Result<Response, Failure> {
        let request = over_spdy(request, protocols.iter().map(String::as_str));
        let (tls, limit) = (backend.tls.as_ref(), backend.connect_limit);
        let fetched = fetch(&self.host, &backend.endpoint, tls, request, limit).await;
        let (answer, kubelet) = match fetched.map_err(|error| upgrade_failed(&error.into()))? {
            Fetched::Switched(headers, Connection(stream)) => (headers, stream),
            Fetched::Response(response) => return passed_refusal(response),
        };
        if !has_token(&answer, &header::UPGRADE, "spdy/3.1") {
            let why = "unable to upgrade: missing upgrade headers in response";
            return Err(unworded(why));
        }
        let chosen = answer.get(PROTOCOL).and_then(|value| value.to_str().ok());
        let chosen = chosen.map(|protocol| format!("{TUNNEL}{}", protocol.trim()));
        let headers = websocket::accepted(&asked.headers, chosen.as_deref());
        let headers = headers.map_err(|why| Failure::bad_request(why.to_string()))?;
        let (host, idle) = (self.host.clone(), backend.idle_limit);
        let work = async move |client| {
            joint::run(&host, client, Some(kubelet), tunnel::Tunnel::default(), idle).await;
        };
        Ok(switching(headers, Takeover::new(work)))
    }
}

/// The path at the kubelet.
fn place(door: Door, target: &Target, pod: &Value, terminal: &Terminal) -> Result<String, Failure> {
    let (namespace, name) = (&target.namespace, &target.name);
    let verb = match door {
        Door::PortForward => return Ok(format!("/portForward/{namespace}/{name}")),
        Door::Attach => "attach",
        _ => "exec",
    };
    let container = container::chosen(pod, &terminal.container)?;
    Ok(format!("/{verb}/{namespace}/{name}/{container}"))
}

fn ports(options: &Value) -> String {
    let ports = options["ports"].as_array().into_iter().flatten().map(ToString::to_string);
    let ports = ports.collect::<Vec<_>>().join(",");
    if ports.is_empty() { String::new() } else { encoded(&[("port", ports)]) }
}

/// The request as one for SPDY, whatever it was for.
fn over_spdy<'a>(
    mut request: http::Request<Body>,
    protocols: impl IntoIterator<Item = &'a str>,
) -> http::Request<Body> {
    *request.method_mut() = Method::POST;
    let headers = request.headers_mut();
    for name in [
        header::SEC_WEBSOCKET_PROTOCOL,
        header::SEC_WEBSOCKET_KEY,
        header::SEC_WEBSOCKET_VERSION,
        header::SEC_WEBSOCKET_EXTENSIONS,
    ] {
        headers.remove(name);
    }
    headers.insert(header::CONNECTION, HeaderValue::from_static("Upgrade"));
    headers.insert(header::UPGRADE, HeaderValue::from_static(SPDY));
    headers.remove(PROTOCOL);
    for protocol in protocols.into_iter().filter_map(|one| HeaderValue::from_str(one).ok()) {
        headers.append(PROTOCOL, protocol);
    }
    request
}

/// What a client is told whose connection did not come about.
pub(super) fn upgrade_failed(error: &ForwardError) -> Failure {
    match error {
        ForwardError::Request(RequestError::Dial(error)) => {
            unworded(format!("error dialing backend: {error}"))
        }
        error => unworded(error.to_string()),
    }
}

fn passed_refusal(response: Response) -> Result<Response, Failure> {
    if response.status() < StatusCode::BAD_REQUEST {
        return Err(upgrade_failed(&ForwardError::NotSwitched(response.status())));
    }
    Ok(response)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn only_websockets_that_a_kubelet_does_not_take_are_changed() {
        let headers = |upgrade: &'static str, protocol: &'static str| {
            let mut headers = HeaderMap::new();
            headers.insert(header::UPGRADE, HeaderValue::from_static(upgrade));
            headers.insert(header::SEC_WEBSOCKET_PROTOCOL, HeaderValue::from_static(protocol));
            headers
        };
        let told = |way| match way {
            Way::Passed => "passed".to_owned(),
            Way::Translated => "translated".to_owned(),
            Way::Unwrapped(protocols) => protocols.join(" "),
        };
        for (door, upgrade, protocol, takes, expected) in [
            (Door::Exec, "SPDY/3.1", "", false, "passed"),
            (Door::Exec, "websocket", TERMINAL, false, "translated"),
            (Door::Attach, "websocket", "v4.channel.k8s.io", false, "passed"),
            (Door::Exec, "websocket", TERMINAL, true, "passed"),
            (
                Door::PortForward,
                "websocket",
                "SPDY/3.1+portforward.k8s.io",
                false,
                "portforward.k8s.io",
            ),
            (Door::PortForward, "websocket", "SPDY/3.1+portforward.k8s.io", true, "passed"),
            (Door::PortForward, "websocket", "v4.channel.k8s.io", false, "passed"),
        ] {
            let way = Way::of(door, &headers(upgrade, protocol), takes);
            assert_eq!(told(way), expected, "{door:?} {upgrade} {protocol} {takes}");
        }
    }
}
