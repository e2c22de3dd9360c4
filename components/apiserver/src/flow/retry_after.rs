//! How long those who were turned away are to stay away: the longer, the more of them there are.
//!
//! Upstream: apiserver/pkg/util/flowcontrol/dropped_requests_tracker.go.

use std::collections::VecDeque;

/// Seconds (maxRetryAfter).
const SECONDS_MAX: u64 = 32;

/// The requests of one level that were turned away, by second.
#[derive(Clone, PartialEq, Eq, Debug)]
pub(super) struct Dropped {
    /// Seconds before the present one, and how many were turned away in each.
    history: VecDeque<(u64, u64)>,
    second: u64,
    count: u64,
    retry_after: u64,
    raised: u64,
}

impl Default for Dropped {
    fn default() -> Self {
        Self { history: VecDeque::new(), second: 0, count: 0, retry_after: 1, raised: 0 }
    }
}

impl Dropped {
    /// One more in this second of the clock; returns the seconds that it is to wait.
    pub(super) fn note(&mut self, second: u64) -> u64 {
        if second <= self.second {
            self.count += u64::from(second == self.second);
            return self.retry_after;
        }
        if self.count > 0 {
            self.history.push_back((self.second, self.count));
        }
        self.history.retain(|(then, _)| self.second - then <= SECONDS_MAX);
        (self.second, self.count) = (second, 1);
        self.adjust();
        self.retry_after
    }

    /// Doubles on a flood, and comes down by one where there is none, as TCP does.
    fn adjust(&mut self) {
        let recent = self.history.iter().filter(|(then, _)| self.second - then <= self.retry_after);
        let dropped: u64 = recent.map(|(_, count)| count).sum();
        let rested = self.second - self.raised >= self.retry_after;
        if rested && dropped >= 3 * self.retry_after {
            self.retry_after = (self.retry_after * 2).min(SECONDS_MAX);
            self.raised = self.second;
        } else if dropped < self.retry_after && self.retry_after > 1 {
            self.retry_after -= 1;
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_flood_doubles_it_and_calm_brings_it_down() {
        let mut dropped = Dropped::default();
        let mut second = |second: u64, count: u64| (0..count).fold(0, |_, _| dropped.note(second));
        assert_eq!(second(100, 5), 1);
        assert_eq!(second(101, 50), 2, "five a second before");
        assert_eq!(second(102, 50), 2, "not twice for one spike");
        assert_eq!(second(103, 50), 4);
        assert_eq!(second(200, 1), 3, "nobody for a long time");
        assert_eq!(second(300, 1), 2);
    }
}
