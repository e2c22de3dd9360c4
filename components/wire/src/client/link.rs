//! One HTTP/2 connection to one endpoint: opened when needed, opened again when lost.

use super::{ChannelConfig, DialError, Endpoint, dial::dial, greeting::greeted};
use crate::{
    Body,
    io::Io,
    rt::{Executor, Timer},
};
use host::{BoxStream, Host, Instant, event};
use hyper::client::conn::http2::{self, SendRequest};
use parking_lot::Mutex;
use std::time::Duration;

/// Streams we reset (calls given up) whose late frames are still expected on a connection.
const RESET_STREAMS_KEPT: usize = 1024;

/// An endpoint and its connection.
pub(super) struct Link {
    pub(super) endpoint: Endpoint,
    state: Mutex<State>,
    /// Held by whoever dials, so that one dials for all. Cancelling that caller hands it on.
    dialing: tokio::sync::Mutex<()>,
}

#[derive(Default)]
struct State {
    sender: Option<SendRequest<Body>>,
    /// Failed attempts since the last connection.
    failures: u32,
    /// No attempt before this; why the last one failed.
    resting: Option<(Instant, DialError)>,
}

impl Link {
    pub(super) fn new(endpoint: Endpoint) -> Self {
        Self { endpoint, state: Mutex::default(), dialing: tokio::sync::Mutex::default() }
    }

    /// The open connection, if there is one.
    pub(super) fn ready(&self) -> Option<SendRequest<Body>> {
        self.state.lock().sender.as_ref().filter(|sender| !sender.is_closed()).cloned()
    }

    /// The open connection, or a new one.
    ///
    /// # Errors
    /// The failure of this attempt, or of the last one while the back-off after it runs: callers
    /// fail fast then, as grpc-go's do in TRANSIENT_FAILURE.
    pub(super) async fn open(
        &self,
        host: &Host,
        config: &ChannelConfig,
    ) -> Result<SendRequest<Body>, DialError> {
        if let Some(found) = self.found(host.now()) {
            return found;
        }
        let _dialing = self.dialing.lock().await;
        // Whoever dialed before may have succeeded, or failed for all of us.
        if let Some(found) = self.found(host.now()) {
            return found;
        }
        let opened = self.connect(host, config).await;
        self.settle(host, config, &opened);
        opened
    }

    fn found(&self, now: Instant) -> Option<Result<SendRequest<Body>, DialError>> {
        if let Some(sender) = self.ready() {
            return Some(Ok(sender));
        }
        match &self.state.lock().resting {
            Some((until, why)) if now < *until => Some(Err(why.clone())),
            Some(_) | None => None,
        }
    }

    fn settle(
        &self,
        host: &Host,
        config: &ChannelConfig,
        opened: &Result<SendRequest<Body>, DialError>,
    ) {
        let mut state = self.state.lock();
        match opened {
            Ok(sender) => {
                *state = State { sender: Some(sender.clone()), failures: 0, resting: None };
            }
            Err(why) => {
                let wait = config.backoff.delay(state.failures, host.random.next_u64());
                state.sender = None;
                state.failures = state.failures.saturating_add(1);
                state.resting = Some((host.now() + wait, why.clone()));
            }
        }
    }

    async fn connect(
        &self,
        host: &Host,
        config: &ChannelConfig,
    ) -> Result<SendRequest<Body>, DialError> {
        let limit = config.connect_timeout;
        let stream = dial(host, &self.endpoint, config.tls.as_ref(), true, limit).await?;
        let greeted = self.greet(host, config, stream);
        host.timeout(limit, greeted).await.unwrap_or_else(|host::Elapsed| {
            Err(DialError::Handshake("context deadline exceeded".to_owned()))
        })
    }

    /// Agrees on HTTP/2. A connection is one once the server has spoken, as grpc-go has it: a
    /// machine that accepts and dies before its server looks would hold the first call for ever,
    /// for hyper counts a call that waits for the server's settings as idle and pings nobody.
    async fn greet(
        &self,
        host: &Host,
        config: &ChannelConfig,
        stream: BoxStream,
    ) -> Result<SendRequest<Body>, DialError> {
        let (stream, greeting) = greeted(stream);
        let handshake = builder(host, config).handshake(Io(stream)).await;
        let (sender, connection) =
            handshake.map_err(|error| DialError::Handshake(error.to_string()))?;
        let (driver, endpoint) = (host.clone(), self.endpoint.clone());
        // It ends with its last stream and sender: streams may outlive the channel.
        let task = host.spawn("wire/client", async move {
            if let Err(error) = connection.await {
                event!(
                    driver,
                    Debug,
                    "connection ended",
                    endpoint = &endpoint.to_string(),
                    error = &crate::status::chain(&error)
                );
            }
        });
        let greeting = greeting.await;
        greeting.map_err(|_| DialError::Handshake("error reading server preface: EOF".into()))?;
        task.detach();
        Ok(sender)
    }
}

fn builder(host: &Host, config: &ChannelConfig) -> http2::Builder<Executor> {
    let mut builder = http2::Builder::new(Executor(host.clone()));
    builder
        .timer(Timer::new(host))
        // None before the server said how many it takes: it would refuse what is too much, and a
        // refused request cannot be sent again. grpc-go waits for the server's settings, too.
        .initial_max_send_streams(0)
        .initial_stream_window_size(config.window_bytes)
        .initial_connection_window_size(config.window_bytes)
        .max_header_list_size(config.header_bytes_max)
        // h2 forgets the streams it reset by the machine's clock, not the host's, and takes a late
        // frame of a forgotten one for a protocol error: forget by number only, and late.
        .reset_stream_duration(Duration::MAX)
        .max_concurrent_reset_streams(RESET_STREAMS_KEPT)
        .keep_alive_timeout(config.keepalive_timeout)
        .keep_alive_while_idle(config.keepalive_while_idle);
    if config.keepalive_interval > Duration::ZERO {
        builder.keep_alive_interval(config.keepalive_interval);
    }
    builder
}
