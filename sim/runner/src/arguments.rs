//! The command line.

use clap::{Args, Parser, Subcommand, ValueEnum};
use faults::Span;
use scenario::Seed;
use std::{path::PathBuf, time::Duration};

/// Breaks clusters in a simulated world, the same way twice, and tells which promise broke.
#[derive(Debug, Parser)]
#[command(name = "seaworthy", version, after_help = crate::exit::HELP)]
pub(crate) struct Arguments {
    /// When to use colour.
    #[arg(long, global = true, default_value = "auto")]
    pub(crate) colour: Colour,
    /// What to do. Without a command: one run of a three-member cluster under chaos.
    #[command(subcommand)]
    pub(crate) command: Option<Command>,
}

/// When to use colour.
#[derive(Clone, Copy, Debug, PartialEq, Eq, ValueEnum)]
pub(crate) enum Colour {
    /// On a terminal.
    Auto,
    /// Always.
    Always,
    /// Never.
    Never,
}

/// What to do.
#[derive(Debug, Subcommand)]
pub(crate) enum Command {
    /// Run one scenario with one seed.
    #[command(after_help = "Examples:\n  seaworthy run steady_chaos --seed 7\n  \
        seaworthy run scenarios/etcd/full_disk.yaml")]
    Run(Run),
    /// Run scenarios with many seeds on all cores.
    #[command(after_help = "Examples:\n  seaworthy hunt --seeds 1000\n  \
        seaworthy hunt disk_chaos clock_chaos --for 10m\n  seaworthy hunt --for 1h --fresh")]
    Hunt(Hunt),
    /// Run again what failed, and print the trace.
    #[command(after_help = "Examples:\n  seaworthy replay target/sim/0x2a/shrunk.yaml\n  \
        seaworthy replay steady_chaos --seed 0x2a --until 14.2s")]
    Replay(Replay),
    /// Find the smallest scenario that fails in the same way.
    #[command(after_help = "Example:\n  seaworthy shrink steady_chaos --seed 0x2a")]
    Shrink(Shrink),
    /// Run each seed twice here and once in another process, and compare the hashes.
    #[command(after_help = "Examples:\n  seaworthy verify --seeds 1000\n  \
        seaworthy verify echo --seeds 20 --other target/debug/seaworthy")]
    Verify(Verify),
    /// Switch known bugs on, one at a time, and let a general hunt find each.
    #[command(after_help = "Examples:\n  seaworthy museum\n  \
        seaworthy museum E07 E18a --for 2m --json museum.json")]
    Museum(Museum),
    /// Say what there is: scenarios, faults, conditions, oracles, exhibits.
    List(List),
    /// Print the hash of each seed: the other half of `verify`.
    #[command(hide = true)]
    Digest(Digest),
}

impl Command {
    /// What a newcomer sees first.
    pub(crate) fn first_sight() -> Self {
        let scenario = "steady_chaos".to_owned();
        Command::Run(Run { scenario, seed: None, evidence: Evidence::default(), no_shrink: false })
    }
}

/// Where evidence goes.
#[derive(Clone, Debug, Args)]
pub(crate) struct Evidence {
    /// Folder for evidence; each run has a folder in it, named by its seed.
    #[arg(long, default_value = "target/sim")]
    pub(crate) evidence: PathBuf,
}

impl Default for Evidence {
    fn default() -> Self {
        Self { evidence: PathBuf::from("target/sim") }
    }
}

/// Arguments of `run`.
#[derive(Debug, Args)]
pub(crate) struct Run {
    /// A scenario's name or file.
    pub(crate) scenario: String,
    /// The seed; a story without one runs with 1.
    #[arg(long)]
    pub(crate) seed: Option<Seed>,
    /// Do not shrink a failure.
    #[arg(long)]
    pub(crate) no_shrink: bool,
    #[command(flatten)]
    pub(crate) evidence: Evidence,
}

/// Arguments of `hunt`.
#[derive(Debug, Args)]
pub(crate) struct Hunt {
    /// Names, files or folders; the general hunt when there is none.
    pub(crate) scenarios: Vec<String>,
    /// How many seeds.
    #[arg(long, default_value_t = 100, conflicts_with = "time")]
    pub(crate) seeds: u64,
    /// How long, in real time: 30s, 10m, 1h.
    #[arg(long = "for", value_parser = real_time)]
    pub(crate) time: Option<Duration>,
    /// The first seed.
    #[arg(long, default_value = "1", conflicts_with = "fresh")]
    pub(crate) from: Seed,
    /// Start at a seed that nobody has tried, and print it.
    #[arg(long)]
    pub(crate) fresh: bool,
    /// Runs at the same time; as many as there are cores when zero.
    #[arg(long, default_value_t = 0)]
    pub(crate) jobs: usize,
    /// Stop at the first failure.
    #[arg(long)]
    pub(crate) first: bool,
    /// Do not shrink failures.
    #[arg(long)]
    pub(crate) no_shrink: bool,
    #[command(flatten)]
    pub(crate) evidence: Evidence,
}

