//! What can be asked for on the command line.

use clap::{Args, Parser, Subcommand};
use std::{path::PathBuf, time::Duration};

/// Measures our servers against upstream's on this machine
#[derive(Debug, Parser)]
#[command(version)]
pub(crate) struct Options {
    #[command(subcommand)]
    pub(crate) command: Command,
}

/// What is measured.
#[derive(Debug, Subcommand)]
pub(crate) enum Command {
    /// Our etcd against Debian's etcd-server
    Etcd(EtcdOptions),
    /// Our kube-apiserver, over etcd, against upstream's where there is one
    Apiserver(ApiserverOptions),
    /// Ways to write a log record and make it durable
    Disk(DiskOptions),
    /// Our scheduler's decisions, without an API server
    Scheduler(SchedulerOptions),
}

#[derive(Args, Clone, Debug)]
pub(crate) struct SchedulerOptions {
    /// Nodes of the cluster
    #[arg(long, default_value_t = 5_000, value_parser = clap::value_parser!(u32).range(1..=100_000))]
    pub(crate) nodes: u32,
    /// Pods that are placed, of each kind
    #[arg(long, default_value_t = 20_000, value_parser = clap::value_parser!(u32).range(1..=1_000_000))]
    pub(crate) pods: u32,
}

#[derive(Args, Clone, Debug)]
pub(crate) struct DiskOptions {
    /// Where the file is made; a real disk, or syncs are free
    #[arg(long, default_value = "target/bench")]
    pub(crate) dir: PathBuf,
    /// Bytes of a record
    #[arg(long, default_value_t = 600, value_parser = clap::value_parser!(u32).range(1..=1_000_000))]
    pub(crate) bytes: u32,
    /// Records of one round
    #[arg(long, default_value_t = 500, value_parser = clap::value_parser!(u32).range(1..=1_000_000))]
    pub(crate) writes: u32,
    /// Rounds, in which the ways take turns
    #[arg(long, default_value_t = 5, value_parser = clap::value_parser!(u16).range(1..=99))]
    pub(crate) rounds: u16,
}

const EXAMPLES: &str = "\
Examples:
  cargo build --release -p binaries && cargo run --release -p bench -- etcd
      everything, a few minutes
  bench etcd --members 1 --only put,range --rounds 5
      five alternating rounds of puts and ranges on one member
  bench etcd --only memory --keys 1000000
      memory, start-up time and file size with a million keys
  bench etcd --json > etcd.json
      the same figures for machines, with every round

Servers run one at a time, in alternation, with fresh directories on the same disk; all sync their
log before they acknowledge. Figures are medians over the rounds. `cpu` is the servers' own
processor time for one operation: it is less disturbed by other work on the machine.";

#[derive(Args, Debug)]
#[command(after_help = EXAMPLES)]
pub(crate) struct EtcdOptions {
    /// Our binary
    #[arg(long, default_value = "target/release/etcd")]
    pub(crate) ours: PathBuf,
    /// Upstream's binary; without it only ours is measured
    #[arg(long, default_value = "/usr/bin/etcd")]
    pub(crate) upstream: PathBuf,
    /// Where data directories are made, and removed afterwards; a real disk, or syncs are free
    #[arg(long, default_value = "target/bench")]
    pub(crate) dir: PathBuf,
    /// Cluster sizes
    #[arg(long, value_delimiter = ',', default_value = "1,3", value_parser = clap::value_parser!(u16).range(1..=7))]
    pub(crate) members: Vec<u16>,
    /// Numbers of clients, each with a connection of its own
    #[arg(long, value_delimiter = ',', default_value = "1,100", value_parser = clap::value_parser!(u16).range(1..=1000))]
    pub(crate) clients: Vec<u16>,
    /// Which measurements
    #[arg(long, value_delimiter = ',', default_value = "put,range,watch,memory")]
    pub(crate) only: Vec<What>,
    /// Rounds; figures are medians
    #[arg(long, default_value_t = 3, value_parser = clap::value_parser!(u16).range(1..=99))]
    pub(crate) rounds: u16,
    /// Seconds for each load
    #[arg(long, default_value_t = 4, value_parser = clap::value_parser!(u64).range(1..=600))]
    pub(crate) seconds: u64,
    /// Bytes of a value
    #[arg(long, default_value_t = 256, value_parser = clap::value_parser!(u32).range(0..=1_000_000))]
    pub(crate) value_bytes: u32,
    /// Watchers of one key
    #[arg(long, default_value_t = 1000, value_parser = clap::value_parser!(u32).range(1..=10_000))]
    pub(crate) watchers: u32,
    /// Connections that the watchers share
    #[arg(long, default_value_t = 100, value_parser = clap::value_parser!(u32).range(1..=1000))]
    pub(crate) watch_connections: u32,
    /// Keys for memory, start-up and size; measured in one round only
    #[arg(long, default_value_t = 100_000, value_parser = clap::value_parser!(u32).range(1..=10_000_000))]
    pub(crate) keys: u32,
    /// Threads of the load generator
    #[arg(long, default_value_t = 1, value_parser = clap::value_parser!(u16).range(1..=64))]
    pub(crate) load_threads: u16,
    /// Print JSON instead of a table
    #[arg(long)]
    pub(crate) json: bool,
    /// Keep data directories and logs
    #[arg(long)]
    pub(crate) keep: bool,
}

