//! Why a member is not set up so, in upstream's words where it has them.

/// Why a configuration is refused.
#[derive(Debug, thiserror::Error, PartialEq, Eq)]
pub enum ConfigError {
    /// A URL cannot be used.
    #[error("{why}: {url}")]
    BadUrl {
        /// The URL as given.
        url: String,
        /// What is wrong with it.
        why: String,
    },
    /// An item of the initial cluster is not `name=url`.
    #[error("could not parse initial cluster: {item:?} is not name=url")]
    BadInitialCluster {
        /// The item.
        item: String,
    },
    /// This member is not part of its own initial cluster.
    #[error("couldn't find local name {name:?} in the initial cluster configuration")]
    NotInInitialCluster {
        /// The member's name.
        name: String,
    },
    /// The advertised peer URLs differ from those in the initial cluster.
    #[error(
        "--initial-cluster has {name}={listed} but missing from \
         --initial-advertise-peer-urls={advertised}"
    )]
    AdvertisedDiffer {
        /// The member's name.
        name: String,
        /// What the initial cluster says.
        listed: String,
        /// What is advertised.
        advertised: String,
    },
    /// Election and heartbeat do not fit.
    #[error(
        "--election-timeout[{election_ms}ms] should be at least as 5 times as \
         --heartbeat-interval[{heartbeat_ms}ms]"
    )]
    ElectionTooShort {
        /// Election timeout.
        election_ms: u64,
        /// Heartbeat interval.
        heartbeat_ms: u64,
    },
    /// The election timeout is out of range.
    #[error("--election-timeout[{0}ms] is too long, and should be set less than 50000ms")]
    ElectionTooLong(u64),
    /// The heartbeat is zero.
    #[error("--heartbeat-interval must be >0 (set to 0ms)")]
    NoHeartbeat,
    /// A setting that clients need is missing.
    #[error("--advertise-client-urls is required when --listen-client-urls is set explicitly")]
    NothingAdvertised,
    /// A snapshot after every zero entries makes no sense.
    #[error("--snapshot-count must be greater than 0")]
    NoSnapshotCount,
}
