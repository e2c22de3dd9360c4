//! Connections that leave HTTP: a `101 Switching Protocols`, and the bytes after it.
//!
//! Only HTTP/1.1 has this (RFC 9110, section 7.8); clients that want it do not offer HTTP/2.

use crate::{
    Body, Response,
    filtered::{Filtered, Replayed},
    io::Io,
};
use host::{BoxFuture, BoxStream};
use http::{HeaderMap, HeaderName, HeaderValue, StatusCode, header};
use hyper::upgrade::Upgraded;
use parking_lot::Mutex;
use std::{fmt, io, sync::Arc};

type Work = Box<dyn FnOnce(BoxStream) -> BoxFuture<'static, ()> + Send>;

/// What becomes of a connection after its response `101`: an extension of that response.
///
/// The work runs in the connection's own task. It keeps its place among
/// [`crate::server::Limits::connections_max`], and ends with the server's stop.
#[derive(Clone)]
pub struct Takeover(Arc<Mutex<Option<Work>>>);

impl fmt::Debug for Takeover {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("Takeover")
    }
}

impl Takeover {
    /// Hands the connection to `work`.
    pub fn new<F>(work: impl FnOnce(BoxStream) -> F + Send + 'static) -> Self
    where
        F: Future<Output = ()> + Send + 'static,
    {
        let work: Work = Box::new(move |stream| Box::pin(work(stream)));
        Self(Arc::new(Mutex::new(Some(work))))
    }

    pub(crate) async fn run(self, stream: BoxStream) {
        let work = self.0.lock().take();
        if let Some(work) = work {
            work(stream).await;
        }
    }
}

/// A response that ends HTTP on its connection, with headers that say what comes instead.
pub fn switching(headers: HeaderMap, takeover: Takeover) -> Response {
    let mut response = http::Response::new(Body::empty());
    *response.status_mut() = StatusCode::SWITCHING_PROTOCOLS;
    *response.headers_mut() = headers;
    response.extensions_mut().insert(takeover);
    response
}

/// Whether a request wants to leave HTTP, as apimachinery's `IsUpgradeRequest` sees it.
pub fn is_upgrade(headers: &HeaderMap) -> bool {
    has_token(headers, &header::CONNECTION, "upgrade")
}

/// Whether a header's values, taken together, contain a word in any case.
pub fn has_token(headers: &HeaderMap, name: &HeaderName, word: &str) -> bool {
    let says = |value: &HeaderValue| {
        value.to_str().is_ok_and(|value| value.to_ascii_lowercase().contains(word))
    };
    headers.get_all(name).iter().any(says)
}

/// The connection under what hyper gives after an upgrade, with the bytes that it had read ahead.
pub(crate) fn stream(upgraded: Upgraded) -> io::Result<BoxStream> {
    let parts = upgraded
        .downcast::<Io>()
        .map_err(|_| io::Error::other("the connection is not one of ours"))?;
    let (stream, read) = (parts.io.0, parts.read_buf);
    if read.is_empty() {
        return Ok(stream);
    }
    Ok(Box::new(Filtered { incoming: Replayed(read), stream }))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_header_connection_says_whether_it_is_an_upgrade() {
        for (values, expected) in [
            (&["Upgrade"][..], true),
            (&["keep-alive, Upgrade"], true),
            (&["keep-alive", "upgrade"], true),
            (&["keep-alive"], false),
            (&[], false),
        ] {
            let mut headers = HeaderMap::new();
            for value in values {
                headers.append(header::CONNECTION, HeaderValue::from_static(value));
            }
            assert_eq!(is_upgrade(&headers), expected, "{values:?}");
        }
    }
}
