//! How a member is set up: upstream's settings and defaults, checked before anything is bound.
//!
//! Upstream: server/embed/config.go.

mod error;
mod limits;
mod url;

pub use error::ConfigError;
pub use limits::{Limits, RaftLimits};
pub use url::{Url, join, parse_initial_cluster};

use std::{collections::BTreeMap, time::Duration};

/// Upstream's default of `--quota-backend-bytes`, in bytes.
pub const DEFAULT_QUOTA_BYTES: u64 = 2 * 1024 * 1024 * 1024;
/// Longest election timeout accepted, in milliseconds.
pub const ELECTION_MS_MAX: u64 = 50_000;

/// Whether the initial cluster is being made or joined.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum ClusterState {
    /// All initial members start together from nothing.
    New,
    /// This member was added to a running cluster.
    Existing,
}

/// How the revision to compact to is chosen automatically.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum AutoCompaction {
    /// Not at all.
    Off,
    /// Keep what is younger than this.
    Periodic(Duration),
    /// Keep this many revisions.
    Revision(i64),
}

/// Identity files of one side (clients or peers), as PEM bytes already read.
#[derive(Clone, Debug, Default)]
pub struct TlsFiles {
    /// Certificate chain.
    pub cert: Vec<u8>,
    /// Private key.
    pub key: Vec<u8>,
    /// Certificate authority that the other side's certificate must descend from.
    pub trusted_ca: Option<Vec<u8>>,
    /// Refuse clients without a certificate.
    pub client_cert_auth: bool,
}

/// Which kind of token `Authenticate` hands out.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum AuthToken {
    /// Random, kept by the member that gave it.
    Simple,
    /// Signed; upstream's `jwt,pub-key=…,priv-key=…,sign-method=…,ttl=…`, keys already read.
    Jwt {
        /// `RS256`, `ES256` or `HS256`.
        sign_method: String,
        /// PEM of the private key, or the shared secret.
        private_key: Vec<u8>,
        /// PEM of the public key, if given.
        public_key: Vec<u8>,
        /// Life of a token.
        ttl: Duration,
    },
}

/// Settings of one member.
#[derive(Clone, Debug)]
pub struct Config {
    /// Human-readable name, unique in the initial cluster.
    pub name: String,
    /// Where everything durable lives.
    pub data_dir: String,
    /// Where the log lives; inside the data directory when absent.
    pub wal_dir: Option<String>,
    /// Where clients are listened for.
    pub listen_client_urls: Vec<Url>,
    /// Where peers are listened for.
    pub listen_peer_urls: Vec<Url>,
    /// Additional plain addresses for `/metrics` and `/health`.
    pub listen_metrics_urls: Vec<Url>,
    /// Where clients reach this member.
    pub advertise_client_urls: Vec<Url>,
    /// Where peers reach this member, at its first start.
    pub initial_advertise_peer_urls: Vec<Url>,
    /// The members of the cluster at its first start, this one among them.
    pub initial_cluster: BTreeMap<String, Vec<Url>>,
    /// Made or joined.
    pub initial_cluster_state: ClusterState,
    /// Keeps clusters with equal member addresses apart.
    pub initial_cluster_token: String,
    /// Become a cluster of one with the data at hand, whatever the cluster was.
    pub force_new_cluster: bool,
    /// Leader's heartbeat, and the length of a Raft tick.
    pub heartbeat: Duration,
    /// Time without a leader before an election.
    pub election: Duration,
    /// Applied entries between snapshots.
    pub snapshot_count: u64,
    /// Entries kept in memory behind a snapshot for slow followers.
    pub snapshot_catchup_entries: u64,
    /// Nominal size of a log segment, in bytes.
    pub wal_segment_bytes: u64,
    /// Longest time between two commits of the backend.
    pub backend_batch_interval: Duration,
    /// Most staged writes between two commits.
    pub backend_batch_limit: usize,
    /// Memory for the backend's cache, in bytes.
    pub backend_cache_bytes: usize,
    /// Size of the backend above which writes raise NOSPACE, in bytes.
    pub quota_backend_bytes: u64,
    /// Automatic compaction.
    pub auto_compaction: AutoCompaction,
    /// Keys deleted in one step of a compaction.
    pub compaction_batch_limit: usize,
    /// Pause between steps of a compaction.
    pub compaction_sleep: Duration,
    /// Time between corruption checks by the leader; zero for never.
    pub corrupt_check: Duration,
    /// Compare with the peers before serving.
    pub initial_corrupt_check: bool,
    /// Compare hashes at compacted revisions at this period; zero for never.
    pub compact_hash_check: Duration,
    /// Refuse membership changes that would lose quorum.
    pub strict_reconfig_check: bool,
    /// Ask before campaigning.
    pub pre_vote: bool,
    /// Period of watch progress notifications.
    pub watch_progress_interval: Duration,
    /// Period of lease checkpoints.
    pub lease_checkpoint_interval: Duration,
    /// Kind of authentication tokens.
    pub auth_token: AuthToken,
    /// Life of a simple token.
    pub auth_token_ttl: Duration,
    /// Work factor of password hashes.
    pub bcrypt_cost: u32,
    /// TLS towards clients.
    pub client_tls: Option<TlsFiles>,
    /// TLS towards peers.
    pub peer_tls: Option<TlsFiles>,
    /// What may be asked at once.
    pub limits: Limits,
    /// How much Raft does at once.
    pub raft: RaftLimits,
}

