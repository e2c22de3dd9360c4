//! Everything but steps that may get smaller: the cluster, its traffic, its settings, the run.

use crate::{Mix, Scenario, Step, Traffic, When};
use faults::Span;

/// Every scenario that is a little smaller and makes sense, the boldest first.
pub(super) fn all(from: &Scenario) -> Vec<Scenario> {
    let mut all = Vec::new();
    let mut add = |change: &dyn Fn(&mut Scenario)| {
        let mut smaller = from.clone();
        change(&mut smaller);
        if smaller != *from && smaller.check().is_ok() {
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
        Traffic { estate: half(from.estate), ..base() },
        Traffic { followers: 0, ..base() },
        Traffic { replicas: 0, ..base() },
        Traffic { webhook: false, ..base() },
    ]
}
