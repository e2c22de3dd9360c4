//! What goes to and comes from each peer.

use telemetry::{Counter, Histogram, Registry, exponential};

/// Makes the metrics of each peer as it becomes known.
#[derive(Clone, Debug)]
pub(crate) struct NetworkMetrics(Registry);

/// What is counted of the way to one peer.
#[derive(Clone, Debug)]
pub(crate) struct ToPeer {
    /// Bytes of encoded messages.
    pub(crate) bytes: Counter,
    /// Seconds from a batch leaving to its acknowledgement. Upstream times a prober's messages of
    /// their own; ours wait behind the others, as Raft's do.
    pub(crate) round_trip: Histogram,
}

impl NetworkMetrics {
    pub(super) fn new(registry: &Registry) -> Self {
        Self(registry.clone())
    }

    /// Of the way to a peer.
    pub(crate) fn to(&self, peer: u64) -> ToPeer {
        let peer = format!("{peer:x}");
        let labels = [("To", peer.as_str())];
        ToPeer {
            bytes: self.0.counter(
                "etcd_network_peer_sent_bytes_total",
                "The total number of bytes sent to peers.",
                &labels,
            ),
            round_trip: self.0.histogram(
                "etcd_network_peer_round_trip_time_seconds",
                "Round-Trip-Time histogram between peers",
                &labels,
                &exponential(0.0001, 2.0, 16),
            ),
        }
    }

    /// Bytes of encoded messages from a peer.
    pub(crate) fn from(&self, peer: u64) -> Counter {
        let peer = format!("{peer:x}");
        let help = "The total number of bytes received from peers.";
        self.0.counter("etcd_network_peer_received_bytes_total", help, &[("From", &peer)])
    }

    /// Whether the stream to a peer stands: 1 or 0.
    pub(super) fn active(&self, local: &str, remote: &str, value: f64) {
        let labels = [("Local", local), ("Remote", remote)];
        let help = "The current number of active peer connections.";
        self.0.gauge("etcd_network_active_peers", help, &labels).set(value);
    }
}
