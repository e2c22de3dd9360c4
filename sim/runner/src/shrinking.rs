//! Shrinks a failure: the smallest scenario that fails in the same way.

use crate::{engine, interrupt::Interrupt};
use record::{RunOptions, RunRecord, Verdict};
use scenario::{Scenario, Shrunk, shrink};

/// Most candidates that are tried unless asked otherwise.
pub(crate) const TRIES_MAX: usize = 400;

/// The smallest scenario and what its run left.
#[derive(Debug)]
pub(crate) struct Smallest {
    pub(crate) shrunk: Shrunk,
    pub(crate) record: RunRecord,
}

/// Shrinks `failed`, the explicit scenario of a run that ended with `verdict`.
pub(crate) fn smallest(
    failed: &Scenario,
    verdict: &Verdict,
    tries_max: usize,
    interrupt: &Interrupt,
) -> Smallest {
    let seed = failed.seed.map_or(0, |seed| seed.0);
    let mut fails = |candidate: &Scenario| {
        !interrupt.asked()
            && engine::run(candidate, seed, RunOptions::default()).verdict.same_as(verdict)
    };
    let shrunk = shrink(failed.clone(), tries_max, &mut fails);
    let keep = RunOptions { keep: true, until_nanos: None };
    let record = engine::run(&shrunk.scenario, seed, keep);
    Smallest { shrunk, record }
}
