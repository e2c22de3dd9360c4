//! Shrinks a failure: the smallest scenario that fails in the same way.

use crate::{engine, interrupt::Interrupt, pool};
use faults::Span;
use record::{Broken, Fail, RunOptions, RunRecord, Verdict};
use scenario::{Failing, Scenario, Shrunk, shrink};
use std::{
    collections::BTreeMap,
    sync::{
        Mutex, PoisonError,
        atomic::{AtomicUsize, Ordering},
    },
    thread,
};

/// Most candidates that are tried unless asked otherwise.
pub(crate) const TRIES_MAX: usize = 2_000;

/// The smallest scenario and what its run left.
#[derive(Debug)]
pub(crate) struct Smallest {
    pub(crate) shrunk: Shrunk,
    pub(crate) record: RunRecord,
}

/// How to shrink.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Limits {
    /// Most candidates that are tried.
    pub(crate) tries: usize,
    /// Runs at the same time; as many as there are cores when zero.
    pub(crate) jobs: usize,
}

impl Default for Limits {
    fn default() -> Self {
        Self { tries: TRIES_MAX, jobs: 0 }
    }
}

/// Shrinks `failed`, the explicit scenario of a run that ended with `verdict`. The result does not
/// depend on how many candidates run at once.
pub(crate) fn smallest(
    failed: &Scenario,
    verdict: &Verdict,
    limits: Limits,
    interrupt: &Interrupt,
) -> Smallest {
    let run = |candidate: &Scenario| engine::run(candidate, 0, RunOptions::default()).verdict;
    // Where a deliberate bug is hunted, it alone must be what fails.
    let clean = |candidate: &Scenario| {
        let plain = Scenario { defects: Vec::new(), ..candidate.clone() };
        candidate.defects.is_empty() || run(&plain) == Verdict::Kept
    };
    let fails = |candidate: &Scenario| {
        let ended = run(candidate);
        let same = ended.same_as(verdict) && clean(candidate);
        ended.broken().filter(|_| same).map(|broken| end(candidate, broken))
    };
    let mut first =
        |candidates: &[Scenario]| first_failing(candidates, limits.jobs, interrupt, &fails);
    let until = verdict.broken().map_or(failed.duration, |broken| end(failed, broken));
    let shrunk = shrink(failed.clone(), until, limits.tries, &mut first);
    let keep = RunOptions { keep: true, until_nanos: None };
    let record = engine::run(&shrunk.scenario, 0, keep);
    Smallest { shrunk, record }
}

/// A little after the promise was broken; the end, where that is what failed.
fn end(scenario: &Scenario, broken: &Broken) -> Span {
    if broken.kind == Fail::NoConvergence || broken.at_nanos == 0 {
        return scenario.duration;
    }
    Span::millis(Span(broken.at_nanos).as_millis()).plus(Span::secs(1))
}

/// The first candidate, by their order, that fails.
fn first_failing(
    candidates: &[Scenario],
    jobs: usize,
    interrupt: &Interrupt,
    fails: &(dyn Fn(&Scenario) -> Option<Span> + Sync),
) -> Option<Failing> {
    let (next, last) = (AtomicUsize::new(0), AtomicUsize::new(candidates.len()));
    let found = Mutex::new(BTreeMap::new());
    let work = || {
        while !interrupt.asked() {
            let index = next.fetch_add(1, Ordering::Relaxed);
            if index >= last.load(Ordering::Relaxed) {
                return;
            }
            if let Some(until) = fails(&candidates[index]) {
                // Those before it are finished, whoever runs them.
                last.fetch_min(index, Ordering::Relaxed);
                found.lock().unwrap_or_else(PoisonError::into_inner).insert(index, until);
            }
        }
    };
    thread::scope(|scope| {
        for _ in 0..pool::jobs(jobs).min(candidates.len()) {
            scope.spawn(work);
        }
    });
    let found = found.into_inner().unwrap_or_else(PoisonError::into_inner);
    found.into_iter().next().map(|(index, until)| Failing { index, until })
}
