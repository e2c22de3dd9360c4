//! Shrinks a failure: the smallest scenario that fails in the same way.

use crate::{engine, interrupt::Interrupt};
use faults::Span;
use record::{Fail, RunOptions, RunRecord, Verdict};
use scenario::{Scenario, Shrunk, When, shrink};

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
    let run = |candidate: &Scenario| engine::run(candidate, seed, RunOptions::default()).verdict;
    // Where a deliberate bug is hunted, it alone must be what fails.
    let clean = |candidate: &Scenario| {
        let plain = Scenario { defects: Vec::new(), ..candidate.clone() };
        candidate.defects.is_empty() || run(&plain) == Verdict::Kept
    };
    let mut fails = |candidate: &Scenario| {
        !interrupt.asked() && run(candidate).same_as(verdict) && clean(candidate)
    };
    let short = cut(failed, verdict).filter(|short| fails(short));
    let shrunk = shrink(short.unwrap_or_else(|| failed.clone()), tries_max, &mut fails);
    let keep = RunOptions { keep: true, until_nanos: None };
    let record = engine::run(&shrunk.scenario, seed, keep);
    Smallest { shrunk, record }
}

/// The same up to a little after the promise was broken: most often all that matters, and every
/// later candidate runs so much faster. `None` where the end is what failed.
fn cut(failed: &Scenario, verdict: &Verdict) -> Option<Scenario> {
    let broken = verdict.broken().filter(|broken| broken.kind != Fail::NoConvergence)?;
    let end = Span::millis(Span(broken.at_nanos).as_millis()).plus(Span::secs(1));
    if broken.at_nanos == 0 || end >= failed.duration {
        return None;
    }
    let mut short = failed.clone();
    short.duration = end;
    short.steps.retain(|step| match step.when {
        When::At(at) => at <= end,
        When::Once(_) => true,
    });
    Some(short)
}