/// A kind of measurement.
#[derive(Clone, Copy, Debug, PartialEq, Eq, clap::ValueEnum)]
pub(crate) enum What {
    Put,
    Range,
    Watch,
    Memory,
}

impl EtcdOptions {
    /// How long each load lasts.
    pub(crate) fn duration(&self) -> Duration {
        Duration::from_secs(self.seconds)
    }

    pub(crate) fn wants(&self, what: What) -> bool {
        self.only.contains(&what)
    }

    pub(crate) fn value(&self) -> bytes::Bytes {
        bytes::Bytes::from(vec![b'v'; self.value_bytes as usize])
    }
}

const APISERVER_EXAMPLES: &str = "\
Examples:
  cargo build --profile production -p binaries
  cargo run --release -p bench -- apiserver --ours target/production/kube-apiserver
      everything, two or three minutes
  bench apiserver --only list --pods 50000 --rounds 1
      start-up, one list after the other of 50,000 pods, and the memory they take

Servers run one at a time with fresh directories on the same disk; they show certificates that they
signed themselves. Figures are medians over the rounds. `cpu` is the API server's own processor time
for one operation, or for one event that one watcher got.";

#[derive(Args, Debug)]
#[command(after_help = APISERVER_EXAMPLES)]
pub(crate) struct ApiserverOptions {
    /// Our binary
    #[arg(long, default_value = "target/release/kube-apiserver")]
    pub(crate) ours: PathBuf,
    /// Upstream's binary; without it only ours is measured
    #[arg(long)]
    pub(crate) upstream: Option<PathBuf>,
    /// The etcd under either
    #[arg(long, default_value = "target/release/etcd")]
    pub(crate) etcd: PathBuf,
    /// Where data directories are made, and removed afterwards; a real disk, or syncs are free
    #[arg(long, default_value = "target/bench")]
    pub(crate) dir: PathBuf,
    /// Numbers of clients, each with a connection of its own
    #[arg(long, value_delimiter = ',', default_value = "1,50", value_parser = clap::value_parser!(u16).range(1..=1000))]
    pub(crate) clients: Vec<u16>,
    /// Which measurements, besides the start
    #[arg(long, value_delimiter = ',', default_value = "create,get,update,apply,list,watch")]
    pub(crate) only: Vec<ApiserverWhat>,
    /// Rounds; figures are medians
    #[arg(long, default_value_t = 3, value_parser = clap::value_parser!(u16).range(1..=99))]
    pub(crate) rounds: u16,
    /// Seconds for each load
    #[arg(long, default_value_t = 4, value_parser = clap::value_parser!(u64).range(1..=600))]
    pub(crate) seconds: u64,
    /// Pods that are listed
    #[arg(long, default_value_t = 10_000, value_parser = clap::value_parser!(u32).range(1..=99_999))]
    pub(crate) pods: u32,
    /// Watchers of one object
    #[arg(long, default_value_t = 1000, value_parser = clap::value_parser!(u32).range(1..=10_000))]
    pub(crate) watchers: u32,
    /// Connections that the watchers share
    #[arg(long, default_value_t = 50, value_parser = clap::value_parser!(u32).range(1..=1000))]
    pub(crate) watch_connections: u32,
    /// Threads of the load generator
    #[arg(long, default_value_t = 1, value_parser = clap::value_parser!(u16).range(1..=64))]
    pub(crate) load_threads: u16,
    /// Print JSON instead of a table
    #[arg(long)]
    pub(crate) json: bool,
    /// Keep data directories and logs
    #[arg(long)]
    pub(crate) keep: bool,
}

/// A kind of measurement of API servers.
#[derive(Clone, Copy, Debug, PartialEq, Eq, clap::ValueEnum)]
pub(crate) enum ApiserverWhat {
    Create,
    Get,
    Update,
    Apply,
    List,
    Watch,
}

impl ApiserverOptions {
    /// How long each load lasts.
    pub(crate) fn duration(&self) -> Duration {
        Duration::from_secs(self.seconds)
    }

    pub(crate) fn wants(&self, what: ApiserverWhat) -> bool {
        self.only.contains(&what)
    }
}
