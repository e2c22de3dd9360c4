//! Sends gRPC calls to their service by path, and everything else to a plain HTTP handler.
//!
//! A request is gRPC when it came over HTTP/2 with a gRPC content type: the test of etcd's
//! `grpcHandlerFunc` (server/embed/serve.go). Texts for what is not found: grpc-go's
//! `handleStream` (server.go).

use crate::{
    Body, CallCounts, GrpcBody, Request, Response, Service,
    answer_body::{self, AnswerBody, Cut},
    calls::Call,
    deadline, full,
};
use host::{BoxFuture, Host, Stop};
use http::{HeaderValue, StatusCode, Version, header};
use std::{
    collections::BTreeMap, convert::Infallible, fmt, future::poll_fn, pin::pin, sync::Arc,
    task::Poll, time::Duration,
};
use tonic::{Code, Status, server::NamedService};

/// A set of gRPC services and a fallback for other requests.
pub struct Router {
    host: Host,
    grpc: BTreeMap<&'static str, Box<dyn GrpcService>>,
    fallback: Arc<dyn Service>,
    counts: CallCounts,
    endless: Option<Endless>,
}

/// Calls that may go on for ever, and what ends them.
struct Endless {
    paths: &'static [&'static str],
    stop: Stop,
    status: Status,
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
        let (grpc, counts) = (BTreeMap::new(), CallCounts::default());
        Self { host: host.clone(), grpc, fallback, counts, endless: None }
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

    /// Counts calls of the methods that `counts` knows.
    #[must_use]
    pub fn counted(mut self, counts: &CallCounts) -> Self {
        self.counts = counts.clone();
        self
    }

    /// Ends these calls with `status` at `stop`: who drains must not wait for what never ends.
    #[must_use]
    pub fn cut(mut self, paths: &'static [&'static str], stop: Stop, status: Status) -> Self {
        self.endless = Some(Endless { paths, stop, status });
        self
    }

    fn cut_of(&self, path: &str) -> Option<Cut> {
        let endless = self.endless.as_ref().filter(|endless| endless.paths.contains(&path))?;
        let mut stop = endless.stop.clone();
        let when = Box::pin(async move { stop.stopped().await });
        Some(Cut { when, status: endless.status.clone() })
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
        let (call, cut) = (self.counts.start(&path), self.cut_of(&path));
        let answer = found.call(request.map(|body| GrpcBody::of_request(body, call.clone())));
        let unknown = format!("unknown method {method} for service {service}");
        let host = self.host.clone();
        Box::pin(async move {
            let answer = within(&host, limit, answer);
            let (response, cut) = match cut {
                None => (answer.await, None),
                Some(cut) => unless_cut(answer, cut).await,
            };
            attended(explain(response, unknown), call, cut)
        })
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

/// The answer, unless it is time to stop before it has begun.
async fn unless_cut(
    answer: impl Future<Output = Response>,
    mut cut: Cut,
) -> (Response, Option<Cut>) {
    let mut answer = pin!(answer);
    // An answer that is there is given: no chance is drawn between the two.
    let response = poll_fn(|cx| match answer.as_mut().poll(cx) {
        Poll::Ready(response) => Poll::Ready(Some(response)),
        Poll::Pending => cut.when.as_mut().poll(cx).map(|()| None),
    });
    match response.await {
        Some(response) => (response, Some(cut)),
        None => (cut.status.into_http(), None),
    }
}

/// The answer with whoever looks after its body.
fn attended(response: Response, call: Option<Call>, cut: Option<Cut>) -> Response {
    if let Some(code) = answer_body::code(response.headers()) {
        // All is said in the headers.
        if let Some(call) = call {
            call.handled(code);
        }
        return response;
    }
    if call.is_none() && cut.is_none() {
        return response;
    }
    response.map(|body| Body::new(AnswerBody::new(body, call, cut)))
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
