//! The same failure with fewer faults under other chance.
//!
//! Where no step can go any more, the failure may not need what they all do: without one of them
//! everything after it merely happens a little earlier or later, and a race that was lost is won.
//! Then a few of the faults, from the beginning of a world with another seed, lose it too, sooner or
//! later.

use super::{FEW, Search, lasts};
use crate::{Scenario, Seed, Step, What, When};
use faults::{Chance, Span};

/// Most excerpts that are tried.
const EXCERPTS_MAX: u64 = 1_600;
/// So many are made at a time.
const PORTION: u64 = 64;
/// The longest that nothing happens in an excerpt whose pauses are cut short.
const PAUSE: Span = Span::secs(2);
/// How long an excerpt goes on after its last fault is over.
const AFTER: Span = Span::secs(5);

impl Search<'_> {
    /// Fewer faults with other seeds, until there are few.
    pub(super) fn other_chance(&mut self) {
        let mut number = 0;
        while self.best.fault_count() > FEW && number < EXCERPTS_MAX && !self.spent() {
            let excerpts: Vec<Scenario> =
                (number..number + PORTION).filter_map(|n| excerpt(&self.best, n)).collect();
            if excerpts.is_empty() {
                return;
            }
            match self.first(excerpts) {
                Some(index) => {
                    number += index as u64 + 1;
                    self.fewer_steps();
                }
                None => number += PORTION,
            }
        }
    }
}

/// Some of the faults of a scenario, drawn as its `number`-th excerpt. `None` where a step waits for
/// a condition or is no fault: what belongs together there only its author knows.
fn excerpt(from: &Scenario, number: u64) -> Option<Scenario> {
    let mut chance = Chance::new(from.seed?.0, "excerpt", number);
    let all: Vec<(Span, &Step)> = from.steps.iter().map(timed_fault).collect::<Option<_>>()?;
    let most = all.len().checked_sub(1)? as u64;
    // Mostly few at once; else it takes more of them than that.
    let few = FEW as u64;
    let count = if chance.one_in(4) { chance.between(few.min(most), most) } else { few.min(most) };
    let mut chosen: Vec<usize> = (0..all.len()).collect();
    chance.shuffle(&mut chosen);
    chosen.truncate(usize::try_from(count).unwrap_or(FEW));
    chosen.sort_unstable();
    let pause = if chance.one_in(2) { PAUSE } else { from.duration };
    let (mut before, mut now, mut end) = (Span(0), Span(0), Span(0));
    let mut steps = Vec::new();
    for (at, step) in chosen.into_iter().map(|index| all[index]) {
        now = now.plus(Span(at.0.saturating_sub(before.0)).min(pause));
        before = at;
        end = end.max(now.plus(lasts(step)));
        steps.push(Step { when: When::At(now), what: step.what.clone() });
    }
    let duration = end.plus(AFTER).min(from.duration);
    Some(Scenario { seed: Some(Seed(chance.bits())), steps, duration, ..from.clone() })
}

fn timed_fault(step: &Step) -> Option<(Span, &Step)> {
    match (step.when, &step.what) {
        (When::At(at), What::Fault(_)) => Some((at, step)),
        (When::At(_) | When::Once(_), _) => None,
    }
}
