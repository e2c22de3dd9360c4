//! Requests that another server of the cluster answers: forwarded to it, with word of who asks.
//!
//! Upstream: kube-aggregator/pkg/apiserver/handler_proxy.go.

use super::{Asked, Server, answer};
use crate::server::body::Upload;
use crate::{
    aggregation::{Extension, identity},
    routing,
};
use http::{StatusCode, header};
use std::time::Duration;
use wire::{
    Body, Response,
    proxy::{Backend, forward},
};

/// For the connection (Go's net.Dialer in http.DefaultTransport).
const CONNECT_LIMIT: Duration = Duration::from_secs(30);
/// A connection that left HTTP and on which nobody says anything.
const IDLE_LIMIT: Duration = Duration::from_secs(4 * 3600);

impl Server {
    /// What the server of an extension answers.
    pub(super) async fn extended(
        &self,
        asked: Asked,
        extension: &Extension,
        body: Upload,
    ) -> Response {
        if !extension.available {
            return unavailable("service unavailable");
        }
        let tls = match &extension.tls {
            Ok(tls) => tls.clone(),
            Err(why) => return told(StatusCode::INTERNAL_SERVER_ERROR, why),
        };
        let service = (extension.namespace.as_str(), extension.service.as_str());
        let place = routing::authority(&self.registry, service, extension.port).await;
        let endpoint = place.ok().and_then(|place| format!("https://{place}").parse().ok());
        let Some(endpoint) = endpoint else { return unavailable("service unavailable") };
        let mut request = http::Request::new(Body::new(body));
        *request.method_mut() = asked.method;
        // Over HTTP/2 it came with a host, which is this server's.
        let path = asked.uri.path_and_query().cloned();
        *request.uri_mut() = path.map(http::Uri::from).unwrap_or_default();
        *request.headers_mut() = asked.headers;
        request.headers_mut().remove(header::HOST);
        identity::set(request.headers_mut(), &asked.requester.user);
        if let Some(peer) = asked.peer {
            request.extensions_mut().insert(peer);
        }
        let backend = Backend {
            endpoint,
            tls: Some(tls),
            connect_limit: CONNECT_LIMIT,
            idle_limit: IDLE_LIMIT,
        };
        match forward(&self.host, &backend, request).await {
            Ok(response) if self.rejects(&response) => told(
                StatusCode::BAD_GATEWAY,
                "the backend attempted to redirect this request, which is not permitted",
            ),
            Ok(response) => response,
            Err(error) => unavailable(&format!("error trying to reach service: {error}")),
        }
    }

    /// Whoever follows a redirect would show its credentials elsewhere.
    fn rejects(&self, response: &Response) -> bool {
        let rejects = self.aggregator.as_ref().is_some_and(|all| all.rejects_redirects);
        let moved = response.status().is_redirection();
        rejects && moved && response.headers().contains_key(header::LOCATION)
    }
}

fn unavailable(why: &str) -> Response {
    told(StatusCode::SERVICE_UNAVAILABLE, why)
}

/// As Go's http.Error writes it.
fn told(status: StatusCode, why: &str) -> Response {
    answer::text(status, format!("{why}\n"))
}
