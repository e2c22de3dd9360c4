//! The flags of `etcd`: upstream's names and defaults, turned into a member's configuration.
//!
//! Upstream: server/embed/config.go, server/etcdmain/help.go.

use crate::go_duration;
use clap::{ArgAction, Parser};
use etcd::config::{
    AuthToken, AutoCompaction, ClusterState, Config, ConfigError, DEFAULT_QUOTA_BYTES, Limits,
    TlsFiles, Url, parse_initial_cluster,
};
use std::{collections::BTreeMap, time::Duration};

const EXAMPLES: &str = "Examples:
  A single member on localhost:
    etcd --data-dir /var/lib/etcd

  One of three members:
    etcd --name a --listen-peer-urls http://10.0.0.1:2380 \\
      --initial-advertise-peer-urls http://10.0.0.1:2380 \\
      --listen-client-urls http://10.0.0.1:2379 --advertise-client-urls http://10.0.0.1:2379 \\
      --initial-cluster a=http://10.0.0.1:2380,b=http://10.0.0.2:2380,c=http://10.0.0.3:2380

Every flag may also be given as ETCD_<NAME>, or in the YAML file of --config-file, which replaces
all others.";

/// A member of an etcd cluster.
#[derive(Debug, Parser)]
#[command(name = "etcd", version, after_help = EXAMPLES, args_override_self = true)]
pub struct Flags {
    /// YAML file with all settings; other flags and variables are ignored then
    #[arg(long)]
    pub config_file: Option<String>,

    /// Human-readable name of this member
    #[arg(long, default_value = "default", help_heading = "Member")]
    pub name: String,
    /// Directory of everything durable [default: {name}.etcd]
    #[arg(long, default_value = "", hide_default_value = true, help_heading = "Member")]
    pub data_dir: String,
    /// Directory of the log, if not inside the data directory
    #[arg(long, default_value = "", help_heading = "Member")]
    pub wal_dir: String,
    /// Committed entries that trigger a snapshot
    #[arg(long, default_value_t = 10_000, help_heading = "Member")]
    pub snapshot_count: u64,
    /// Milliseconds between heartbeats
    #[arg(long, default_value_t = 100, help_heading = "Member")]
    pub heartbeat_interval: u64,
    /// Milliseconds without a leader before an election
    #[arg(long, default_value_t = 1000, help_heading = "Member")]
    pub election_timeout: u64,
    /// URLs to listen on for peers
    #[arg(long, default_value = "http://localhost:2380", help_heading = "Member")]
    pub listen_peer_urls: String,
    /// URLs to listen on for clients
    #[arg(long, default_value = "http://localhost:2379", help_heading = "Member")]
    pub listen_client_urls: String,
    /// Further URLs that answer /metrics and /health only
    #[arg(long, default_value = "", help_heading = "Member")]
    pub listen_metrics_urls: String,
    /// Bytes of the backend above which writes raise NOSPACE (0: 2 GiB)
    #[arg(long, default_value_t = 0, help_heading = "Member")]
    pub quota_backend_bytes: i64,
    /// Longest time between two commits of the backend (0: 100ms)
    #[arg(long, default_value = "0", value_parser = duration, help_heading = "Member")]
    pub backend_batch_interval: Duration,
    /// Most writes between two commits of the backend (0: 10000)
    #[arg(long, default_value_t = 0, help_heading = "Member")]
    pub backend_batch_limit: usize,
    /// Most operations in one transaction
    #[arg(long, default_value_t = 128, help_heading = "Member")]
    pub max_txn_ops: usize,
    /// Largest request in bytes
    #[arg(long, default_value_t = 1_572_864, help_heading = "Member")]
    pub max_request_bytes: usize,
    /// Most streams on one client connection
    #[arg(long, default_value_t = u32::MAX, help_heading = "Member")]
    pub max_concurrent_streams: u32,