impl Default for Config {
    fn default() -> Self {
        let url = |port| Url { tls: false, host: "localhost".into(), port };
        Self {
            name: "default".into(),
            data_dir: "default.etcd".into(),
            wal_dir: None,
            listen_client_urls: vec![url(2379)],
            listen_peer_urls: vec![url(2380)],
            listen_metrics_urls: vec![],
            advertise_client_urls: vec![url(2379)],
            initial_advertise_peer_urls: vec![url(2380)],
            initial_cluster: BTreeMap::from([("default".into(), vec![url(2380)])]),
            initial_cluster_state: ClusterState::New,
            initial_cluster_token: "etcd-cluster".into(),
            force_new_cluster: false,
            heartbeat: Duration::from_millis(100),
            election: Duration::from_millis(1000),
            snapshot_count: 10_000,
            snapshot_catchup_entries: 5_000,
            wal_segment_bytes: 64 * 1024 * 1024,
            backend_batch_interval: Duration::from_millis(100),
            backend_batch_limit: 10_000,
            backend_cache_bytes: 8 * 1024 * 1024,
            quota_backend_bytes: DEFAULT_QUOTA_BYTES,
            auto_compaction: AutoCompaction::Off,
            compaction_batch_limit: 1_000,
            compaction_sleep: Duration::from_millis(10),
            corrupt_check: Duration::ZERO,
            initial_corrupt_check: false,
            compact_hash_check: Duration::ZERO,
            strict_reconfig_check: true,
            pre_vote: true,
            watch_progress_interval: Duration::from_secs(600),
            lease_checkpoint_interval: Duration::from_secs(300),
            auth_token: AuthToken::Simple,
            auth_token_ttl: Duration::from_secs(300),
            bcrypt_cost: 10,
            client_tls: None,
            peer_tls: None,
            limits: Limits::default(),
            raft: RaftLimits::default(),
        }
    }
}

fn millis(duration: Duration) -> u64 {
    u64::try_from(duration.as_millis()).unwrap_or(u64::MAX)
}

impl Config {
    /// Checks what can be checked without touching the machine.
    ///
    /// # Errors
    /// The first thing wrong, in upstream's words where it has them.
    pub fn validate(&self) -> Result<(), ConfigError> {
        let (heartbeat_ms, election_ms) = (millis(self.heartbeat), millis(self.election));
        if heartbeat_ms == 0 {
            return Err(ConfigError::NoHeartbeat);
        }
        if election_ms < 5 * heartbeat_ms {
            return Err(ConfigError::ElectionTooShort { election_ms, heartbeat_ms });
        }
        if election_ms > ELECTION_MS_MAX {
            return Err(ConfigError::ElectionTooLong(election_ms));
        }
        if self.snapshot_count == 0 {
            return Err(ConfigError::NoSnapshotCount);
        }
        if self.advertise_client_urls.is_empty() {
            return Err(ConfigError::NothingAdvertised);
        }
        self.validate_initial_cluster()
    }

    fn validate_initial_cluster(&self) -> Result<(), ConfigError> {
        let name = self.name.clone();
        let Some(listed) = self.initial_cluster.get(&name) else {
            return Err(ConfigError::NotInInitialCluster { name });
        };
        let mut advertised = self.initial_advertise_peer_urls.clone();
        advertised.sort();
        if *listed != advertised {
            let (listed, advertised) = (join(listed), join(&advertised));
            return Err(ConfigError::AdvertisedDiffer { name, listed, advertised });
        }
        Ok(())
    }

    /// Raft ticks in an election timeout.
    pub fn election_ticks(&self) -> u32 {
        u32::try_from(millis(self.election) / millis(self.heartbeat).max(1)).unwrap_or(u32::MAX)
    }

    /// How long a client's request may take: upstream's `ReqTimeout`.
    pub fn request_timeout(&self) -> Duration {
        Duration::from_secs(5) + 2 * self.election
    }

    /// The log's directory.
    pub fn wal_path(&self) -> String {
        self.wal_dir.clone().unwrap_or_else(|| format!("{}/member/wal", self.data_dir))
    }

    /// The directory of the backend and of received snapshots.
    pub fn snap_path(&self) -> String {
        format!("{}/member/snap", self.data_dir)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_member_must_be_in_its_cluster_under_its_advertised_urls() {
        let mut config = Config::default();
        assert_eq!(config.validate(), Ok(()));
        config.initial_cluster = parse_initial_cluster("a=http://x:1").unwrap();
        assert!(matches!(config.validate(), Err(ConfigError::NotInInitialCluster { .. })));
        config.initial_cluster = parse_initial_cluster("default=http://x:1").unwrap();
        assert!(matches!(config.validate(), Err(ConfigError::AdvertisedDiffer { .. })));
    }

    #[test]
    fn elections_must_outlast_heartbeats() {
        let with = |heartbeat_ms, election_ms| Config {
            heartbeat: Duration::from_millis(heartbeat_ms),
            election: Duration::from_millis(election_ms),
            ..Config::default()
        };
        assert!(matches!(with(0, 1000).validate(), Err(ConfigError::NoHeartbeat)));
        assert!(matches!(with(300, 1000).validate(), Err(ConfigError::ElectionTooShort { .. })));
        assert!(matches!(with(100, 60_000).validate(), Err(ConfigError::ElectionTooLong(_))));
    }
}
