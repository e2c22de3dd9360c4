//! How a member is set up: upstream's settings and defaults, checked before anything is bound.
//!
//! Upstream: server/embed/config.go.

use std::{collections::BTreeMap, net::SocketAddr, str::FromStr, time::Duration};

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

/// A URL that this member listens at or is reached at.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub struct Url {
    /// `https` rather than `http`.
    pub tls: bool,
    /// Host name or address, without brackets.
    pub host: String,
    /// Port, 1–65535 (0 lets the machine choose, for listening only).
    pub port: u16,
}

impl FromStr for Url {
    type Err = ConfigError;

    fn from_str(text: &str) -> Result<Self, ConfigError> {
        let bad = |why: &str| ConfigError::BadUrl { url: text.into(), why: why.into() };
        let (tls, rest) = match text.split_once("://") {
            Some(("http", rest)) => (false, rest),
            Some(("https", rest)) => (true, rest),
            Some(_) => return Err(bad("URL scheme must be http, https, unix, or unixs")),
            None => return Err(bad("URL scheme must be http, https, unix, or unixs")),
        };
        let rest = rest.strip_suffix('/').unwrap_or(rest);
        if rest.contains('/') {
            return Err(bad("URL must not contain a path"));
        }
        let (host, port) = rest
            .rsplit_once(':')
            .ok_or_else(|| bad("URL address does not have the form \"host:port\""))?;
        let port = port.parse().map_err(|_| bad("the port is not a number below 65536"))?;
        let host = host.trim_start_matches('[').trim_end_matches(']').to_owned();
        Ok(Self { tls, host, port })
    }
}

impl std::fmt::Display for Url {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        let scheme = if self.tls { "https" } else { "http" };
        if self.host.contains(':') {
            write!(f, "{scheme}://[{}]:{}", self.host, self.port)
        } else {
            write!(f, "{scheme}://{}:{}", self.host, self.port)
        }
    }
}

impl Url {
    /// A plain-text URL of an address.
    pub fn plain(address: SocketAddr) -> Self {
        Self { tls: false, host: address.ip().to_string(), port: address.port() }
    }
}

/// Parses `name=url,name=url,…`; a name may stand more than once.
///
/// # Errors
/// An item without `=`, or a bad URL.
pub fn parse_initial_cluster(text: &str) -> Result<BTreeMap<String, Vec<Url>>, ConfigError> {
    let mut members: BTreeMap<String, Vec<Url>> = BTreeMap::new();
    for item in text.split(',').filter(|item| !item.is_empty()) {
        let (name, url) = item
            .split_once('=')
            .ok_or_else(|| ConfigError::BadInitialCluster { item: item.into() })?;
        members.entry(name.trim().into()).or_default().push(url.parse()?);
    }
    for urls in members.values_mut() {
        urls.sort();
    }
    Ok(members)
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

/// What may be asked of the member at once; at each limit upstream's error is answered.
#[derive(Clone, Copy, Debug)]
pub struct Limits {
    /// Largest request, in bytes.
    pub request_bytes: usize,
    /// Most operations in one transaction.
    pub txn_ops: usize,
    /// Most entries committed and not yet applied before proposals are refused.
    pub unapplied_entries: u64,
    /// Most streams on one client connection.
    pub concurrent_streams: u32,
    /// Most client connections.
    pub connections: usize,
    /// Events buffered for one watch stream before its watchers become slow ones.
    pub watch_buffer: usize,
}

impl Default for Limits {
    fn default() -> Self {
        Self {
            request_bytes: 1_572_864,
            txn_ops: 128,
            unapplied_entries: 5_000,
            concurrent_streams: u32::MAX,
            connections: 65_536,
            watch_buffer: 1_024,
        }
    }
}

/// How much Raft sends and hands out at once.
#[derive(Clone, Copy, Debug)]
pub struct RaftLimits {
    /// Appends on their way to one follower.
    pub inflight_messages: usize,
    /// Bytes of entries in one message.
    pub message_bytes: u64,
    /// Bytes of committed entries handed out at once.
    pub commit_bytes: u64,
    /// Bytes proposed and not yet committed before proposals are refused.
    pub uncommitted_bytes: u64,
}

impl Default for RaftLimits {
    fn default() -> Self {
        Self {
            inflight_messages: 512,
            message_bytes: 512 * 1024,
            commit_bytes: 512 * 1024,
            uncommitted_bytes: 256 * 1024 * 1024,
        }
    }
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

/// URLs as upstream prints them.
pub fn join(urls: &[Url]) -> String {
    urls.iter().map(Url::to_string).collect::<Vec<_>>().join(",")
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn urls_are_read_and_printed() {
        for text in ["http://localhost:2379", "https://10.0.0.1:1", "http://[::1]:2380"] {
            assert_eq!(text.parse::<Url>().unwrap().to_string(), text);
        }
        for text in ["localhost:2379", "ftp://a:1", "http://a", "http://a:x", "http://a:1/b"] {
            assert!(text.parse::<Url>().is_err(), "{text}");
        }
    }

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
