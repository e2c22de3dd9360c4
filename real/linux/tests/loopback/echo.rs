//! A gRPC service in the form that tonic generates, and its client.

use ::http::uri::PathAndQuery;
use host::BoxFuture;
use std::{
    convert::Infallible,
    sync::Arc,
    task::{Context, Poll},
};
use tokio::sync::Semaphore;
use tonic::{
    Request, Response, Status,
    server::{Grpc, NamedService, ServerStreamingService, UnaryService},
};
use tonic_prost::ProstCodec;
use wire::{GrpcBody, Peer};

type Codec = ProstCodec<String, String>;

/// `Echo` answers with the message; `Whoami` with the client's certificate; `Fail` with an error;
/// `Wait` once its gate is open; `Count` streams the numbers up to the message's.
#[derive(Clone, Debug, Default)]
pub(crate) struct EchoServer(pub(crate) Arc<Gate>);

/// Holds calls of `Wait` back, and tells that they came.
#[derive(Debug)]
pub(crate) struct Gate {
    pub(crate) arrived: Semaphore,
    pub(crate) open: Semaphore,
}

impl Default for Gate {
    fn default() -> Self {
        Self { arrived: Semaphore::new(0), open: Semaphore::new(0) }
    }
}

impl NamedService for EchoServer {
    const NAME: &'static str = "test.Echo";
}

struct Unary(Arc<Gate>, &'static str);

impl UnaryService<String> for Unary {
    type Response = String;
    type Future = BoxFuture<'static, Result<Response<String>, Status>>;

    fn call(&mut self, request: Request<String>) -> Self::Future {
        let (gate, method) = (self.0.clone(), self.1);
        Box::pin(async move {
            match method {
                "Wait" => {
                    gate.arrived.add_permits(1);
                    gate.open.acquire().await.unwrap().forget();
                }
                "Fail" => return Err(Status::failed_precondition(request.into_inner())),
                _ => {}
            }
            if method != "Whoami" {
                return Ok(Response::new(request.into_inner()));
            }
            let peer = request.extensions().get::<Peer>().expect("every request has a peer");
            let certificate = peer.certificate.as_ref();
            Ok(Response::new(certificate.map_or("nobody".into(), |found| {
                format!("{} {:?} {:?}", found.common_name, found.dns_names, found.ip_addresses)
            })))
        })
    }
}

struct Count;

impl ServerStreamingService<String> for Count {
    type Response = String;
    type ResponseStream = tokio_stream::Iter<std::vec::IntoIter<Result<String, Status>>>;
    type Future = BoxFuture<'static, Result<Response<Self::ResponseStream>, Status>>;

    fn call(&mut self, request: Request<String>) -> Self::Future {
        let last = request.into_inner().parse().unwrap_or(0_u32);
        let numbers: Vec<_> = (1..=last).map(|number| Ok(number.to_string())).collect();
        Box::pin(async move { Ok(Response::new(tokio_stream::iter(numbers))) })
    }
}

impl tower_service::Service<::http::Request<GrpcBody>> for EchoServer {
    type Response = wire::Response;
    type Error = Infallible;
    type Future = BoxFuture<'static, Result<wire::Response, Infallible>>;

    fn poll_ready(&mut self, _: &mut Context<'_>) -> Poll<Result<(), Infallible>> {
        Poll::Ready(Ok(()))
    }

    fn call(&mut self, request: ::http::Request<GrpcBody>) -> Self::Future {
        let gate = self.0.clone();
        Box::pin(async move {
            let mut grpc = Grpc::new(Codec::default());
            let unary = match request.uri().path() {
                "/test.Echo/Echo" => "Echo",
                "/test.Echo/Whoami" => "Whoami",
                "/test.Echo/Wait" => "Wait",
                "/test.Echo/Fail" => "Fail",
                "/test.Echo/Count" => return Ok(grpc.server_streaming(Count, request).await),
                _ => return Ok(bare_unimplemented()),
            };
            Ok(grpc.unary(Unary(gate, unary), request).await)
        })
    }
}

/// As generated code answers an unknown method.
fn bare_unimplemented() -> wire::Response {
    let mut response = ::http::Response::new(wire::Body::default());
    let code = (tonic::Code::Unimplemented as i32).into();
    response.headers_mut().insert(Status::GRPC_STATUS, code);
    response.headers_mut().insert(::http::header::CONTENT_TYPE, tonic::metadata::GRPC_CONTENT_TYPE);
    response
}

/// Calls a unary method as generated clients do.
pub(crate) async fn call(
    channel: &wire::client::Channel,
    path: &'static str,
    request: impl tonic::IntoRequest<String>,
) -> Result<String, Status> {
    let mut grpc = tonic::client::Grpc::new(channel.clone());
    grpc.ready().await?;
    let path = PathAndQuery::from_static(path);
    Ok(grpc.unary(request.into_request(), path, Codec::default()).await?.into_inner())
}

/// Calls `Count` and gives what it streamed.
pub(crate) async fn count(
    channel: &wire::client::Channel,
    last: u32,
) -> Result<Vec<String>, Status> {
    let mut grpc = tonic::client::Grpc::new(channel.clone());
    grpc.ready().await?;
    let path = PathAndQuery::from_static("/test.Echo/Count");
    let request = Request::new(last.to_string());
    let mut stream = grpc.server_streaming(request, path, Codec::default()).await?.into_inner();
    let mut found = Vec::new();
    while let Some(message) = stream.message().await? {
        found.push(message);
    }
    Ok(found)
}