    /// Peer URLs to advertise at the first start
    #[arg(long, default_value = "http://localhost:2380", help_heading = "Clustering")]
    pub initial_advertise_peer_urls: String,
    /// Client URLs to advertise
    #[arg(long, default_value = "http://localhost:2379", help_heading = "Clustering")]
    pub advertise_client_urls: String,
    /// Members at the first start, as name=url,…
    #[arg(long, default_value = "", help_heading = "Clustering")]
    pub initial_cluster: String,
    /// `new` or `existing`
    #[arg(long, default_value = "new", value_parser = ["new", "existing"], help_heading = "Clustering")]
    pub initial_cluster_state: String,
    /// Keeps clusters with equal addresses apart
    #[arg(long, default_value = "etcd-cluster", help_heading = "Clustering")]
    pub initial_cluster_token: String,
    /// Refuse membership changes that would lose quorum
    #[arg(long, default_value = "true", num_args = 0..=1, default_missing_value = "true",
        action = ArgAction::Set, help_heading = "Clustering")]
    pub strict_reconfig_check: bool,
    /// Ask before campaigning
    #[arg(long, default_value = "true", num_args = 0..=1, default_missing_value = "true",
        action = ArgAction::Set, help_heading = "Clustering")]
    pub pre_vote: bool,
    /// Become a cluster of one with the data at hand
    #[arg(long, default_value = "false", num_args = 0..=1, default_missing_value = "true",
        action = ArgAction::Set, help_heading = "Clustering")]
    pub force_new_cluster: bool,
    /// `periodic` or `revision`
    #[arg(long, default_value = "periodic", value_parser = ["periodic", "revision"],
        help_heading = "Clustering")]
    pub auto_compaction_mode: String,
    /// Hours or a duration to keep (periodic), or revisions to keep; 0 switches it off
    #[arg(long, default_value = "0", help_heading = "Clustering")]
    pub auto_compaction_retention: String,

    /// Certificate shown to clients
    #[arg(long, default_value = "", help_heading = "Security")]
    pub cert_file: String,
    /// Its key
    #[arg(long, default_value = "", help_heading = "Security")]
    pub key_file: String,
    /// Authority that client certificates must descend from
    #[arg(long, default_value = "", help_heading = "Security")]
    pub trusted_ca_file: String,
    /// Refuse clients without a certificate
    #[arg(long, default_value = "false", num_args = 0..=1, default_missing_value = "true",
        action = ArgAction::Set, help_heading = "Security")]
    pub client_cert_auth: bool,
    /// Make a certificate for clients by itself
    #[arg(long, default_value = "false", num_args = 0..=1, default_missing_value = "true",
        action = ArgAction::Set, help_heading = "Security")]
    pub auto_tls: bool,
    /// Certificate shown to peers
    #[arg(long, default_value = "", help_heading = "Security")]
    pub peer_cert_file: String,
    /// Its key
    #[arg(long, default_value = "", help_heading = "Security")]
    pub peer_key_file: String,
    /// Authority that peer certificates must descend from
    #[arg(long, default_value = "", help_heading = "Security")]
    pub peer_trusted_ca_file: String,
    /// Refuse peers without a certificate
    #[arg(long, default_value = "false", num_args = 0..=1, default_missing_value = "true",
        action = ArgAction::Set, help_heading = "Security")]
    pub peer_client_cert_auth: bool,
    /// Make a certificate for peers by itself
    #[arg(long, default_value = "false", num_args = 0..=1, default_missing_value = "true",
        action = ArgAction::Set, help_heading = "Security")]
    pub peer_auto_tls: bool,

    /// `simple`, or `jwt,sign-method=RS256,pub-key=…,priv-key=…,ttl=…`
    #[arg(long, default_value = "simple", help_heading = "Authentication")]
    pub auth_token: String,
    /// Life of a simple token, in seconds
    #[arg(long, default_value_t = 300, help_heading = "Authentication")]
    pub auth_token_ttl: u64,
    /// Work factor of password hashes
    #[arg(long, default_value_t = 10, help_heading = "Authentication")]
    pub bcrypt_cost: u32,

    /// Entries kept in memory behind a snapshot
    #[arg(
        long,
        alias = "experimental-snapshot-catchup-entries",
        default_value_t = 5_000,
        help_heading = "Tuning"
    )]
    pub snapshot_catchup_entries: u64,
    /// Keys deleted in one step of a compaction
    #[arg(
        long,
        alias = "experimental-compaction-batch-limit",
        default_value_t = 1_000,
        help_heading = "Tuning"
    )]
    pub compaction_batch_limit: usize,
    /// Pause between steps of a compaction
    #[arg(long, alias = "experimental-compaction-sleep-interval", default_value = "10ms",
        value_parser = duration, help_heading = "Tuning")]
    pub compaction_sleep_interval: Duration,
    /// Compare with the peers before serving
    #[arg(long, alias = "experimental-initial-corrupt-check", default_value = "false",
        num_args = 0..=1, default_missing_value = "true", action = ArgAction::Set,
        help_heading = "Tuning")]
    pub initial_corrupt_check: bool,
    /// Period of corruption checks by the leader
    #[arg(long, alias = "experimental-corrupt-check-time", default_value = "0s",
        value_parser = duration, help_heading = "Tuning")]
    pub corrupt_check_time: Duration,
    /// Whether the leader compares hashes at compacted revisions
    #[arg(long, alias = "experimental-compact-hash-check-enabled", default_value = "false",
        num_args = 0..=1, default_missing_value = "true", action = ArgAction::Set,
        help_heading = "Tuning")]
    pub compact_hash_check_enabled: bool,
    /// Period of hash checks at compacted revisions
    #[arg(long, alias = "experimental-compact-hash-check-time", default_value = "1m",
        value_parser = duration, help_heading = "Tuning")]
    pub compact_hash_check_time: Duration,
    /// Period of watch progress notifications
    #[arg(long, alias = "experimental-watch-progress-notify-interval", default_value = "10m",
        value_parser = duration, help_heading = "Tuning")]
    pub watch_progress_notify_interval: Duration,

    /// `debug`, `info`, `warn` or `error`
    #[arg(long, default_value = "info", help_heading = "Logging")]
    pub log_level: String,
}

