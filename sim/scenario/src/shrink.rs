//! Finds the smallest scenario that still fails.
//!
//! First the fewest steps (Zeller's ddmin), then fewer clients and operations, a shorter run, a
//! smaller cluster, fewer settings, and again until nothing more can go. Deterministic: the same
//! scenario and the same answers give the same result, and every candidate is a scenario that can
//! be written to a file and run.

use crate::{Mix, Scenario, Step, Traffic, When};
use faults::Span;

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

/// Shrinks an explicit scenario that fails. `fails` runs a candidate and says whether it still
/// fails in the same way; it is asked at most `tries_max` times.
pub fn shrink(
    scenario: Scenario,
    tries_max: usize,
    fails: &mut dyn FnMut(&Scenario) -> bool,
) -> Shrunk {
    let mut search = Search { best: scenario, tries: 0, tries_max, fails };
    loop {
        let before = search.best.clone();
        search.fewer_steps();
        while search.any(candidates) {}
        if search.best == before || search.spent() {
            break;
        }
    }
    let gave_up = search.spent();
    Shrunk { scenario: search.best, tries: search.tries, gave_up }
}

struct Search<'a> {
    best: Scenario,
    tries: usize,
    tries_max: usize,
    fails: &'a mut dyn FnMut(&Scenario) -> bool,
}

impl Search<'_> {
    fn spent(&self) -> bool {
        self.tries >= self.tries_max
    }

    /// Keeps the candidate if it fails.
    fn keep(&mut self, candidate: Scenario) -> bool {
        if self.spent() || candidate == self.best || candidate.check().is_err() {
            return false;
        }
        self.tries += 1;
        let fails = (self.fails)(&candidate);
        if fails {
            self.best = candidate;
        }
        fails
    }

    /// Keeps the first of the candidates that fails.
    fn any(&mut self, candidates: fn(&Scenario) -> Vec<Scenario>) -> bool {
        candidates(&self.best).into_iter().any(|candidate| self.keep(candidate))
    }

    fn with_steps(&mut self, steps: Vec<Step>) -> bool {
        let candidate = Scenario { steps, ..self.best.clone() };
        self.keep(candidate)
    }

    /// ddmin: leaves out ever smaller runs of steps while it fails without them.
    fn fewer_steps(&mut self) {
        if !self.best.steps.is_empty() && self.with_steps(Vec::new()) {
            return;
        }
        let mut size = self.best.steps.len().div_ceil(2);
        while size >= 1 && !self.spent() {
            let mut start = 0;
            let mut removed = false;
            while start < self.best.steps.len() {
                let mut steps = self.best.steps.clone();
                steps.drain(start..(start + size).min(steps.len()));
                if self.with_steps(steps) {
                    removed = true;
                } else {
                    start += size;
                }
            }
            if !removed && size == 1 {
                break;
            }
            size = if removed { size.min(self.best.steps.len()) } else { size / 2 };
        }
    }
}

/// Every scenario that is a little smaller, the boldest first.
fn candidates(from: &Scenario) -> Vec<Scenario> {
    let mut all = Vec::new();
    let mut add = |change: &dyn Fn(&mut Scenario)| {
        let mut smaller = from.clone();
        change(&mut smaller);
        if smaller != *from {
            all.push(smaller);
        }
    };
    add(&|s| s.cluster.members = if s.cluster.members > 3 { 3 } else { 1 });
    add(&|s| s.cluster.learners = 0);
    add(&|s| s.cluster.apiservers = s.cluster.apiservers.min(1));
    add(&|s| s.cluster.tls = false);
    for traffic in smaller_traffic(&from.traffic) {
        add(&|s| s.traffic = traffic.clone());
    }
    add(&|s| s.duration = after_last_step(s).min(s.duration));
    add(&|s| s.duration = s.duration.halved());
    for settings in from.cluster.settings.each_unset() {
        add(&|s| s.cluster.settings = settings.clone());
    }
    all
}

fn after_last_step(scenario: &Scenario) -> Span {
    let at = |step: &Step| match step.when {
        When::At(at) => at,
        // Nobody knows when: leave the end where it is.
        When::Once(_) => scenario.duration,
    };
    scenario.steps.iter().map(at).max().unwrap_or(scenario.duration).plus(Span::secs(5))
}

fn smaller_traffic(from: &Traffic) -> Vec<Traffic> {
    let base = || from.clone();
    let half = |count: u16| count.div_ceil(2);
    vec![
        Traffic { watchers: 0, ..base() },
        Traffic { lease_holders: 0, ..base() },
        Traffic { lockers: 0, ..base() },
        Traffic { candidates: 0, ..base() },
        Traffic { auth: false, ..base() },
        Traffic { maintenance: Span(0), ..base() },
        Traffic { watcher_pause: Span(0), watcher_restarts: 0, ..base() },
        Traffic { clients: 0, operations: 0, mix: Mix::default(), ..base() },
        Traffic { clients: half(from.clients), ..base() },
        Traffic { operations: from.operations.div_ceil(2), ..base() },
        Traffic { watchers: half(from.watchers), ..base() },
        Traffic { lease_holders: half(from.lease_holders), ..base() },
        Traffic { objects: half(from.objects), ..base() },
        Traffic { object_watchers: 0, ..base() },
        Traffic { object_watchers: half(from.object_watchers), ..base() },
    ]
}
