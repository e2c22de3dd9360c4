//! A client of etcd with upstream's manners (client/v3): fail-over, retries, tokens, deadlines.
//!
//! ```text
//! let client = Client::new(&host, Config::new(endpoints));
//! client.put(op::put("a", "1")).await?;
//! client.txn().when([compare::mod_revision("a", Equal, 3)]).then([op::put("a", "2")]).commit().await?;
//! let mut watcher = client.watch(op::watch_prefix("a"));
//! ```
//!
//! Requests are the API's own messages; [`op`] and [`compare`] make the usual ones. Errors are
//! statuses: [`crate::EtcdError::from_status`] names those of the server, and
//! [`is_outcome_unknown`] tells a writer whether its write may have happened.

mod auth;
mod cluster;
pub mod compare;
mod kv;
mod lease;
mod maintenance;
pub mod op;
mod recipe;
mod retry;
mod token;
mod txn;
mod watch;

pub use lease::{KeepAlive, Lost};
pub use maintenance::Snapshot;
pub use retry::is_outcome_unknown;
pub use txn::TxnBuilder;
pub use watch::{WatchError, WatchRequests, Watcher};

use host::{Backoff, Host};
use http::uri::PathAndQuery;
use prost::Message;
use retry::Policy;
use std::{sync::Arc, time::Duration};
use token::Token;
use tonic::{Request, Status, metadata::MetadataValue};
use wire::client::{Balance, Channel, ChannelConfig, Endpoint};

/// What a client is told at its start.
#[derive(Clone, Debug)]
pub struct Config {
    /// The members to talk to.
    pub endpoints: Vec<Endpoint>,
    /// How connections are made and kept.
    pub channel: ChannelConfig,
    /// User name and password, where the cluster asks for them.
    pub credentials: Option<(String, String)>,
}

impl Config {
    /// Plain connections to these members, each call to the next one, failed members tried again
    /// after at most three seconds.
    pub fn new(endpoints: Vec<Endpoint>) -> Self {
        let channel = ChannelConfig {
            balance: Balance::RoundRobin,
            connect_timeout: Duration::from_secs(5),
            backoff: Backoff { first: Duration::from_millis(100), max: Duration::from_secs(3) },
            keepalive_interval: Duration::from_secs(10),
            keepalive_timeout: Duration::from_secs(5),
            ..ChannelConfig::default()
        };
        Self { endpoints, channel, credentials: None }
    }
}

/// A client. Cheap to clone; clones share connections and token, not options.
#[derive(Clone, Debug)]
pub struct Client {
    shared: Arc<Shared>,
    options: Options,
}

#[derive(Debug)]
struct Shared {
    host: Host,
    channel: Channel,
    endpoints: usize,
    token: Token,
}

#[derive(Clone, Copy, Debug)]
struct Options {
    /// For a call with all of its retries.
    timeout: Option<Duration>,
    require_leader: bool,
    attempts_max: u32,
}

/// Upstream's `defaultUnaryMaxRetries`.
const ATTEMPTS_MAX: u32 = 100;

impl Client {
    /// Connects to nothing before the first call.
    pub fn new(host: &Host, config: Config) -> Self {
        let endpoints = config.endpoints.len();
        let channel = Channel::new(host, config.endpoints, config.channel);
        let token = Token::new(config.credentials);
        let shared = Arc::new(Shared { host: host.clone(), channel, endpoints, token });
        let options = Options { timeout: None, require_leader: false, attempts_max: ATTEMPTS_MAX };
        Self { shared, options }
    }

    /// This client, giving up on every call after `limit`.
    #[must_use]
    pub fn with_timeout(mut self, limit: Duration) -> Self {
        self.options.timeout = Some(limit);
        self
    }

    /// This client, whose calls and streams fail on members that have no leader
    /// (clientv3's `WithRequireLeader`).
    #[must_use]
    pub fn with_require_leader(mut self) -> Self {
        self.options.require_leader = true;
        self
    }

