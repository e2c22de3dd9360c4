//! How often batches may be sent. Pure: it is told what time it is.
//!
//! Upstream: client-go/util/flowcontrol/throttle.go, as apiserver/plugin/pkg/audit/buffered uses it.

use host::Instant;
use std::time::Duration;

/// A bucket that fills with time.
#[derive(Clone, Debug)]
pub(super) struct Throttle {
    per_second: f64,
    burst: f64,
    left: f64,
    at: Instant,
}

impl Throttle {
    pub(super) fn new((per_second, burst): (f64, u32), now: Instant) -> Self {
        let burst = f64::from(burst.max(1));
        Self { per_second: per_second.max(0.001), burst, left: burst, at: now }
    }

    /// Takes one out; how long to wait before it may be used.
    pub(super) fn take(&mut self, now: Instant) -> Duration {
        let filled = now.since(self.at).as_secs_f64() * self.per_second;
        self.at = now;
        self.left = (self.left + filled).min(self.burst) - 1.0;
        match self.left < 0.0 {
            true => Duration::from_secs_f64(-self.left / self.per_second),
            false => Duration::ZERO,
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_rest_is_made_up_for_but_not_more() {
        let at = |millis: u64| Instant(millis * 1_000_000);
        let mut throttle = Throttle::new((10.0, 2), at(0));
        let taken = [0, 0, 0, 100, 10_000, 10_000, 10_000].map(|millis| {
            let wait = throttle.take(at(millis));
            u64::try_from(wait.as_millis()).expect("a short wait")
        });
        assert_eq!(taken, [0, 0, 100, 100, 0, 0, 100]);
    }
}
