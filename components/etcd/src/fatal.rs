//! Why a member stops by itself.

use thiserror::Error;

/// The member cannot go on; its process must end. Nothing was acknowledged that is not durable.
#[derive(Debug, Error)]
pub enum Fatal {
    /// The write-ahead log failed.
    #[error("write-ahead log: {0}")]
    Log(#[source] wal::WalError),
    /// The backend failed.
    #[error("backend: {0}")]
    Store(#[source] etcd_store::StoreError),
    /// Raft was given a state it cannot start from.
    #[error("raft: {0}")]
    Raft(String),
    /// The data directory cannot be used.
    #[error("data directory {path}: {why}")]
    DataDir {
        /// The directory.
        path: String,
        /// What is wrong, and what to do.
        why: String,
    },
    /// An address cannot be listened on.
    #[error("cannot listen on {url}: {error}")]
    Listen {
        /// The URL as configured.
        url: String,
        /// What the system said.
        error: std::io::Error,
    },
    /// TLS files do not fit together.
    #[error("TLS of {side}: {why}")]
    Tls {
        /// `clients` or `peers`.
        side: &'static str,
        /// What is wrong.
        why: String,
    },
    /// The settings contradict each other or the data.
    #[error("configuration: {0}")]
    Config(String),
    /// The cluster to join cannot be reached or refuses this member.
    #[error("cannot join the cluster: {0}")]
    Join(String),
    /// This member was removed from its cluster.
    #[error(
        "this member has been permanently removed from the cluster; clear its data directory \
             before using it again"
    )]
    Removed,
    /// This member's data differs from its peers'.
    #[error("{0}")]
    Corrupt(String),
    /// A part of the member ended without a reason of its own.
    #[error("{0} ended unexpectedly")]
    PartEnded(&'static str),
}
