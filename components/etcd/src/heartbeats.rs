//! Whether a leader's heartbeats leave in time: one that is busy with its disk is late.
//!
//! Upstream: contention.TimeoutDetector, as server/etcdserver/raft.go uses it.

use host::Instant;
use raft::{
    Body, Message,
    types::{NodeId, Term},
};
use std::{collections::BTreeMap, time::Duration};
use telemetry::Counter;

/// Watches what leaves.
#[derive(Debug)]
pub(crate) struct Heartbeats {
    /// Between two heartbeats to one member.
    longest: Duration,
    term: Term,
    last: BTreeMap<NodeId, Instant>,
    late: Counter,
}

impl Heartbeats {
    /// Counts into `late` each that comes more than two intervals after the one before it.
    pub(crate) fn new(interval: Duration, late: Counter) -> Self {
        Self { longest: 2 * interval, term: 0, last: BTreeMap::new(), late }
    }

    /// These messages leave now.
    pub(crate) fn sent(&mut self, messages: &[Message], now: Instant) {
        for message in messages {
            if !matches!(message.body, Body::Heartbeat { .. }) {
                continue;
            }
            // Nobody waited for them in between two leaderships.
            if message.term != self.term {
                self.term = message.term;
                self.last.clear();
            }
            let before = self.last.insert(message.to, now);
            if before.is_some_and(|before| now - before > self.longest) {
                self.late.increment();
            }
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_heartbeat_is_late_after_two_intervals_of_one_leadership() {
        let registry = telemetry::Registry::new();
        let late = registry.counter("late", "", &[]);
        let mut heartbeats = Heartbeats::new(Duration::from_millis(100), late.clone());
        let at = |millis: u64| Instant(0) + Duration::from_millis(millis);
        for (millis, to, term, expected) in
            [(0, 2, 1, 0), (200, 2, 1, 0), (250, 3, 1, 0), (401, 2, 1, 1), (900, 2, 2, 1)]
        {
            let body = Body::Heartbeat { commit: 0, reads: 0 };
            heartbeats.sent(&[Message { from: 1, to, term, body }], at(millis));
            assert_eq!(late.get(), expected, "{millis} ms, to {to}, term {term}");
        }
    }
}