fn duration(text: &str) -> Result<Duration, go_duration::BadDuration> {
    go_duration::parse(text)
}

/// Why the flags cannot be turned into a configuration.
#[derive(Debug)]
pub enum FlagError {
    /// The settings contradict each other.
    Config(ConfigError),
    /// A file cannot be read.
    File {
        /// The flag that names it.
        flag: &'static str,
        /// Its path.
        path: String,
        /// What the system said.
        error: std::io::Error,
    },
    /// A value is not what its flag takes.
    Value {
        /// The flag.
        flag: &'static str,
        /// What is wrong.
        why: String,
    },
}

impl std::fmt::Display for FlagError {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        match self {
            Self::Config(error) => error.fmt(f),
            Self::File { flag, path, error } => write!(f, "cannot read --{flag} {path}: {error}"),
            Self::Value { flag, why } => write!(f, "--{flag}: {why}"),
        }
    }
}

impl std::error::Error for FlagError {}

impl From<ConfigError> for FlagError {
    fn from(error: ConfigError) -> Self {
        Self::Config(error)
    }
}

impl Flags {
    /// Reads the files that the flags name and checks everything.
    ///
    /// # Errors
    /// The first thing wrong.
    pub fn into_config(self) -> Result<Config, FlagError> {
        let advertised = urls(&self.initial_advertise_peer_urls)?;
        let config = Config {
            data_dir: self.data_directory(),
            wal_dir: (!self.wal_dir.is_empty()).then(|| self.wal_dir.clone()),
            initial_cluster: self.cluster(&advertised)?,
            initial_advertise_peer_urls: advertised,
            listen_client_urls: urls(&self.listen_client_urls)?,
            listen_peer_urls: urls(&self.listen_peer_urls)?,
            listen_metrics_urls: urls(&self.listen_metrics_urls)?,
            advertise_client_urls: urls(&self.advertise_client_urls)?,
            initial_cluster_state: match self.initial_cluster_state.as_str() {
                "existing" => ClusterState::Existing,
                _ => ClusterState::New,
            },
            initial_cluster_token: self.initial_cluster_token.clone(),
            force_new_cluster: self.force_new_cluster,
            heartbeat: Duration::from_millis(self.heartbeat_interval),
            election: Duration::from_millis(self.election_timeout),
            snapshot_count: self.snapshot_count,
            snapshot_catchup_entries: self.snapshot_catchup_entries,
            backend_batch_interval: or(self.backend_batch_interval, Duration::from_millis(100)),
            backend_batch_limit: or(self.backend_batch_limit, 10_000),
            quota_backend_bytes: self.quota(),
            auto_compaction: self.auto_compaction()?,
            compaction_batch_limit: self.compaction_batch_limit,
            compaction_sleep: self.compaction_sleep_interval,
            corrupt_check: self.corrupt_check_time,
            initial_corrupt_check: self.initial_corrupt_check,
            compact_hash_check: if self.compact_hash_check_enabled {
                self.compact_hash_check_time
            } else {
                Duration::ZERO
            },
            strict_reconfig_check: self.strict_reconfig_check,
            pre_vote: self.pre_vote,
            watch_progress_interval: self.watch_progress_notify_interval,
            auth_token: self.token()?,
            auth_token_ttl: Duration::from_secs(self.auth_token_ttl),
            bcrypt_cost: self.bcrypt_cost,
            client_tls: self.client_tls()?,
            peer_tls: self.peer_tls()?,
            limits: Limits {
                request_bytes: self.max_request_bytes,
                txn_ops: self.max_txn_ops,
                concurrent_streams: self.max_concurrent_streams,
                ..Limits::default()
            },
            name: self.name,
            ..Config::default()
        };
        config.validate()?;
        Ok(config)
    }

