//! API servers as their clients reach them: JSON over HTTP/2, a channel for each server.

use bytes::{Bytes, BytesMut};
use host::{Backoff, Host};
use http::{Method, header};
use http_body_util::{BodyExt, Limited};
use serde_json::Value;
use std::time::Duration;
use wire::{
    GrpcBody,
    client::{Channel, ChannelConfig, Endpoint},
};

/// The longest answer that is read.
const ANSWER_BYTES_MAX: usize = 16 << 20;

/// Ways to all servers of a cluster.
#[derive(Clone, Debug)]
pub(crate) struct Servers {
    host: Host,
    channels: Vec<Channel>,
    /// Patience with one answer.
    limit: Duration,
}

/// What is asked: method, path with query, and a body with its media type.
#[derive(Clone, Debug)]
pub(crate) struct Ask {
    pub(crate) method: Method,
    pub(crate) path: String,
    pub(crate) body: Option<(&'static str, Value)>,
}

impl Ask {
    pub(crate) fn get(path: String) -> Self {
        Self { method: Method::GET, path, body: None }
    }

    fn request(&self) -> Result<http::Request<wire::Body>, String> {
        let builder = http::Request::builder().method(self.method.clone()).uri(&self.path);
        let builder = builder.header(header::ACCEPT, "application/json");
        let request = match &self.body {
            None => builder.body(wire::empty()),
            Some((media, value)) => {
                let body = wire::full(value.to_string());
                builder.header(header::CONTENT_TYPE, *media).body(body)
            }
        };
        request.map_err(|error| error.to_string())
    }
}

impl Servers {
    pub(crate) fn new(host: &Host, endpoints: &[Endpoint], limit: Duration) -> Self {
        let config = ChannelConfig {
            connect_timeout: Duration::from_secs(5),
            backoff: Backoff { first: Duration::from_millis(100), max: Duration::from_secs(1) },
            // A dead connection is noticed; client-go's defaults are 30 s and 15 s.
            keepalive_interval: Duration::from_secs(5),
            keepalive_timeout: Duration::from_secs(5),
            ..ChannelConfig::default()
        };
        let channel =
            |endpoint: &Endpoint| Channel::new(host, vec![endpoint.clone()], config.clone());
        Self { host: host.clone(), channels: endpoints.iter().map(channel).collect(), limit }
    }

    /// Any of them.
    pub(crate) fn pick(&self) -> usize {
        let drawn = self.host.random.below(self.channels.len() as u64);
        usize::try_from(drawn).unwrap_or(0)
    }

    /// Asks one server; gives its status and what it says.
    ///
    /// # Errors
    /// No answer came, or half of one.
    pub(crate) async fn ask(&self, server: usize, ask: &Ask) -> Result<(u16, Value), String> {
        let answer = async {
            let (code, body) = self.begin(server, ask).await?;
            let body = Limited::new(body, ANSWER_BYTES_MAX).collect().await;
            let bytes = body.map_err(|error| error.to_string())?.to_bytes();
            let value = serde_json::from_slice(&bytes).map_err(|error| error.to_string())?;
            Ok((code, value))
        };
        let timed = self.host.timeout(self.limit, answer).await;
        timed.unwrap_or_else(|_| Err("no answer in time".into()))
    }

    /// Begins a stream; gives the server's status and the body as it comes.
    ///
    /// # Errors
    /// No answer came.
    pub(crate) async fn stream(&self, server: usize, ask: &Ask) -> Result<(u16, Lines), String> {
        let begun = self.host.timeout(self.limit, self.begin(server, ask)).await;
        let (code, body) = begun.unwrap_or_else(|_| Err("no answer in time".into()))?;
        Ok((code, Lines { body, buffer: BytesMut::new() }))
    }

    async fn begin(&self, server: usize, ask: &Ask) -> Result<(u16, GrpcBody), String> {
        let channel = self.channels.get(server).ok_or("there is no such server")?;
        let sent = Box::pin(channel.send(ask.request()?)).await;
        let response = sent.map_err(|status| status.message().to_owned())?;
        Ok((response.status().as_u16(), response.into_body()))
    }
}

/// A body that is read line by line.
#[derive(Debug)]
pub(crate) struct Lines {
    body: GrpcBody,
    buffer: BytesMut,
}

impl Lines {
    /// The next line; none at the end, or where the stream breaks.
    pub(crate) async fn next(&mut self) -> Option<Bytes> {
        loop {
            if let Some(end) = self.buffer.iter().position(|byte| *byte == b'\n') {
                let line = self.buffer.split_to(end + 1);
                return Some(line.freeze().slice(..end));
            }
            if self.buffer.len() > ANSWER_BYTES_MAX {
                return None;
            }
            let frame = self.body.frame().await?.ok()?;
            if let Ok(data) = frame.into_data() {
                self.buffer.extend_from_slice(&data);
            }
        }
    }
}
