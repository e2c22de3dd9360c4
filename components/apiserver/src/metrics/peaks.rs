//! The most that there were at one time in the last second.
//!
//! Upstream: apiserver/pkg/server/filters/maxinflight.go (requestWatermark).

use host::Instant;
use parking_lot::Mutex;
use std::{sync::Arc, time::Duration};

const SECOND: Duration = Duration::from_secs(1);

/// A number that goes up and down. Clones share it.
#[derive(Clone, Debug, Default)]
pub(crate) struct Peak(Arc<Mutex<State>>);

#[derive(Debug, Default)]
struct State {
    count: u32,
    since: Instant,
    /// Of the second that began then, and of the one before.
    peaks: [u32; 2],
}

/// One that counts until it is dropped.
#[derive(Debug)]
pub(crate) struct Present(Peak);

impl Peak {
    /// One more.
    pub(crate) fn enter(&self, now: Instant) -> Present {
        let mut state = self.0.lock();
        state.advance(now);
        state.count += 1;
        state.peaks[0] = state.peaks[0].max(state.count);
        Present(self.clone())
    }

    /// The most of the last second.
    pub(crate) fn get(&self, now: Instant) -> u32 {
        let mut state = self.0.lock();
        state.advance(now);
        state.peaks[0].max(state.peaks[1])
    }
}

impl State {
    fn advance(&mut self, now: Instant) {
        let passed = now.since(self.since);
        if passed < SECOND {
            return;
        }
        let before = if passed < 2 * SECOND { self.peaks[0] } else { self.count };
        (self.since, self.peaks) = (now, [self.count, before]);
    }
}

impl Drop for Present {
    fn drop(&mut self) {
        self.0.0.lock().count -= 1;
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_most_of_the_last_second_is_told() {
        let at = |millis| Instant::default() + Duration::from_millis(millis);
        let peak = Peak::default();
        let all: Vec<_> = (0..3).map(|_| peak.enter(at(5000))).collect();
        drop(all);
        let one = peak.enter(at(5100));
        assert_eq!(peak.get(at(5200)), 3);
        assert_eq!(peak.get(at(6100)), 3);
        assert_eq!(peak.get(at(9000)), 1);
        drop(one);
        assert_eq!(peak.get(at(12_000)), 0);
    }
}