/// Arguments of `replay`.
#[derive(Debug, Args)]
pub(crate) struct Replay {
    /// A scenario's name or file.
    pub(crate) scenario: String,
    /// The seed, where the scenario has none.
    #[arg(long)]
    pub(crate) seed: Option<Seed>,
    /// Stop at this simulated time, such as 14.2s.
    #[arg(long)]
    pub(crate) until: Option<Span>,
    #[command(flatten)]
    pub(crate) evidence: Evidence,
}

/// Arguments of `shrink`.
#[derive(Debug, Args)]
pub(crate) struct Shrink {
    /// A scenario's name or file.
    pub(crate) scenario: String,
    /// The seed, where the scenario has none.
    #[arg(long)]
    pub(crate) seed: Option<Seed>,
    /// Most candidates to try.
    #[arg(long, default_value_t = crate::shrinking::TRIES_MAX)]
    pub(crate) tries: usize,
    /// Runs at the same time; as many as there are cores when zero.
    #[arg(long, default_value_t = 0)]
    pub(crate) jobs: usize,
    #[command(flatten)]
    pub(crate) evidence: Evidence,
}

/// Arguments of `verify`.
#[derive(Debug, Args)]
pub(crate) struct Verify {
    /// Names, files or folders; the general hunt when there is none.
    pub(crate) scenarios: Vec<String>,
    /// How many seeds.
    #[arg(long, default_value_t = 20)]
    pub(crate) seeds: u64,
    /// The first seed.
    #[arg(long, default_value = "1")]
    pub(crate) from: Seed,
    /// The other process: this program, or one built in another way (debug against release).
    #[arg(long)]
    pub(crate) other: Option<PathBuf>,
    /// Runs at the same time; as many as there are cores when zero.
    #[arg(long, default_value_t = 0)]
    pub(crate) jobs: usize,
}

/// Arguments of `museum`.
#[derive(Debug, Args)]
pub(crate) struct Museum {
    /// Which exhibits; all when there is none.
    pub(crate) exhibits: Vec<String>,
    /// Most seeds for one exhibit.
    #[arg(long, default_value_t = 100_000)]
    pub(crate) seeds: u64,
    /// The longest time for one exhibit, in real time.
    #[arg(long = "for", value_parser = real_time, default_value = "5m")]
    pub(crate) time: Duration,
    /// The first seed.
    #[arg(long, default_value = "1")]
    pub(crate) from: Seed,
    /// Most scenarios that are tried to shrink what was found.
    #[arg(long, default_value_t = crate::shrinking::TRIES_MAX)]
    pub(crate) shrink: usize,
    /// Runs at the same time; as many as there are cores when zero.
    #[arg(long, default_value_t = 0)]
    pub(crate) jobs: usize,
    /// Also write the table as JSON to this file.
    #[arg(long)]
    pub(crate) json: Option<PathBuf>,
    #[command(flatten)]
    pub(crate) evidence: Evidence,
}

/// Arguments of `list`.
#[derive(Debug, Args)]
pub(crate) struct List {
    /// Only this.
    pub(crate) what: Option<Listed>,
}

/// What can be listed.
#[derive(Clone, Copy, Debug, PartialEq, Eq, ValueEnum)]
pub(crate) enum Listed {
    /// Scenario files.
    Scenarios,
    /// Faults, by family.
    Faults,
    /// What a step may wait for.
    Conditions,
    /// Promises that are judged.
    Oracles,
    /// Known bugs that can be switched on.
    Exhibits,
}

/// Arguments of `digest`.
#[derive(Debug, Args)]
pub(crate) struct Digest {
    /// Names, files or folders; the general hunt when there is none.
    pub(crate) scenarios: Vec<String>,
    /// How many seeds.
    #[arg(long, default_value_t = 1)]
    pub(crate) seeds: u64,
    /// The first seed.
    #[arg(long, default_value = "1")]
    pub(crate) from: Seed,
    /// Print the trace instead.
    #[arg(long)]
    pub(crate) trace: bool,
    /// Runs at the same time; as many as there are cores when zero.
    #[arg(long, default_value_t = 0)]
    pub(crate) jobs: usize,
}

fn real_time(text: &str) -> Result<Duration, String> {
    text.parse::<Span>().map(Span::duration).map_err(|error| error.to_string())
}
