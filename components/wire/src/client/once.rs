//! One HTTP/1.1 request on a connection of its own: health checks, version probes, tests.

use super::{DialError, Endpoint, dial::dial};
use crate::{
    io::Io,
    status::chain,
    tls::{ClientTls, Versions},
};
use bytes::Bytes;
use host::Host;
use http::{HeaderMap, HeaderValue, Method, StatusCode, header};
use http_body_util::{BodyExt, Full, LengthLimitError, Limited};
use hyper::client::conn::http1;
use std::time::Duration;

/// A whole response.
#[derive(Clone, Debug)]
pub struct Reply {
    /// Its status.
    pub status: StatusCode,
    /// Its headers.
    pub headers: HeaderMap,
    /// All of its body.
    pub body: Bytes,
}

/// Why there is no response.
#[derive(Debug, thiserror::Error)]
pub enum RequestError {
    /// There was no connection.
    #[error(transparent)]
    Dial(#[from] DialError),
    /// The connection broke, or what came is not HTTP.
    #[error("{0}")]
    Broken(String),
    /// The body is longer than the caller allows.
    #[error("the response is longer than {0} bytes")]
    TooLong(usize),
    /// The time limit passed.
    #[error("context deadline exceeded")]
    Elapsed,
}

/// Gets `path` from `endpoint`, all within `limit`, at most `bytes_max` bytes of body.
///
/// # Errors
/// [`RequestError`]; a status such as 503 is not an error.
pub async fn get(
    host: &Host,
    endpoint: &Endpoint,
    tls: Option<&ClientTls>,
    path: &str,
    bytes_max: usize,
    limit: Duration,
) -> Result<Reply, RequestError> {
    let request = http::Request::builder().method(Method::GET).uri(path).body(Bytes::new());
    let request = request.map_err(|error| RequestError::Broken(error.to_string()))?;
    self::request(host, endpoint, tls, request, bytes_max, limit).await
}

/// Sends any request; its URI is the path and query.
///
/// # Errors
/// As [`get`].
pub async fn request(
    host: &Host,
    endpoint: &Endpoint,
    tls: Option<&ClientTls>,
    mut request: http::Request<Bytes>,
    bytes_max: usize,
    limit: Duration,
) -> Result<Reply, RequestError> {
    let authority = HeaderValue::from_str(endpoint.authority.as_str())
        .map_err(|error| RequestError::Broken(error.to_string()))?;
    request.headers_mut().insert(header::HOST, authority);
    let exchange = async {
        let (stream, _) = dial(host, endpoint, tls, Versions::Http1, limit).await?;
        exchange(host, stream, request.map(Full::new), bytes_max).await
    };
    host.timeout(limit, exchange).await.unwrap_or(Err(RequestError::Elapsed))
}

async fn exchange(
    host: &Host,
    stream: host::BoxStream,
    request: http::Request<Full<Bytes>>,
    bytes_max: usize,
) -> Result<Reply, RequestError> {
    let broken = |error: hyper::Error| RequestError::Broken(chain(&error));
    let (mut sender, connection) =
        http1::Builder::new().handshake(Io(stream)).await.map_err(broken)?;
    // Its errors come out of the request as well.
    let _driver = host.spawn("wire/once", async move { drop(connection.await) });
    let response = sender.send_request(request).await.map_err(broken)?;
    let (head, body) = response.into_parts();
    let body = Limited::new(body, bytes_max).collect().await.map_err(|error| {
        if error.is::<LengthLimitError>() {
            RequestError::TooLong(bytes_max)
        } else {
            RequestError::Broken(chain(&*error))
        }
    })?;
    Ok(Reply { status: head.status, headers: head.headers, body: body.to_bytes() })
}