    fn data_directory(&self) -> String {
        if self.data_dir.is_empty() { format!("{}.etcd", self.name) } else { self.data_dir.clone() }
    }

    /// Without `--initial-cluster`, a cluster of this member alone.
    fn cluster(&self, advertised: &[Url]) -> Result<BTreeMap<String, Vec<Url>>, FlagError> {
        if !self.initial_cluster.is_empty() {
            return Ok(parse_initial_cluster(&self.initial_cluster)?);
        }
        Ok(BTreeMap::from([(self.name.clone(), advertised.to_vec())]))
    }

    fn quota(&self) -> u64 {
        match self.quota_backend_bytes {
            0 => DEFAULT_QUOTA_BYTES,
            // Upstream: a negative quota is no quota.
            quota => u64::try_from(quota).unwrap_or(u64::MAX),
        }
    }

    fn auto_compaction(&self) -> Result<AutoCompaction, FlagError> {
        let text = self.auto_compaction_retention.as_str();
        let flag = "auto-compaction-retention";
        if let Ok(number) = text.parse::<u32>() {
            return Ok(match (number, self.auto_compaction_mode.as_str()) {
                (0, _) => AutoCompaction::Off,
                (number, "revision") => AutoCompaction::Revision(number.into()),
                (hours, _) => {
                    AutoCompaction::Periodic(Duration::from_secs(3600 * u64::from(hours)))
                }
            });
        }
        if self.auto_compaction_mode == "revision" {
            return Err(FlagError::Value { flag, why: format!("{text:?} is not a number") });
        }
        match go_duration::parse(text) {
            Ok(Duration::ZERO) => Ok(AutoCompaction::Off),
            Ok(kept) => Ok(AutoCompaction::Periodic(kept)),
            Err(error) => Err(FlagError::Value { flag, why: error.to_string() }),
        }
    }

    fn token(&self) -> Result<AuthToken, FlagError> {
        let flag = "auth-token";
        let bad = |why: &str| FlagError::Value { flag, why: why.into() };
        let mut parts = self.auth_token.split(',');
        match parts.next() {
            Some("simple") => return Ok(AuthToken::Simple),
            Some("jwt") => {}
            Some(_) | None => return Err(bad("auth: invalid auth options")),
        }
        let options: BTreeMap<&str, &str> = parts.filter_map(|part| part.split_once('=')).collect();
        let read = |key: &str| match options.get(key) {
            Some(path) => read_file(flag, path),
            None => Ok(Vec::new()),
        };
        let sign_method =
            options.get("sign-method").ok_or_else(|| bad("sign-method is missing"))?;
        let ttl = options.get("ttl").map_or(Ok(Duration::from_secs(300)), |text| {
            go_duration::parse(text).map_err(|error| bad(&error.to_string()))
        })?;
        Ok(AuthToken::Jwt {
            sign_method: (*sign_method).into(),
            private_key: read("priv-key")?,
            public_key: read("pub-key")?,
            ttl,
        })
    }

    fn client_tls(&self) -> Result<Option<TlsFiles>, FlagError> {
        if self.auto_tls && self.cert_file.is_empty() {
            return self_signed(&self.listen_client_urls).map(Some);
        }
        let paths = [&self.cert_file, &self.key_file, &self.trusted_ca_file];
        let names = ["cert-file", "key-file", "trusted-ca-file"];
        tls_files(paths, names, self.client_cert_auth)
    }

