//! Sends gRPC calls to their service by path, and everything else to a plain HTTP handler.
//!
//! A request is gRPC when it came over HTTP/2 with a gRPC content type: the test of etcd's
//! `grpcHandlerFunc` (server/embed/serve.go). Texts for what is not found: grpc-go's
//! `handleStream` (server.go).

use crate::{Body, GrpcBody, Request, Response, Service, deadline, full};
use host::{BoxFuture, Host};
use http::{HeaderValue, StatusCode, Version, header};
use std::{collections::BTreeMap, convert::Infallible, fmt, sync::Arc, time::Duration};
use tonic::{Code, Status, server::NamedService};

/// A set of gRPC services and a fallback for other requests.
pub struct Router {
    host: Host,
    grpc: BTreeMap<&'static str, Box<dyn GrpcService>>,
    fallback: Arc<dyn Service>,
}

impl fmt::Debug for Router {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Router").field("grpc", &self.grpc.keys()).finish_non_exhaustive()
    }
}

/// A generated server behind an object.
trait GrpcService: Send + Sync {
    fn call(&self, request: http::Request<GrpcBody>) -> BoxFuture<'static, Response>;
}

impl<S> GrpcService for S
where
    S: tower_service::Service<http::Request<GrpcBody>, Response = Response, Error = Infallible>
        + Clone
        + Send
        + Sync,
    S::Future: Send + 'static,
{
    fn call(&self, request: http::Request<GrpcBody>) -> BoxFuture<'static, Response> {
        // Generated servers are always ready: `poll_ready` has nothing to say.
        let answer = tower_service::Service::call(&mut self.clone(), request);
        Box::pin(async move {
            match answer.await {
                Ok(response) => response,
                Err(never) => match never {},
            }
        })
    }
}

impl Router {
    /// Knows no service; other requests get 404. `host` keeps the calls' deadlines.
    pub fn new(host: &Host) -> Self {
        let fallback = Arc::new(|_: Request| std::future::ready(not_found()));
        Self { host: host.clone(), grpc: BTreeMap::new(), fallback }
    }

    /// Adds a server that tonic generated, under its own name.
    #[must_use]
    pub fn grpc<S>(mut self, service: S) -> Self
    where
        S: tower_service::Service<http::Request<GrpcBody>, Response = Response, Error = Infallible>
            + NamedService
            + Clone
            + Send
            + Sync
            + 'static,
        S::Future: Send + 'static,
    {
        self.grpc.insert(S::NAME, Box::new(service));
        self
    }

    /// Answers what is not gRPC.
    #[must_use]
    pub fn fallback(mut self, service: impl Service) -> Self {
        self.fallback = Arc::new(service);
        self
    }

    fn grpc_call(&self, request: Request) -> BoxFuture<'static, Response> {
        let path = request.uri().path().to_owned();
        let Some((service, method)) = path.strip_prefix('/').and_then(|path| path.rsplit_once('/'))
        else {
            return refused(format!("malformed method name: {path:?}"));
        };
        let Some(found) = self.grpc.get(service) else {
            return refused(format!("unknown service {service}"));
        };
        let limit = deadline::of(request.headers());
        let answer = found.call(request.map(GrpcBody::of_request));
        let unknown = format!("unknown method {method} for service {service}");
        let host = self.host.clone();
        Box::pin(async move { explain(within(&host, limit, answer).await, unknown) })
    }
}

impl Service for Router {
    fn call(&self, request: Request) -> BoxFuture<'static, Response> {
        if is_grpc(&request) { self.grpc_call(request) } else { self.fallback.call(request) }
    }
}

fn is_grpc(request: &Request) -> bool {
    let content_type = request.headers().get(header::CONTENT_TYPE);
    request.version() == Version::HTTP_2
        && content_type.is_some_and(|value| value.as_bytes().starts_with(b"application/grpc"))
}

/// The handler is dropped when the caller's time is up, as a Go handler's context is cancelled.
async fn within(
    host: &Host,
    limit: Option<Duration>,
    answer: BoxFuture<'static, Response>,
) -> Response {
    match limit {
        None => answer.await,
        Some(limit) => match host.timeout(limit, answer).await {
            Ok(response) => response,
            Err(host::Elapsed) => deadline::exceeded().into_http(),
        },
    }
}

/// Generated servers answer an unknown method with a bare code; grpc-go names the method.
fn explain(mut response: Response, unknown: String) -> Response {
    let headers = response.headers_mut();
    let bare = headers
        .get(Status::GRPC_STATUS)
        .is_some_and(|code| Code::from_bytes(code.as_bytes()) == Code::Unimplemented)
        && !headers.contains_key(Status::GRPC_MESSAGE);
    if bare {
        return Status::unimplemented(unknown).into_http();
    }
    response
}

fn refused(why: String) -> BoxFuture<'static, Response> {
    Box::pin(std::future::ready(Status::unimplemented(why).into_http()))
}

/// What Go's `http.NotFound` says.
fn not_found() -> Response {
    let mut response = http::Response::<Body>::new(full("404 page not found\n"));
    *response.status_mut() = StatusCode::NOT_FOUND;
    let text = HeaderValue::from_static("text/plain; charset=utf-8");
    response.headers_mut().insert(header::CONTENT_TYPE, text);
    response.headers_mut().insert("x-content-type-options", HeaderValue::from_static("nosniff"));
    response
}
