//! One measurement: what is done to a cluster, and the figures it gives.

use crate::{
    cluster::Cluster,
    latency::quantile,
    load::{self, Ask, Load},
    memory,
    options::{EtcdOptions, What},
    watching,
};
use std::{collections::BTreeMap, fmt, io, time::Duration};

/// Figures by their names with units.
pub(crate) type Figures = BTreeMap<&'static str, f64>;

/// A measurement on a cluster of some size.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub(crate) enum Case {
    Put { clients: u16 },
    Range { serializable: bool, clients: u16 },
    Watch,
    Memory,
}

impl fmt::Display for Case {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Put { clients } => write!(f, "put, {}", many(*clients)),
            Self::Range { serializable: true, clients } => {
                write!(f, "range serializable, {}", many(*clients))
            }
            Self::Range { serializable: false, clients } => {
                write!(f, "range linearizable, {}", many(*clients))
            }
            Self::Watch => f.write_str("watch fan-out"),
            Self::Memory => f.write_str("many keys"),
        }
    }
}

fn many(clients: u16) -> String {
    if clients == 1 { "1 client".to_owned() } else { format!("{clients} clients") }
}

/// The measurements of a cluster of `members` in one round.
pub(crate) fn cases(options: &EtcdOptions, members: u16, round: u16) -> Vec<Case> {
    let mut cases = Vec::new();
    if options.wants(What::Put) {
        cases.extend(options.clients.iter().map(|&clients| Case::Put { clients }));
    }
    if options.wants(What::Range) {
        for serializable in [false, true] {
            let range = |&clients| Case::Range { serializable, clients };
            cases.extend(options.clients.iter().map(range));
        }
    }
    if options.wants(What::Watch) {
        cases.push(Case::Watch);
    }
    // Takes long, and hardly varies.
    if options.wants(What::Memory) && members == 1 && round == 0 {
        cases.push(Case::Memory);
    }
    cases
}

/// Runs one measurement.
pub(crate) async fn measure(
    case: Case,
    cluster: &mut Cluster,
    options: &EtcdOptions,
) -> io::Result<Figures> {
    let mut before = Duration::ZERO;
    let begin = || {
        before = cluster.processor_time()?;
        Ok(())
    };
    let load = match case {
        Case::Memory => return memory::measure(cluster, options).await,
        Case::Put { clients } => {
            let channels = cluster.channels(clients.into()).await?;
            load::run(channels, Ask::Put(options.value()), options.duration(), begin).await?
        }
        Case::Range { serializable, clients } => {
            let channels = cluster.channels(clients.into()).await?;
            load::run(channels, Ask::Range { serializable }, options.duration(), begin).await?
        }
        Case::Watch => {
            let channels = cluster.channels(options.watch_connections as usize + 1).await?;
            let (watchers, value) = (options.watchers, options.value());
            watching::run(channels, watchers, value, options.duration(), begin).await?
        }
    };
    Ok(figures(load, cluster.processor_time()?.saturating_sub(before)))
}

fn figures(load: Load, processor: Duration) -> Figures {
    let count = load.latencies.count();
    let sorted = load.latencies.sorted();
    let millis = |share| quantile(&sorted, share).as_secs_f64() * 1e3;
    Figures::from([
        ("per second", count as f64 / load.took.as_secs_f64()),
        ("p50 ms", millis(0.5)),
        ("p99 ms", millis(0.99)),
        ("cpu µs", processor.as_secs_f64() * 1e6 / count.max(1) as f64),
    ])
}
