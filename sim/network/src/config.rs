//! How links and streams behave when nothing is broken.

use std::time::Duration;

/// The weather on one directed link.
#[derive(Clone, Copy, Debug, PartialEq)]
pub struct Quality {
    /// One-way delay: every value from here…
    pub latency_min: Duration,
    /// …to here is equally likely.
    pub latency_max: Duration,
    /// How many packets are late beyond that, 0 to 1.
    pub tail: f64,
    /// How late those may be on top.
    pub tail_max: Duration,
    /// How many packets are lost, 0 to 1. A stream's data is sent again, and so arrives late.
    pub loss: f64,
    /// How many datagrams arrive twice, 0 to 1.
    pub duplicate: f64,
    /// How many datagrams are overtaken by later ones, 0 to 1.
    pub reorder: f64,
    /// Zero for a link that is never full.
    pub bytes_per_second: u64,
}

impl Default for Quality {
    /// A data centre.
    fn default() -> Self {
        Self {
            latency_min: Duration::from_micros(100),
            latency_max: Duration::from_millis(1),
            tail: 0.001,
            tail_max: Duration::from_millis(20),
            loss: 0.0,
            duplicate: 0.0,
            reorder: 0.0,
            bytes_per_second: 0,
        }
    }
}

/// How the network of a world behaves.
#[derive(Clone, Copy, Debug, PartialEq)]
pub struct NetworkConfig {
    /// All links' weather before any [`crate::Rule`].
    pub quality: Quality,
    /// How many reads and writes are cut at a random byte, 0 to 1.
    pub split: f64,
    /// Bytes that a stream holds between its writer and its reader.
    pub window_bytes: usize,
    /// One-way delay within a machine.
    pub loopback_latency: Duration,
    /// Wait before the first retransmission; it doubles each time (Linux: 200 ms at least).
    pub retransmit_first: Duration,
    /// Longest wait between retransmissions (Linux: 120 s).
    pub retransmit_max: Duration,
    /// Silence after which a stream with unacknowledged data fails (Linux: about 15 minutes).
    pub user_timeout: Duration,
    /// How long a connect is retried, after 1, 2, 4 … seconds (Linux: 127 s).
    pub connect_timeout: Duration,
    /// When a connect to an address that nobody has fails (Linux: 3 s without an ARP answer).
    pub unreachable_after: Duration,
    /// Connections waiting to be accepted; more are not answered (Linux's somaxconn: 4096).
    pub backlog_max: usize,
    /// Datagrams waiting to be received at a socket, or held by a clogged link; more are dropped.
    pub datagrams_waiting_max: usize,
    /// The slowest answer of a name server that works.
    pub lookup_max: Duration,
    /// When a look-up gives up on one that does not (resolv.conf: twice 5 s).
    pub lookup_timeout: Duration,
}

impl Default for NetworkConfig {
    fn default() -> Self {
        Self {
            quality: Quality::default(),
            split: 0.01,
            window_bytes: 256 << 10,
            loopback_latency: Duration::from_micros(20),
            retransmit_first: Duration::from_millis(200),
            retransmit_max: Duration::from_secs(120),
            user_timeout: Duration::from_secs(900),
            connect_timeout: Duration::from_secs(127),
            unreachable_after: Duration::from_secs(3),
            backlog_max: 4096,
            datagrams_waiting_max: 1024,
            lookup_max: Duration::from_millis(2),
            lookup_timeout: Duration::from_secs(10),
        }
    }
}
