//! A gRPC channel over one or several endpoints, for tonic's generated clients.

use super::{
    DialError, Endpoint,
    link::{Link, Standing},
};
use crate::{Body, GrpcBody, deadline, status_of, tls::ClientTls};
use host::{Backoff, BoxFuture, Host, Instant, Sleep, event};
use http::uri::{PathAndQuery, Uri};
use hyper::{body::Incoming, client::conn::http2::SendRequest};
use std::{
    fmt,
    pin::Pin,
    sync::{
        Arc,
        atomic::{AtomicUsize, Ordering},
    },
    task::{Context, Poll},
    time::Duration,
};
use tokio::sync::Notify;
use tonic::Status;

/// Which endpoint the next call goes to.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub enum Balance {
    /// Each in turn.
    #[default]
    RoundRobin,
    /// The same until it fails, then the next.
    Pinned,
}

/// How a channel behaves.
#[derive(Clone, Debug)]
pub struct ChannelConfig {
    /// For https endpoints.
    pub tls: Option<ClientTls>,
    /// Which endpoint is next.
    pub balance: Balance,
    /// For look-up, TCP and TLS together. grpc-go's default is 20 s.
    pub connect_timeout: Duration,
    /// Between failed attempts to connect to an endpoint. grpc-go's default: from 1 s to 120 s.
    pub backoff: Backoff,
    /// A silent server is pinged this often; zero: never.
    pub keepalive_interval: Duration,
    /// A ping not answered in this time ends the connection and its calls with UNAVAILABLE.
    pub keepalive_timeout: Duration,
    /// Ping also without calls.
    pub keepalive_while_idle: bool,
    /// Bytes a server may send on a stream, and on a connection, before we have read them.
    pub window_bytes: u32,
    /// Bytes of a response's headers. grpc-go: 16 MiB.
    pub header_bytes_max: u32,
}

impl Default for ChannelConfig {
    fn default() -> Self {
        Self {
            tls: None,
            balance: Balance::RoundRobin,
            connect_timeout: Duration::from_secs(20),
            backoff: Backoff { first: Duration::from_secs(1), max: Duration::from_secs(120) },
            keepalive_interval: Duration::ZERO,
            keepalive_timeout: Duration::from_secs(20),
            keepalive_while_idle: false,
            window_bytes: 1024 * 1024,
            header_bytes_max: 16 * 1024 * 1024,
        }
    }
}

/// A way to a service. Cheap to clone; clones share connections. Nothing is opened before the
/// first call.
///
/// A call goes to an endpoint that can be reached; only a call of which nothing was sent moves on
/// to another. Errors are statuses: UNAVAILABLE when there is no connection or it broke,
/// DEADLINE_EXCEEDED when the call's `grpc-timeout` passed.
#[derive(Clone)]
pub struct Channel(Arc<Shared>);

struct Shared {
    host: Host,
    config: ChannelConfig,
    links: Vec<Link>,
    turn: AtomicUsize,
    /// An attempt to connect came to its end.
    settled: Notify,
}

/// What a call finds when it looks for a connection.
enum Look {
    Found(usize, SendRequest<Body>),
    /// Until somebody has dialed, or until the first that rests has rested.
    Wait {
        until: Option<Instant>,
    },
    /// All rest. None: there is no endpoint.
    Failed(Option<DialError>),
}

impl fmt::Debug for Channel {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let endpoints = self.0.links.iter().map(|link| link.endpoint.to_string());
        f.debug_tuple("Channel").field(&endpoints.collect::<Vec<_>>()).finish()
    }
}

impl Channel {
    /// A channel to `endpoints`; which of them is first is drawn.
    pub fn new(host: &Host, endpoints: Vec<Endpoint>, config: ChannelConfig) -> Self {
        let links: Vec<_> = endpoints.into_iter().map(Link::new).collect();
        let first = host.random.below(links.len() as u64);
        let turn = AtomicUsize::new(usize::try_from(first).unwrap_or(0));
        let settled = Notify::new();
        Self(Arc::new(Shared { host: host.clone(), config, links, turn, settled }))
    }

    /// Sends one request: a gRPC call, or any other over HTTP/2. Of its URI only path and query
    /// count.
    ///
    /// # Errors
    /// UNAVAILABLE, DEADLINE_EXCEEDED, or what a reset of the stream means.
    pub async fn send(
        &self,
        request: http::Request<Body>,
    ) -> Result<http::Response<GrpcBody>, Status> {
        let shared = &self.0;
        let limit = deadline::of(request.headers());
        let mut sleep = limit.map(|limit| shared.host.sleep(limit));
        let response = match &mut sleep {
            None => shared.send(request).await?,
            Some(sleep) => before(sleep, shared.send(request)).await?,
        };
        Ok(response.map(|body| GrpcBody::of_response(body, sleep)))
    }
}

/// `work`, or DEADLINE_EXCEEDED. The same wait goes on to bound the response's body.
async fn before<T>(
    sleep: &mut Pin<Box<dyn Sleep>>,
    work: impl Future<Output = Result<T, Status>>,
) -> Result<T, Status> {
    let mut work = std::pin::pin!(work);
    std::future::poll_fn(|cx| match work.as_mut().poll(cx) {
        Poll::Ready(result) => Poll::Ready(result),
        Poll::Pending => sleep.as_mut().poll(cx).map(|()| Err(deadline::exceeded())),
    })
    .await
}

