//! What a server is to the wire: a request goes in, a response comes out.

use crate::tls::Certificate;
use bytes::Bytes;
use host::BoxFuture;
use http_body_util::Full;
use std::{net::SocketAddr, sync::Arc};

/// A request whose body is still arriving. Its extensions hold the [`Peer`].
pub type Request = http::Request<hyper::body::Incoming>;

/// The body of a response: tonic's boxed body, which gRPC and plain handlers both give.
pub type Body = tonic::body::Body;

/// A response, whole or streaming.
pub type Response = http::Response<Body>;

/// Who sent a request; found in the request's extensions.
#[derive(Clone, Debug)]
pub struct Peer {
    /// The other end of the connection.
    pub remote: SocketAddr,
    /// Our end of it.
    pub local: SocketAddr,
    /// True when the connection is encrypted.
    pub tls: bool,
    /// The certificate the client proved to hold, if it showed one that our authorities signed.
    pub certificate: Option<Arc<Certificate>>,
}

/// In a response's extensions: the connection is to end after the requests that are under way on it.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub struct GoAway;

/// Answers requests. A plain `Fn(Request) -> impl Future<Output = Response>` is one.
pub trait Service: Send + Sync + 'static {
    /// Answers one request. Dropped when the client goes away first.
    fn call(&self, request: Request) -> BoxFuture<'static, Response>;
}

impl<F, R> Service for F
where
    F: Fn(Request) -> R + Send + Sync + 'static,
    R: Future<Output = Response> + Send + 'static,
{
    fn call(&self, request: Request) -> BoxFuture<'static, Response> {
        Box::pin(self(request))
    }
}

/// A body that is all there.
pub fn full(bytes: impl Into<Bytes>) -> Body {
    Body::new(Full::new(bytes.into()))
}

/// A body without bytes.
pub fn empty() -> Body {
    Body::empty()
}
