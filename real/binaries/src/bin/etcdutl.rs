//! `etcdutl`: looks after a member's files while the member is down.

use binaries::answers::{Field, Format, human};
use clap::{Parser, Subcommand};
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
    /// `simple`, `json` or `table`
    #[arg(short, long, global = true, default_value = "simple")]
    write_out: Format,
}

#[derive(Debug, Subcommand)]
enum Command {
    /// Defragments the storage of a member that is down
    Defrag {
        /// Its data directory
        #[arg(long)]
        data_dir: String,
    },
    /// Prints the KV history hash of a given file
    Hashkv {
        /// A snapshot, or `member/snap/db` of a data directory
        file: String,
        /// Maximum revision to hash; 0: the latest
        #[arg(long, default_value_t = 0)]
        rev: i64,
    },
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
    },
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
        match run(&host, flags).await {
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

async fn run(host: &Host, flags: Flags) -> Result<String, String> {
    let scratch = std::env::temp_dir().join(format!("etcdutl-{}.db", std::process::id()));
    let scratch = scratch.to_string_lossy().into_owned();
    match flags.command {
        Command::Defrag { data_dir } => match etcd::defragment_files(host, &data_dir).await {
            Ok(()) => Ok(String::new()),
            Err(why) => Err(format!("Failed to defragment etcd data[{data_dir}] ({why})")),
        },
        Command::Hashkv { file, rev } => {
            let hash = etcd::hash_of_file(host, file, rev, scratch).await;
            let hash = hash.map_err(|error| error.to_string())?;
            Ok(flags.write_out.show(&[
                Field::number("hash", "hash", hash.hash),
                Field::number("hash revision", "hashRevision", hash.hash_revision),
                Field::number("compact revision", "compactRevision", hash.compact_revision),
            ]))
        }
        Command::Snapshot(Snapshot::Restore(restore)) => {
            let options = restore.into_options()?;
            etcd::restore(host, options).await.map_err(|error| error.to_string())?;
            Ok(String::new())
        }
        Command::Snapshot(Snapshot::Status { file }) => {
            let status = etcd::snapshot_status(host, file, scratch).await;
            let status = status.map_err(|error| error.to_string())?;
            let etcd::SnapshotStatus { rows, total_size } = status;
            let version = etcd::version::STORAGE;
            Ok(flags.write_out.show(&[
                Field::new("hash", format!("{:x}", rows.hash), "hash", rows.hash.into()),
                Field::number("revision", "revision", rows.revision),
                Field::number("total keys", "totalKey", rows.total_keys),
                Field::new("total size", human(total_size), "totalSize", total_size.into()),
                Field::new("version", version.to_owned(), "version", version.into()),
            ]))
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
