//! One request forwarded to another server, and what it answers: streams and upgrades included.
//!
//! Upstream: apimachinery/pkg/util/proxy/upgradeaware.go and Go's httputil.ReverseProxy.

mod headers;

use crate::{
    Body, Peer, Response,
    client::{Connection, Endpoint, Fetched, RequestError, fetch},
    is_upgrade, relay, switching,
    tls::ClientTls,
    upgrade::Takeover,
};
use host::Host;
use http::StatusCode;
use std::time::Duration;

/// Whom requests are forwarded to, and how long one waits for it.
#[derive(Clone, Debug)]
pub struct Backend {
    /// Where it is.
    pub endpoint: Endpoint,
    /// Whom to believe and who we are, for https.
    pub tls: Option<ClientTls>,
    /// For the connection.
    pub connect_limit: Duration,
    /// Silence both ways after which a connection that left HTTP is closed.
    pub idle_limit: Duration,
}

/// Why there is no answer to forward.
#[derive(Debug, thiserror::Error)]
pub enum ForwardError {
    /// The backend was not reached, or broke off before it answered.
    #[error(transparent)]
    Request(#[from] RequestError),
    /// The client asked for an upgrade, and the backend answered as if it had not.
    #[error("invalid upgrade response: status code {}", .0.as_u16())]
    NotSwitched(StatusCode),
}

/// Forwards a request, whose URI is the path and query at the backend and whose extensions hold the
/// client's [`Peer`].
///
/// Headers that are about the connection stay behind, and `X-Forwarded-For` gets the client. Where
/// the request asks for an upgrade they go along, and once the backend has switched the two
/// connections are joined. A body that breaks off at the backend breaks off at the client.
///
/// # Errors
/// [`ForwardError`].
pub async fn forward(
    host: &Host,
    backend: &Backend,
    mut request: http::Request<Body>,
) -> Result<Response, ForwardError> {
    let client = request.extensions().get::<Peer>().map(|peer| peer.remote.ip());
    let upgrade = is_upgrade(request.headers());
    if !upgrade {
        headers::leave_behind(request.headers_mut());
    }
    if let Some(client) = client {
        headers::forwarded_for(request.headers_mut(), client);
    }
    *request.version_mut() = http::Version::HTTP_11;
    let (tls, limit) = (backend.tls.as_ref(), backend.connect_limit);
    match fetch(host, &backend.endpoint, tls, request, limit).await? {
        Fetched::Switched(headers, Connection(stream)) if upgrade => {
            let (host, idle) = (host.clone(), backend.idle_limit);
            let join = async move |client| drop(relay(&host, client, stream, idle).await);
            Ok(switching(headers, Takeover::new(join)))
        }
        Fetched::Switched(..) => Err(ForwardError::NotSwitched(StatusCode::SWITCHING_PROTOCOLS)),
        Fetched::Response(response) if upgrade && response.status().as_u16() < 400 => {
            Err(ForwardError::NotSwitched(response.status()))
        }
        Fetched::Response(mut response) => {
            headers::leave_behind(response.headers_mut());
            Ok(response)
        }
    }
}
