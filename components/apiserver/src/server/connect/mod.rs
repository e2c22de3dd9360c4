//! Ways into containers and to what runs in the cluster: logs, terminals, ports and proxies.
//!
//! Upstream: apiserver/pkg/endpoints/handlers/rest.go (ConnectResource), pkg/registry/core/pod/rest.

mod container;
mod joint;
mod log;
mod options;
mod path;
mod places;
mod proxy;
mod rewriting;
mod streams;
mod translation;
mod tunnel;
mod until;

use super::{Asked, Server};
use crate::{
    authorization::Attributes,
    failure::{Failure, Named},
    query::Query,
    registry::Target,
    request_info::RequestInfo,
    server::body::Upload,
    server::options::writing,
};
use http::{Method, header};
use wire::{Body, Response};

/// What a request wants of an object.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub(super) enum Door {
    Log,
    Exec,
    Attach,
    PortForward,
    PodProxy,
    ServiceProxy,
    NodeProxy,
}

/// What a plain proxy lets through.
const PROXIED: [Method; 7] = [
    Method::GET,
    Method::POST,
    Method::PUT,
    Method::PATCH,
    Method::DELETE,
    Method::HEAD,
    Method::OPTIONS,
];

impl Door {
    /// The door that a request knocks at; none: it is about an object.
    pub(super) fn of(info: &RequestInfo) -> Option<Self> {
        if !info.group.is_empty() || info.name.is_empty() {
            return None;
        }
        match (info.resource.as_str(), info.subresource.as_str()) {
            ("pods", "log") => Some(Self::Log),
            ("pods", "exec") => Some(Self::Exec),
            ("pods", "attach") => Some(Self::Attach),
            ("pods", "portforward") => Some(Self::PortForward),
            ("pods", "proxy") => Some(Self::PodProxy),
            ("services", "proxy") => Some(Self::ServiceProxy),
            ("nodes", "proxy") => Some(Self::NodeProxy),
            _ => None,
        }
    }

    fn takes(self, method: &Method) -> bool {
        match self {
            Self::Log => *method == Method::GET,
            Self::Exec | Self::Attach | Self::PortForward => {
                [Method::GET, Method::POST].contains(method)
            }
            Self::PodProxy | Self::ServiceProxy | Self::NodeProxy => PROXIED.contains(method),
        }
    }

    /// The kind of its options.
    fn kind(self) -> &'static str {
        match self {
            Self::Log => "PodLogOptions",
            Self::Exec => "PodExecOptions",
            Self::Attach => "PodAttachOptions",
            Self::PortForward => "PodPortForwardOptions",
            Self::PodProxy => "PodProxyOptions",
            Self::ServiceProxy => "ServiceProxyOptions",
            Self::NodeProxy => "NodeProxyOptions",
        }
    }
}

impl Server {
    /// Answers at a door. What goes through may last, and has no time of its own.
    pub(super) async fn connect(
        &self,
        asked: &Asked,
        door: Door,
        body: Upload,
    ) -> Result<Response, Failure> {
        let info = &asked.info;
        let resource = self.registry.resource(&info.group, &info.version, &info.resource);
        let resource = resource.ok_or_else(Failure::no_such_resource)?;
        if !door.takes(&asked.method) {
            let of = Named { group: "", resource: &info.resource, name: &info.name };
            return Err(Failure::not_supported(of, info.verb));
        }
        if resource.namespaced && info.namespace.is_empty() {
            return Err(Failure::no_such_resource());
        }
        let target = Target {
            resource,
            namespace: info.namespace.clone(),
            name: info.name.clone(),
            subresource: info.subresource.clone(),
        };
        if door == Door::Log {
            return self.log(asked, &target).await;
        }
        if !asked.query.all("dryRun").is_empty() {
            return Err(Failure::bad_request("dryRun is not supported"));
        }
        let options = options::read(door, &asked.query, &info.rest)?;
        let how = writing(asked)?;
        let options = self.registry.admitted_connect(&target, options, &how).await?;
        match door {
            Door::PodProxy | Door::ServiceProxy | Door::NodeProxy => {
                self.proxy(asked, door, &target, &options, body).await
            }
            _ => {
                self.must_create(asked).await?;
                self.open_streams(asked, door, &target, &options).await
            }
        }
    }

    /// Who may reach into a container over WebSocket, which is a GET, must be one who may over SPDY,
    /// which is a POST.
    ///
    /// Upstream: pkg/registry/core/pod/rest/authorization.go
    /// (AuthorizePodWebsocketUpgradeCreatePermission).
    async fn must_create(&self, asked: &Asked) -> Result<(), Failure> {
        if asked.info.verb == "create" {
            return Ok(());
        }
        let attributes = Attributes { verb: "create".into(), ..asked.attributes() };
        let said = self.authorization.decide(&attributes).await;
        if said.is_allowed() {
            return Ok(());
        }
        let of = Named { group: "", resource: &asked.info.resource, name: &asked.info.name };
        Err(Failure::forbidden(of, &said.reason))
    }
}

/// A request for a backend: what was asked, without what proves to us who asks.
fn outgoing(
    asked: &Asked,
    path: &str,
    query: &str,
    body: Body,
) -> Result<http::Request<Body>, Failure> {
    let uri = match query.is_empty() {
        true => path.to_owned(),
        false => format!("{path}?{query}"),
    };
    let mut request = http::Request::new(body);
    *request.method_mut() = asked.method.clone();
    *request.uri_mut() = uri.parse().map_err(|error| Failure::bad_request(format!("{error}")))?;
    *request.headers_mut() = asked.headers.clone();
    request.headers_mut().remove(header::AUTHORIZATION);
    // HTTP/2 says it elsewhere.
    if let Some(authority) = asked.uri.authority()
        && let Ok(value) = http::HeaderValue::from_str(authority.as_str())
    {
        request.headers_mut().insert(header::HOST, value);
    }
    if let Some(peer) = &asked.peer {
        request.extensions_mut().insert(peer.clone());
    }
    Ok(request)
}

/// Encodes a query as Go's `url.Values.Encode` does: sorted by name.
fn encoded(pairs: &[(&str, String)]) -> String {
    let mut sorted: Vec<_> = pairs.iter().collect();
    sorted.sort_by_key(|(name, _)| *name);
    let pairs = sorted.iter().map(|(name, value)| format!("{name}={}", path::escaped_query(value)));
    pairs.collect::<Vec<_>>().join("&")
}
