//! One HTTP/2 connection to one endpoint: opened when needed, opened again when lost.

use super::{ChannelConfig, DialError, Endpoint, dial::dial, greeting::greeted};
use crate::{
    Body,
    io::Io,
    rt::{Executor, Timer},
    tls::Versions,
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
}

#[derive(Default)]
struct State {
    sender: Option<SendRequest<Body>>,
    /// Somebody dials, for all.
    dialing: bool,
    /// Failed attempts since the last connection.
    failures: u32,
    /// No attempt before this; why the last one failed.
    resting: Option<(Instant, DialError)>,
}

/// What a link can do for a call at this moment.
pub(super) enum Standing {
    /// Carry it.
    Ready(SendRequest<Body>),
    /// A connection is being opened.
    Dialing,
    /// Nobody has tried yet, or the connection was lost, or the rest is over.
    Idle,
    /// The last attempt failed, and the next is not before this: grpc's TRANSIENT_FAILURE.
    Resting(Instant, DialError),
}

impl Link {
    pub(super) fn new(endpoint: Endpoint) -> Self {
        Self { endpoint, state: Mutex::default() }
    }

    pub(super) fn standing(&self, now: Instant) -> Standing {
        let state = self.state.lock();
        let open = state.sender.as_ref().filter(|sender| !sender.is_closed());
        match (open, &state.resting) {
            (Some(sender), _) => Standing::Ready(sender.clone()),
            (None, _) if state.dialing => Standing::Dialing,
            (None, Some((until, why))) if now < *until => Standing::Resting(*until, why.clone()),
            (None, _) => Standing::Idle,
        }
    }

    /// Takes it on to dial; false if somebody else does.
    pub(super) fn begin(&self) -> bool {
        !std::mem::replace(&mut self.state.lock().dialing, true)
    }

    /// Opens a connection, and keeps it or why there is none. After [`Self::begin`].
    pub(super) async fn open(&self, host: &Host, config: &ChannelConfig) {
        let opened = self.connect(host, config).await;
        let mut state = self.state.lock();
        state.dialing = false;
        match opened {
            Ok(sender) => {
                *state = State { sender: Some(sender), ..State::default() };
            }
            Err(why) => {
                let wait = config.backoff.delay(state.failures, host.random.next_u64());
                state.sender = None;
                state.failures = state.failures.saturating_add(1);
                state.resting = Some((host.now() + wait, why));
            }
        }
    }

    async fn connect(
        &self,
        host: &Host,
        config: &ChannelConfig,
    ) -> Result<SendRequest<Body>, DialError> {
        let limit = config.connect_timeout;
        let tls = config.tls.as_ref();
        let (stream, _) = dial(host, &self.endpoint, tls, Versions::Http2, limit).await?;
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
