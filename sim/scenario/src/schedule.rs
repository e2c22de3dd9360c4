//! What is due next: steps by time or condition, and the ends of strikes.
//!
//! Pure: whoever runs a scenario asks for the next moment, lets the world go on until then, and
//! carries out what is due.

use crate::{Condition, Scenario, Step, What, When};
use faults::{Span, StrikeId};
use std::collections::BTreeSet;

/// Something to do now.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Due {
    /// A step of the scenario.
    Step(What),
    /// A strike is over.
    Heal(StrikeId),
}

/// The steps that are left and the strikes that must end.
#[derive(Debug)]
pub struct Schedule {
    steps: Vec<Step>,
    ends: BTreeSet<(Span, StrikeId)>,
}

impl Schedule {
    /// The steps of an explicit scenario, in the order of the file.
    pub fn new(scenario: &Scenario) -> Self {
        Self { steps: scenario.steps.clone(), ends: BTreeSet::new() }
    }

    /// Asks for a strike's end.
    pub fn heal_at(&mut self, at: Span, strike: StrikeId) {
        self.ends.insert((at, strike));
    }

    /// The next moment at which something is due by time, if anything is.
    pub fn next(&self) -> Option<Span> {
        let steps = self.steps.iter().filter_map(|step| match step.when {
            When::At(at) => Some(at),
            When::Once(_) => None,
        });
        steps.chain(self.ends.first().map(|(at, _)| *at)).min()
    }

    /// True while a step waits for a condition: look often.
    pub fn waits(&self) -> bool {
        self.steps.first().is_some_and(|step| matches!(step.when, When::Once(_)))
    }

    /// Takes what is due: ends of strikes first, then steps in the order of the file. A step with a
    /// condition waits until every step before it has been taken.
    pub fn due(&mut self, now: Span, holds: impl Fn(Condition) -> bool) -> Vec<Due> {
        let mut due = Vec::new();
        while let Some((at, strike)) = self.ends.first().copied()
            && at <= now
        {
            self.ends.remove(&(at, strike));
            due.push(Due::Heal(strike));
        }
        let mut left = Vec::new();
        for step in std::mem::take(&mut self.steps) {
            let ready = match step.when {
                When::At(at) => at <= now,
                When::Once(condition) => left.is_empty() && holds(condition),
            };
            if ready {
                due.push(Due::Step(step.what));
            } else {
                left.push(step);
            }
        }
        self.steps = left;
        due
    }
}