impl Shared {
    async fn send(
        self: &Arc<Self>,
        mut request: http::Request<Body>,
    ) -> Result<http::Response<Incoming>, Status> {
        let path = request.uri().path_and_query().cloned();
        let path = path.unwrap_or_else(|| PathAndQuery::from_static("/"));
        // One more than there are endpoints: each may have a connection that is just closing.
        for _ in 0..=self.links.len() {
            let (index, mut sender) = self.pick().await?;
            *request.uri_mut() = uri(&self.links[index].endpoint, &path)?;
            let mut refused = match sender.try_send_request(request).await {
                Ok(response) => return Ok(response),
                Err(refused) => refused,
            };
            self.pass_over(index);
            match refused.take_message() {
                // Nothing of it was sent, so it may go elsewhere: grpc's transparent retry.
                Some(unsent) => request = unsent,
                None => return Err(status_of(&refused.into_error())),
            }
            host::sometimes!(self.host, "wire: unsent request moves to another connection");
        }
        Err(Status::unavailable("transport is closing"))
    }

    /// A connection, beginning with the endpoint whose turn it is. An endpoint that is being dialed
    /// holds up no call that another can carry.
    ///
    /// # Errors
    /// All endpoints failed and rest: calls fail fast then, as grpc-go's do.
    async fn pick(self: &Arc<Self>) -> Result<(usize, SendRequest<Body>), Status> {
        let first = match self.config.balance {
            Balance::RoundRobin => self.turn.fetch_add(1, Ordering::Relaxed),
            Balance::Pinned => self.turn.load(Ordering::Relaxed),
        };
        loop {
            // Asked for before the look, so that what settles meanwhile is not missed.
            let mut settled = std::pin::pin!(self.settled.notified());
            settled.as_mut().enable();
            match self.look(first) {
                Look::Found(index, sender) => return Ok((index, sender)),
                Look::Failed(last) => return Err(unreachable(last)),
                Look::Wait { until: None } => settled.await,
                // Whoever has rested by then may be faster than whoever is being dialed.
                Look::Wait { until: Some(until) } => {
                    let wait = until.since(self.host.now());
                    let _ = self.host.timeout(wait, settled).await;
                }
            }
        }
    }

    /// Asks the endpoints from `first` on, and begins to dial where nobody has.
    fn look(self: &Arc<Self>, first: usize) -> Look {
        let (mut dialing, mut until, mut last) = (false, None, None);
        for step in 0..self.links.len() {
            let index = first.wrapping_add(step) % self.links.len();
            match self.links[index].standing(self.host.now()) {
                Standing::Ready(sender) => return Look::Found(index, sender),
                Standing::Dialing => dialing = true,
                Standing::Idle => {
                    dialing = true;
                    self.dial(index);
                }
                Standing::Resting(rested, why) => {
                    self.pass_over(index);
                    until = until.into_iter().chain([rested]).min();
                    last = Some(why);
                }
            }
            if dialing && self.config.balance == Balance::Pinned {
                break;
            }
        }
        if dialing { Look::Wait { until } } else { Look::Failed(last) }
    }

    /// Begins to open a connection. Nobody owns the work: it is for all calls, and ends in
    /// `connect_timeout`.
    fn dial(self: &Arc<Self>, index: usize) {
        if self.links[index].begin() {
            let shared = self.clone();
            let work = async move {
                shared.links[index].open(&shared.host, &shared.config).await;
                shared.settled.notify_waiters();
            };
            self.host.spawn("wire/dial", work).detach();
        }
    }

    /// A pinned channel leaves an endpoint that failed.
    fn pass_over(&self, index: usize) {
        if self.config.balance == Balance::Pinned {
            let next = (index + 1) % self.links.len();
            let turn = &self.turn;
            // Only the first of many calls that saw the failure moves it.
            let moved = turn.compare_exchange(index, next, Ordering::Relaxed, Ordering::Relaxed);
            if moved.is_ok() {
                event!(
                    self.host,
                    Debug,
                    "moving to another endpoint",
                    from = &self.links[index].endpoint.to_string(),
                    to = &self.links[next].endpoint.to_string()
                );
            }
        }
    }
}

/// grpc-go's words (internal/transport/http2_client.go and clientconn.go).
fn unreachable(last: Option<DialError>) -> Status {
    let Some(error) = last else {
        return Status::unavailable("no endpoints");
    };
    let what = match &error {
        DialError::Connect { .. } => "Error while dialing: ",
        DialError::Handshake(_) | DialError::NoTls(_) => "",
    };
    Status::unavailable(format!("connection error: desc = \"transport: {what}{error}\""))
}

fn uri(endpoint: &Endpoint, path: &PathAndQuery) -> Result<Uri, Status> {
    Uri::builder()
        .scheme(endpoint.scheme.clone())
        .authority(endpoint.authority.clone())
        .path_and_query(path.clone())
        .build()
        .map_err(|error| Status::internal(error.to_string()))
}

impl tower_service::Service<http::Request<Body>> for Channel {
    type Response = http::Response<GrpcBody>;
    type Error = Status;
    type Future = BoxFuture<'static, Result<Self::Response, Status>>;

    fn poll_ready(&mut self, _: &mut Context<'_>) -> Poll<Result<(), Status>> {
        Poll::Ready(Ok(()))
    }

    fn call(&mut self, request: http::Request<Body>) -> Self::Future {
        let channel = self.clone();
        Box::pin(async move { channel.send(request).await })
    }
}
