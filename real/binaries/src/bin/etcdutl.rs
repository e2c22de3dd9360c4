//! `etcdutl`: looks after a member's files while the member is down.

use clap::{Parser, Subcommand, ValueEnum};
use etcd::{
    RestoreOptions,
    config::{Config, Url, parse_initial_cluster},
};
use host::{Host, Level};
use std::{collections::BTreeMap, io::Write, process::ExitCode};

/// Looks after a member's files while the member is down.
#[derive(Debug, Parser)]
#[command(name = "etcdutl", version)]
struct Flags {
    #[command(subcommand)]
    command: Command,
}

#[derive(Debug, Subcommand)]
enum Command {
    /// Snapshot files
    #[command(subcommand)]
    Snapshot(Snapshot),
}

#[derive(Debug, Subcommand)]
enum Snapshot {
    /// Make the data directory of a member of a new cluster from a snapshot
    Restore(Restore),
    /// Tell what a snapshot holds
    Status {
        /// The snapshot
        file: String,
        /// `simple`, `json` or `table`
        #[arg(short, long, default_value = "simple")]
        write_out: Format,
    },
}

#[derive(Clone, Copy, Debug, ValueEnum)]
enum Format {
    Simple,
    Json,
    Table,
}

#[derive(Debug, Parser)]
struct Restore {
    /// The snapshot
    file: String,
    /// Data directory to make [default: {name}.etcd]
    #[arg(long, default_value = "", hide_default_value = true)]
    data_dir: String,
    /// Directory of the log, if not inside the data directory
    #[arg(long)]
    wal_dir: Option<String>,
    /// Name of this member
    #[arg(long, default_value = "default")]
    name: String,
    /// Members of the new cluster, as name=url,…
    #[arg(long, default_value = "default=http://localhost:2380")]
    initial_cluster: String,
    /// Keeps clusters with equal addresses apart
    #[arg(long, default_value = "etcd-cluster")]
    initial_cluster_token: String,
    /// Peer URLs of this member
    #[arg(long, default_value = "http://localhost:2380")]
    initial_advertise_peer_urls: String,
    /// Take a file without a hash, such as one copied from a data directory
    #[arg(long)]
    skip_hash_check: bool,
    /// By how much to raise the revision
    #[arg(long, default_value_t = 0)]
    bump_revision: u64,
    /// Mark everything before the raised revision as compacted
    #[arg(long, requires = "bump_revision")]
    mark_compacted: bool,
}

fn main() -> ExitCode {
    let flags = Flags::parse();
    let process = linux::Config { log_level: Level::Warn, ..linux::Config::new("etcdutl") };
    linux::run(process, |host, _stop| async move {
        match run(&host, flags.command).await {
            Ok(text) => {
                // Nobody to tell when standard output is closed.
                let _ = std::io::stdout().write_all(text.as_bytes());
                ExitCode::SUCCESS
            }
            Err(why) => {
                let _ = writeln!(std::io::stderr(), "Error: {why}");
                ExitCode::FAILURE
            }
        }
    })
}

async fn run(host: &Host, command: Command) -> Result<String, String> {
    match command {
        Command::Snapshot(Snapshot::Restore(restore)) => {
            let options = restore.into_options()?;
            etcd::restore(host, options).await.map_err(|error| error.to_string())?;
            Ok(String::new())
        }
        Command::Snapshot(Snapshot::Status { file, write_out }) => {
            let scratch = std::env::temp_dir().join(format!("etcdutl-{}.db", std::process::id()));
            let scratch = scratch.to_string_lossy().into_owned();
            let status = etcd::snapshot_status(host, file, scratch).await;
            Ok(shown(&status.map_err(|error| error.to_string())?, write_out))
        }
    }
}

impl Restore {
    fn into_options(self) -> Result<RestoreOptions, String> {
        let error = |error: etcd::config::ConfigError| error.to_string();
        let urls: Result<Vec<Url>, _> =
            self.initial_advertise_peer_urls.split(',').map(str::parse).collect();
        let advertised = urls.map_err(error)?;
        let cluster: BTreeMap<String, Vec<Url>> =
            parse_initial_cluster(&self.initial_cluster).map_err(error)?;
        let data_dir =
            if self.data_dir.is_empty() { format!("{}.etcd", self.name) } else { self.data_dir };
        let config = Config {
            name: self.name,
            data_dir,
            wal_dir: self.wal_dir,
            initial_cluster: cluster,
            initial_cluster_token: self.initial_cluster_token,
            initial_advertise_peer_urls: advertised,
            ..Config::default()
        };
        config.validate().map_err(error)?;
        Ok(RestoreOptions {
            snapshot: self.file,
            config,
            skip_hash_check: self.skip_hash_check,
            bump_revision: self.bump_revision,
            mark_compacted: self.mark_compacted,
        })
    }
}

fn shown(status: &etcd::SnapshotStatus, format: Format) -> String {
    let etcd::SnapshotStatus { rows, total_size } = *status;
    let (hash, revision, keys) = (rows.hash, rows.revision, rows.total_keys);
    match format {
        Format::Simple => format!("{hash:x}, {revision}, {keys}, {total_size}\n"),
        Format::Json => format!(
            "{{\"hash\":{hash},\"revision\":{revision},\"totalKey\":{keys},\
             \"totalSize\":{total_size}}}\n"
        ),
        Format::Table => format!(
            "| HASH | REVISION | TOTAL KEYS | TOTAL SIZE |\n\
             | {hash:x} | {revision} | {keys} | {total_size} |\n"
        ),
    }
}
