//! One long fault instead of several short ones.
//!
//! Who was cut off, then off, then restarted was away all that time: a first fault that lasts until
//! the last one is over may do the same, and no other is needed.

use super::{FEW, Search, lasts};
use crate::{Scenario, Step, What, When};
use faults::Span;

/// How many faults after one it may take the place of.
const REACH: usize = 4;

impl Search<'_> {
    /// Lets faults last longer in the place of later ones, until there are few.
    pub(super) fn merge(&mut self) {
        while self.best.fault_count() > FEW && self.first(merged(&self.best)).is_some() {
            self.fewer_steps();
        }
    }
}

/// Every scenario in which a fault lasts until a later one is over, with neither that one nor those
/// between them, or only without that one; the boldest first.
fn merged(from: &Scenario) -> Vec<Scenario> {
    let mut bold = Vec::new();
    let mut timid = Vec::new();
    for reach in (1..=REACH).rev() {
        for first in 0..from.steps.len().saturating_sub(reach) {
            let last = first + reach;
            let Some(long) = long(&from.steps[first], &from.steps[last]) else { continue };
            let with = |gone: &dyn Fn(usize) -> bool| {
                let stays = |(index, step): &(usize, &Step)| !(gone(*index) && is_fault(step));
                let kept = from.steps.iter().enumerate().filter(stays);
                let steps = kept.map(|(index, step)| if index == first { &long } else { step });
                Scenario { steps: steps.cloned().collect(), ..from.clone() }
            };
            bold.push(with(&|index| first < index && index <= last));
            timid.push(with(&|index| index == last));
        }
    }
    bold.extend(timid);
    bold
}

/// The first fault until the end of the last. `None` where one is no fault, where nobody knows when
/// it strikes, or where the first falls once.
fn long(first: &Step, last: &Step) -> Option<Step> {
    let (When::At(from), When::At(until)) = (first.when, last.when) else { return None };
    let (What::Fault(fault), What::Fault(_)) = (&first.what, &last.what) else { return None };
    let end = until.plus(lasts(last));
    let longer = Span(end.0.saturating_sub(from.0)).max(fault.lasts());
    let what = What::Fault(fault.clone().lasting(longer));
    (fault.lasts() > Span(0)).then_some(Step { when: first.when, what })
}

fn is_fault(step: &Step) -> bool {
    matches!(step.what, What::Fault(_))
}