    fn peer_tls(&self) -> Result<Option<TlsFiles>, FlagError> {
        if self.peer_auto_tls && self.peer_cert_file.is_empty() {
            return self_signed(&self.listen_peer_urls).map(Some);
        }
        let paths = [&self.peer_cert_file, &self.peer_key_file, &self.peer_trusted_ca_file];
        let names = ["peer-cert-file", "peer-key-file", "peer-trusted-ca-file"];
        tls_files(paths, names, self.peer_client_cert_auth)
    }
}

fn urls(text: &str) -> Result<Vec<Url>, FlagError> {
    let parts = text.split(',').filter(|part| !part.is_empty());
    Ok(parts.map(str::parse).collect::<Result<_, _>>()?)
}

fn or<T: Default + PartialEq>(value: T, otherwise: T) -> T {
    if value == T::default() { otherwise } else { value }
}

fn read_file(flag: &'static str, path: &str) -> Result<Vec<u8>, FlagError> {
    std::fs::read(path).map_err(|error| FlagError::File { flag, path: path.into(), error })
}

fn tls_files(
    [cert, key, ca]: [&String; 3],
    [cert_flag, key_flag, ca_flag]: [&'static str; 3],
    client_cert_auth: bool,
) -> Result<Option<TlsFiles>, FlagError> {
    if cert.is_empty() && key.is_empty() {
        return Ok(None);
    }
    if cert.is_empty() || key.is_empty() {
        let why = "a certificate and its key are needed together".into();
        return Err(FlagError::Value { flag: cert_flag, why });
    }
    let trusted_ca = if ca.is_empty() { None } else { Some(read_file(ca_flag, ca)?) };
    Ok(Some(TlsFiles {
        cert: read_file(cert_flag, cert)?,
        key: read_file(key_flag, key)?,
        client_cert_auth: client_cert_auth || trusted_ca.is_some(),
        trusted_ca,
    }))
}

/// A certificate for the hosts listened on, made at every start.
fn self_signed(listen: &str) -> Result<TlsFiles, FlagError> {
    let why = |error: rcgen::Error| FlagError::Value { flag: "auto-tls", why: error.to_string() };
    let hosts: Vec<String> = urls(listen)?.into_iter().map(|url| url.host).collect();
    let made = rcgen::generate_simple_self_signed(hosts).map_err(why)?;
    Ok(TlsFiles {
        cert: made.cert.pem().into_bytes(),
        key: made.signing_key.serialize_pem().into_bytes(),
        trusted_ca: None,
        client_cert_auth: false,
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    fn config(args: &[&str]) -> Result<Config, FlagError> {
        Flags::try_parse_from([&["etcd"], args].concat()).unwrap().into_config()
    }

    #[test]
    fn defaults_are_upstreams() {
        let config = config(&[]).unwrap();
        assert_eq!(config.data_dir, "default.etcd");
        assert_eq!(config.quota_backend_bytes, 2 << 30);
        assert_eq!(config.initial_cluster.keys().collect::<Vec<_>>(), ["default"]);
        assert_eq!(config.auto_compaction, AutoCompaction::Off);
    }

    #[test]
    fn retention_is_hours_a_duration_or_revisions() {
        let retention = |args: &[&str]| config(args).map(|config| config.auto_compaction);
        assert_eq!(
            retention(&["--auto-compaction-retention=1"]).unwrap(),
            AutoCompaction::Periodic(Duration::from_secs(3600))
        );
        assert_eq!(
            retention(&["--auto-compaction-retention=10m"]).unwrap(),
            AutoCompaction::Periodic(Duration::from_secs(600))
        );
        let revisions = ["--auto-compaction-mode=revision", "--auto-compaction-retention=1000"];
        assert_eq!(retention(&revisions).unwrap(), AutoCompaction::Revision(1000));
        assert!(retention(&["--auto-compaction-retention=soon"]).is_err());
    }

    #[test]
    fn bad_settings_are_refused_by_name() {
        for (args, text) in [
            (vec!["--cert-file=/nonexistent", "--key-file=k"], "--cert-file"),
            (vec!["--cert-file=/nonexistent"], "needed together"),
            (vec!["--auth-token=magic"], "invalid auth options"),
            (vec!["--listen-client-urls=localhost:1"], "URL scheme"),
            (vec!["--initial-cluster=b=http://x:1"], "couldn't find local name"),
        ] {
            let error = config(&args).unwrap_err().to_string();
            assert!(error.contains(text), "{args:?}: {error}");
        }
    }
}
