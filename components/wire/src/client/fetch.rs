//! One request on a connection of its own, whose answer streams or is the end of HTTP.

use super::{Endpoint, RequestError, dial::dial};
use crate::{
    Body, Response,
    io::Io,
    rt::{Executor, Timer},
    status::chain,
    tls::{ClientTls, Versions},
    upgrade,
};
use bytes::Bytes;
use host::{BoxStream, Host, Task};
use http::{HeaderValue, StatusCode, Uri, header};
use http_body::{Frame, SizeHint};
use hyper::{
    body::Incoming,
    client::conn::{http1, http2},
};
use std::{
    pin::Pin,
    task::{Context, Poll},
    time::Duration,
};

/// A server that is silent on an HTTP/2 connection is pinged after this long, and given up if it
/// does not answer in the time below (apimachinery's SetTransportDefaults).
const SILENCE_MAX: Duration = Duration::from_secs(30);
const PING_LIMIT: Duration = Duration::from_secs(15);

/// What a server answered.
#[derive(Debug)]
pub enum Fetched {
    /// A response. Its body ends with an error if the server dies first; dropping it closes the
    /// connection.
    Response(Response),
    /// A `101`, its headers, and the connection after it.
    Switched(http::HeaderMap, Connection),
}

/// A connection that has left HTTP.
pub struct Connection(pub BoxStream);

impl std::fmt::Debug for Connection {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        write!(f, "Connection to {}", self.0.peer_addr())
    }
}

/// Sends a request, whose URI is the path and query, to `endpoint`. A request that wants to leave
/// HTTP goes over HTTP/1.1; others over what TLS agrees on, and HTTP/1.1 without. `limit` is for the
/// connection alone.
///
/// # Errors
/// [`RequestError::Dial`] and [`RequestError::Broken`]; a status such as 503 is not an error.
pub async fn fetch(
    host: &Host,
    endpoint: &Endpoint,
    tls: Option<&ClientTls>,
    request: http::Request<Body>,
    limit: Duration,
) -> Result<Fetched, RequestError> {
    let leaves = upgrade::is_upgrade(request.headers());
    let versions = if leaves { Versions::Http1 } else { Versions::Either };
    let (stream, http2) = dial(host, endpoint, tls, versions, limit).await?;
    if http2 {
        return over_http2(host, endpoint, stream, request).await;
    }
    over_http1(host, endpoint, stream, request).await
}

fn broken(error: hyper::Error) -> RequestError {
    RequestError::Broken(chain(&error))
}

async fn over_http1(
    host: &Host,
    endpoint: &Endpoint,
    stream: BoxStream,
    mut request: http::Request<Body>,
) -> Result<Fetched, RequestError> {
    if !request.headers().contains_key(header::HOST) {
        let authority = HeaderValue::from_str(endpoint.authority.as_str())
            .map_err(|error| RequestError::Broken(error.to_string()))?;
        request.headers_mut().insert(header::HOST, authority);
    }
    let handshake = http1::Builder::new().handshake(Io(stream)).await;
    let (mut sender, connection) = handshake.map_err(broken)?;
    // Its errors come out of the request as well.
    let work = async move { drop(connection.with_upgrades().await) };
    let driver = host.spawn("wire/fetch", work);
    let mut response = sender.send_request(request).await.map_err(broken)?;
    if response.status() != StatusCode::SWITCHING_PROTOCOLS {
        return Ok(streaming(response, driver));
    }
    let upgraded = hyper::upgrade::on(&mut response).await.map_err(broken)?;
    let stream = upgrade::stream(upgraded);
    let stream = stream.map_err(|error| RequestError::Broken(error.to_string()))?;
    Ok(Fetched::Switched(response.into_parts().0.headers, Connection(stream)))
}

async fn over_http2(
    host: &Host,
    endpoint: &Endpoint,
    stream: BoxStream,
    mut request: http::Request<Body>,
) -> Result<Fetched, RequestError> {
    let named = request.headers_mut().remove(header::HOST);
    let authority = named.as_ref().and_then(|name| name.to_str().ok());
    let path = request.uri().path_and_query().map_or("/", |path| path.as_str());
    let uri = Uri::builder()
        .scheme(endpoint.scheme.clone())
        .authority(authority.unwrap_or(endpoint.authority.as_str()))
        .path_and_query(path)
        .build();
    *request.uri_mut() = uri.map_err(|error| RequestError::Broken(error.to_string()))?;
    let handshake = http2::Builder::new(Executor(host.clone()))
        .timer(Timer::new(host))
        .keep_alive_interval(SILENCE_MAX)
        .keep_alive_timeout(PING_LIMIT)
        .handshake(Io(stream))
        .await;
    let (mut sender, connection) = handshake.map_err(broken)?;
    let driver = host.spawn("wire/fetch", async move { drop(connection.await) });
    let response = sender.send_request(request).await.map_err(broken)?;
    Ok(streaming(response, driver))
}

fn streaming(response: http::Response<Incoming>, driver: Task<()>) -> Fetched {
    Fetched::Response(response.map(|body| Body::new(Streaming { body, _driver: driver })))
}

/// A body with what keeps its connection going.
struct Streaming {
    body: Incoming,
    _driver: Task<()>,
}

impl http_body::Body for Streaming {
    type Data = Bytes;
    type Error = hyper::Error;

    fn poll_frame(
        mut self: Pin<&mut Self>,
        cx: &mut Context<'_>,
    ) -> Poll<Option<Result<Frame<Bytes>, hyper::Error>>> {
        Pin::new(&mut self.body).poll_frame(cx)
    }

    fn is_end_stream(&self) -> bool {
        self.body.is_end_stream()
    }

    fn size_hint(&self) -> SizeHint {
        self.body.size_hint()
    }
}
