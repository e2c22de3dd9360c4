//! Growing waits between attempts.

use std::time::Duration;

/// Exponential back-off with jitter, as a pure function of the attempt and of chance.
#[derive(Clone, Copy, Debug)]
pub struct Backoff {
    /// The wait after the first failure.
    pub first: Duration,
    /// No wait is longer.
    pub max: Duration,
}

impl Backoff {
    /// The wait after failure number `attempt` (from zero): the doubled base, of which the upper
    /// half is drawn from `chance`, so that many clients do not return together.
    pub fn delay(&self, attempt: u32, chance: u64) -> Duration {
        let full = self.first.saturating_mul(1 << attempt.min(20)).min(self.max);
        let half = full / 2;
        let span = u64::try_from(half.as_nanos()).unwrap_or(u64::MAX);
        let extra = if span == 0 { 0 } else { chance % (span + 1) };
        half + Duration::from_nanos(extra)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn delays_double_up_to_the_limit_and_stay_within_their_half() {
        let backoff = Backoff { first: Duration::from_millis(100), max: Duration::from_secs(2) };
        for (attempt, full_ms) in [(0, 100), (1, 200), (2, 400), (5, 2000), (60, 2000)] {
            let full = Duration::from_millis(full_ms);
            for chance in [0, 1, 12_345_678_901, u64::MAX] {
                let delay = backoff.delay(attempt, chance);
                assert!(delay >= full / 2 && delay <= full, "{attempt} {chance}: {delay:?}");
            }
        }
    }
}
