//! One measurement: what is done to an API server, and the figures it gives.

use super::{load, load::What, server::Server, watching};
use crate::{
    case::Figures,
    latency::{Latencies, quantile},
    options::{ApiserverOptions, ApiserverWhat as Wanted},
};
use std::{fmt, io, time::Duration};

/// A measurement; those that follow find what those before made.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub(crate) enum Case {
    Start,
    List { protobuf: bool },
    Filled,
    Load { what: What, clients: u16 },
    Watch,
}

impl fmt::Display for Case {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Start => f.write_str("start-up"),
            Self::Load { what, clients: 1 } => write!(f, "{what}, 1 client"),
            Self::Load { what, clients } => write!(f, "{what}, {clients} clients"),
            Self::List { protobuf: false } => f.write_str("list of pods, JSON"),
            Self::List { protobuf: true } => f.write_str("list of pods, protobuf"),
            Self::Watch => f.write_str("watch fan-out"),
            Self::Filled => f.write_str("those pods there"),
        }
    }
}

/// The measurements of one round.
pub(crate) fn cases(options: &ApiserverOptions) -> Vec<Case> {
    let mut cases = vec![Case::Start];
    if options.wants(Wanted::List) {
        cases.extend([Case::List { protobuf: false }, Case::List { protobuf: true }]);
        cases.push(Case::Filled);
    }
    let loads = [
        (Wanted::Create, What::Create),
        (Wanted::Get, What::Get),
        (Wanted::Update, What::Update),
        (Wanted::Apply, What::Apply),
    ];
    for (wanted, what) in loads {
        if options.wants(wanted) {
            cases.extend(options.clients.iter().map(|&clients| Case::Load { what, clients }));
        }
    }
    if options.wants(Wanted::Watch) {
        cases.push(Case::Watch);
    }
    cases
}

/// Runs one measurement.
pub(crate) async fn measure(
    case: Case,
    server: &Server,
    options: &ApiserverOptions,
) -> io::Result<Figures> {
    let before = server.processor_time()?;
    let (latencies, took) = match case {
        Case::Start => {
            return Ok(Figures::from([
                ("ready ms", server.ready.as_secs_f64() * 1e3),
                ("memory idle MiB", mebibytes(server.idle_bytes)),
            ]));
        }
        Case::Filled => {
            return Ok(Figures::from([("memory MiB", mebibytes(server.resident_bytes()?))]));
        }
        Case::Load { what, clients } => load::run(server, what, clients, options).await?,
        Case::List { protobuf } => load::list(server, protobuf, options).await?,
        Case::Watch => watching::run(server, options).await?,
    };
    let processor = server.processor_time()?.saturating_sub(before);
    Ok(figures(latencies, took, processor))
}

fn figures(latencies: Latencies, took: Duration, processor: Duration) -> Figures {
    let count = latencies.count().max(1) as f64;
    let sorted = latencies.sorted();
    let millis = |share| quantile(&sorted, share).as_secs_f64() * 1e3;
    Figures::from([
        ("per second", count / took.as_secs_f64()),
        ("p50 ms", millis(0.5)),
        ("p99 ms", millis(0.99)),
        ("cpu µs", processor.as_secs_f64() * 1e6 / count),
    ])
}

fn mebibytes(bytes: u64) -> f64 {
    bytes as f64 / f64::from(1 << 20)
}
