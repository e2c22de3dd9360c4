//! Which servers a client asks, who it is to them, and how much it asks at most.
//!
//! Upstream: client-go/rest/config.go.

use std::time::Duration;
use wire::{client::Endpoint, tls::ClientTls};

/// How many requests a client makes at most.
#[derive(Clone, Copy, PartialEq, Debug)]
pub struct Rate {
    /// In the long run, a second.
    pub qps: f64,
    /// At once.
    pub burst: u32,
}

impl Default for Rate {
    /// rest.DefaultQPS and rest.DefaultBurst.
    fn default() -> Self {
        Self { qps: 5.0, burst: 10 }
    }
}

/// A client's configuration.
#[derive(Clone, Debug)]
pub struct Config {
    /// API servers of one cluster. One is asked until it fails, then the next.
    pub servers: Vec<Endpoint>,
    /// For servers of https: whom to believe and which certificate to show.
    pub tls: Option<ClientTls>,
    /// Sent with each request, if there is one.
    pub bearer_token: Option<String>,
    /// What the client calls itself.
    pub user_agent: String,
    /// None: as much as it likes. Watches do not count.
    pub rate: Option<Rate>,
    /// For a request with its retries, and for the head of a watch's answer. Upstream has no limit
    /// by default and leaves it to the server, which takes a minute.
    pub timeout: Duration,
    /// For opening a connection.
    pub connect_timeout: Duration,
    /// Times that a request is repeated which the server asks to repeat (client-go: 10).
    pub retries: u32,
    /// Bytes of an answer, and of one event of a watch.
    pub answer_bytes_max: usize,
}

impl Config {
    /// Upstream's defaults for these servers, except where a field says otherwise.
    pub fn new(servers: Vec<Endpoint>) -> Self {
        Self {
            servers,
            tls: None,
            bearer_token: None,
            user_agent: concat!("seaworthy/v", env!("CARGO_PKG_VERSION")).to_owned(),
            rate: Some(Rate::default()),
            timeout: Duration::from_secs(70),
            connect_timeout: Duration::from_secs(10),
            retries: 10,
            answer_bytes_max: 256 << 20,
        }
    }
}
