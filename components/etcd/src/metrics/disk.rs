//! How long the disk takes.

use super::InFlight;
use telemetry::{Gauge, Histogram, Registry, exponential};

/// Times of what is done on the disk, in seconds.
#[derive(Clone, Debug)]
pub(crate) struct DiskMetrics {
    /// A group's write to the log with its sync.
    pub(crate) log_sync: Histogram,
    /// Bytes written to the log since the start; upstream's is a gauge, too.
    pub(crate) log_bytes: Gauge,
    /// A commit of the backend.
    pub(crate) commit: Histogram,
    pub(crate) defragment: Histogram,
    pub(crate) defragmenting: InFlight,
    /// A copy of the backend for a snapshot.
    pub(crate) snapshot: Histogram,
    /// A hash of all revisions up to one.
    pub(crate) hash: Histogram,
}

impl DiskMetrics {
    pub(super) fn new(registry: &Registry) -> Self {
        let histogram = |name: &str, help: &str, first: f64, count: usize| {
            registry.histogram(name, help, &[], &exponential(first, 2.0, count))
        };
        Self {
            log_sync: histogram(
                "etcd_disk_wal_fsync_duration_seconds",
                "The latency distributions of fsync called by WAL.",
                0.001,
                14,
            ),
            log_bytes: registry.gauge(
                "etcd_disk_wal_write_bytes_total",
                "Total number of bytes written in WAL.",
                &[],
            ),
            commit: histogram(
                "etcd_disk_backend_commit_duration_seconds",
                "The latency distributions of commit called by backend.",
                0.001,
                14,
            ),
            defragment: histogram(
                "etcd_disk_backend_defrag_duration_seconds",
                "The latency distribution of backend defragmentation.",
                0.1,
                13,
            ),
            defragmenting: InFlight(registry.gauge(
                "etcd_disk_defrag_inflight",
                "Whether or not defrag is active on the member. 1 means active, 0 means not.",
                &[],
            )),
            snapshot: histogram(
                "etcd_disk_backend_snapshot_duration_seconds",
                "The latency distribution of backend snapshots.",
                0.01,
                17,
            ),
            hash: histogram(
                "etcd_mvcc_hash_rev_duration_seconds",
                "The latency distribution of storage hash by revision operation.",
                0.01,
                15,
            ),
        }
    }
}
