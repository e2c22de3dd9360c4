//! The flags of `etcd`: upstream's names and defaults, turned into a member's configuration.
//!
//! Upstream: server/embed/config.go, server/etcdmain/help.go.

mod error;
mod settings;

pub use error::FlagError;

use crate::go_duration;
use clap::{ArgAction, Parser};
use std::time::Duration;

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
