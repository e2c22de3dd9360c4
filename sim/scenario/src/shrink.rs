//! Finds the smallest scenario that still fails.
//!
//! First the fewest steps (Zeller's ddmin); where faults are still many, one long instead of several
//! short ones, and then a few of them under other chance. Then fewer clients and operations, a
//! shorter run, a smaller cluster, fewer settings, and again until nothing more can go.
//! Deterministic: the same scenario and the same answers give the same result, and every candidate
//! is a scenario that can be written to a file and run.

mod excerpt;
mod merge;
mod smaller;

use crate::{Scenario, Step, What, When};
use faults::Span;

/// So many faults can be followed by who reads them: no more is done to have fewer than to leave
/// out those that can go.
const FEW: usize = 5;

/// What is left.
#[derive(Clone, Debug)]
pub struct Shrunk {
    /// The smallest scenario that was seen to fail.
    pub scenario: Scenario,
    /// How many candidates were tried.
    pub tries: usize,
    /// True when the limit was reached before nothing more could go.
    pub gave_up: bool,
}

/// A candidate that fails in the same way.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Failing {
    /// Its place among those that were to be tried.
    pub index: usize,
    /// From this moment on nothing matters any more: most often a promise is broken by then.
    pub until: Span,
}

/// Shrinks an explicit scenario that fails, and in which nothing matters from `until` on.
///
/// `first` runs candidates and gives the first of them, by their order, that still fails in the
/// same way; it may run several at once. It is asked about at most `tries_max`.
pub fn shrink(
    scenario: Scenario,
    until: Span,
    tries_max: usize,
    first: &mut dyn FnMut(&[Scenario]) -> Option<Failing>,
) -> Shrunk {
    let mut search = Search { best: scenario, tries: 0, tries_max, first };
    search.cut(until);
    search.fewer_steps();
    search.merge();
    // Before anything else gets smaller: under other chance a race may need all of its traffic.
    search.other_chance();
    loop {
        let before = search.best.clone();
        while search.first(smaller::all(&search.best)).is_some() {}
        if search.best == before || search.spent() {
            break;
        }
        search.fewer_steps();
    }
    let gave_up = search.spent();
    Shrunk { scenario: search.best, tries: search.tries, gave_up }
}

/// Zero for what falls once.
fn lasts(step: &Step) -> Span {
    match &step.what {
        What::Fault(fault) => fault.lasts(),
        What::Traffic(_) | What::Heal => Span(0),
    }
}

struct Search<'a> {
    best: Scenario,
    tries: usize,
    tries_max: usize,
    first: &'a mut dyn FnMut(&[Scenario]) -> Option<Failing>,
}

impl Search<'_> {
    fn spent(&self) -> bool {
        self.tries >= self.tries_max
    }

    /// Keeps the first of the candidates that fails, and gives its place.
    fn first(&mut self, mut candidates: Vec<Scenario>) -> Option<usize> {
        candidates.truncate(self.tries_max - self.tries);
        if candidates.is_empty() {
            return None;
        }
        let found = (self.first)(&candidates);
        self.tries += found.map_or(candidates.len(), |found| found.index + 1);
        let Failing { index, until } = found?;
        self.best = candidates.swap_remove(index);
        self.cut(until);
        Some(index)
    }

    /// Leaves out what comes after the failure: most often nothing of it matters, and every later
    /// candidate runs so much faster.
    fn cut(&mut self, until: Span) {
        if until < self.best.duration {
            let mut short = self.best.clone();
            short.duration = until;
            short.steps.retain(|step| match step.when {
                When::At(at) => at <= until,
                When::Once(_) => true,
            });
            self.first(vec![short]);
        }
    }

    /// ddmin: leaves out ever smaller runs of steps while it fails without them.
    fn fewer_steps(&mut self) {
        let none = Scenario { steps: Vec::new(), ..self.best.clone() };
        if self.best.steps.is_empty() || self.first(vec![none]).is_some() {
            return;
        }
        let mut size = self.best.steps.len().div_ceil(2);
        while size >= 1 && !self.spent() {
            let removed = self.without_runs_of(size);
            if !removed && size == 1 {
                break;
            }
            size = if removed { size.min(self.best.steps.len()) } else { size / 2 };
        }
    }

    /// Leaves out runs of so many steps, each where it can go; true when any could.
    fn without_runs_of(&mut self, size: usize) -> bool {
        let mut start = 0;
        let mut removed = false;
        loop {
            let steps = &self.best.steps;
            let starts = (start..steps.len()).step_by(size);
            let without = starts
                .map(|start| Scenario { steps: without(steps, start, size), ..self.best.clone() });
            let Some(index) = self.first(without.collect()) else { return removed };
            removed = true;
            start += index * size;
        }
    }
}

fn without(steps: &[Step], start: usize, count: usize) -> Vec<Step> {
    let end = (start + count).min(steps.len());
    steps[..start].iter().chain(&steps[end..]).cloned().collect()
}