    /// This client, without retries.
    #[must_use]
    pub fn without_retries(mut self) -> Self {
        self.options.attempts_max = 1;
        self
    }

    /// The machine the client runs on.
    pub fn host(&self) -> &Host {
        &self.shared.host
    }

    /// One call with its retries.
    async fn call<Q, A>(&self, path: &'static str, policy: Policy, message: Q) -> Result<A, Status>
    where
        Q: Message + Clone + 'static,
        A: Message + Default + 'static,
    {
        self.in_time(self.attempts(path, policy, message)).await
    }

    /// `work` within this client's time limit, if it has one.
    async fn in_time<T>(&self, work: impl Future<Output = Result<T, Status>>) -> Result<T, Status> {
        let Some(limit) = self.options.timeout else { return work.await };
        let exceeded = |_| Err(Status::deadline_exceeded("context deadline exceeded"));
        self.host().timeout(limit, work).await.unwrap_or_else(exceeded)
    }

    async fn attempts<Q, A>(
        &self,
        path: &'static str,
        policy: Policy,
        message: Q,
    ) -> Result<A, Status>
    where
        Q: Message + Clone + 'static,
        A: Message + Default + 'static,
    {
        let mut attempt = 0;
        loop {
            let error = match self.attempt(path, message.clone()).await {
                Ok(answer) => return Ok(answer),
                Err(error) => error,
            };
            attempt += 1;
            let refreshed = self.shared.token.is_refused(&error);
            if attempt >= self.options.attempts_max
                || !(refreshed || policy.allows(&error, self.shared.endpoints))
            {
                return Err(error);
            }
            self.host().sleep(self.wait_before(attempt, refreshed)).await;
        }
    }

    /// All members that make a quorum are tried in a row, then there is a pause
    /// (clientv3's `roundRobinQuorumBackoff`).
    fn wait_before(&self, attempt: u32, refreshed: bool) -> Duration {
        let quorum = u32::try_from(self.shared.endpoints / 2 + 1).unwrap_or(1);
        match attempt.is_multiple_of(quorum) || refreshed {
            true => retry::wait(self.host().random.next_u64()),
            false => Duration::ZERO,
        }
    }

    async fn attempt<Q, A>(&self, path: &'static str, message: Q) -> Result<A, Status>
    where
        Q: Message + 'static,
        A: Message + Default + 'static,
    {
        let request = self.request(message).await?;
        self.unary(path, request).await
    }

    async fn unary<Q, A>(&self, path: &'static str, request: Request<Q>) -> Result<A, Status>
    where
        Q: Message + 'static,
        A: Message + Default + 'static,
    {
        let mut grpc = tonic::client::Grpc::new(self.shared.channel.clone())
            .max_decoding_message_size(usize::MAX);
        let codec = tonic_prost::ProstCodec::<Q, A>::default();
        let path = PathAndQuery::from_static(path);
        grpc.unary(request, path, codec).await.map(tonic::Response::into_inner)
    }

    /// A request with the metadata that this client sends.
    async fn request<Q>(&self, message: Q) -> Result<Request<Q>, Status> {
        let mut request = Request::new(message);
        if let Some(limit) = self.options.timeout {
            request.set_timeout(limit);
        }
        let metadata = request.metadata_mut();
        metadata.insert("client-api-version", MetadataValue::from_static("3.6.0"));
        if self.options.require_leader {
            metadata.insert("hasleader", MetadataValue::from_static("true"));
        }
        if let Some(token) = self.shared.token.get(self).await? {
            let invalid = |_| Status::internal("the server's token is no metadata value");
            metadata.insert("token", token.parse().map_err(invalid)?);
        }
        Ok(request)
    }

    /// As [`Client::request`], for streams that live on: a client's time limit is for calls.
    async fn stream_request<Q>(&self, messages: Q) -> Result<Request<Q>, Status> {
        let mut request = self.request(messages).await?;
        request.metadata_mut().remove("grpc-timeout");
        Ok(request)
    }
}
