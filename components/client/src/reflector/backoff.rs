//! The reflector's waits: longer after each failure, short again after a quiet time.
//!
//! Upstream: the backoff manager of NewReflectorWithOptions and apimachinery/pkg/util/wait.

use host::Instant;
use std::time::Duration;

const FIRST: Duration = Duration::from_millis(800);
const MAX: Duration = Duration::from_secs(30);
const RESET: Duration = Duration::from_secs(120);

#[derive(Clone, Copy, Debug, Default)]
pub(super) struct Backoff {
    failures: u32,
    last: Option<Instant>,
}

impl Backoff {
    /// The next wait: the doubled base, and up to as much again.
    pub(super) fn next(&mut self, now: Instant, chance: u64) -> Duration {
        if self.last.is_some_and(|last| now.since(last) > RESET) {
            self.failures = 0;
        }
        self.last = Some(now);
        let base = FIRST.saturating_mul(1 << self.failures.min(10)).min(MAX);
        self.failures = self.failures.saturating_add(1);
        let span = u64::try_from(base.as_nanos()).unwrap_or(u64::MAX);
        base + Duration::from_nanos(chance % span)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn waits_double_to_half_a_minute_and_begin_anew_after_two_quiet_ones() {
        let mut backoff = Backoff::default();
        let waits: Vec<_> = (0..8).map(|_| backoff.next(Instant(1), 0).as_millis()).collect();
        assert_eq!(waits, [800, 1600, 3200, 6400, 12_800, 25_600, 30_000, 30_000]);
        let later = Instant(1) + RESET + Duration::from_nanos(1);
        assert_eq!(backoff.next(later, 800_000_000 - 1).as_millis(), 1599);
    }
}
