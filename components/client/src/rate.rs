//! A token bucket: so many at once, so many a second in the long run.
//!
//! Upstream: golang.org/x/time/rate, which client-go/util/flowcontrol wraps.

use crate::Rate;
use host::Instant;
use std::time::Duration;

/// A bucket that is full at first. Counted in whole nanoseconds: it keeps the time at which it will
/// be full again instead of a number of tokens.
#[derive(Clone, Debug)]
pub struct Bucket {
    /// Time in which one token grows.
    interval: Duration,
    burst: u32,
    full_at: Instant,
}

impl Bucket {
    /// A full bucket. A rate that is not above zero is one token a day.
    pub fn new(rate: Rate) -> Self {
        let day = Duration::from_secs(86_400);
        let interval = match rate.qps > 0.0 {
            true => Duration::try_from_secs_f64(1.0 / rate.qps).unwrap_or(day),
            false => day,
        };
        Self { interval: interval.min(day), burst: rate.burst.max(1), full_at: Instant(0) }
    }

    /// Takes a token, which may be one that has yet to grow; gives how long to wait for it.
    pub fn reserve(&mut self, now: Instant) -> Duration {
        let full_at = self.full_at.max(now) + self.interval;
        self.full_at = full_at;
        full_at.since(now).saturating_sub(self.capacity())
    }

    /// Takes a token if there is one.
    pub fn try_take(&mut self, now: Instant) -> bool {
        let full_at = self.full_at.max(now) + self.interval;
        let there = full_at.since(now) <= self.capacity();
        if there {
            self.full_at = full_at;
        }
        there
    }

    fn capacity(&self) -> Duration {
        self.interval.saturating_mul(self.burst)
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;

    const SECOND: u64 = 1_000_000_000;

    fn bucket(qps: f64, burst: u32) -> Bucket {
        Bucket::new(Rate { qps, burst })
    }

    #[test]
    fn a_burst_is_free_and_what_follows_waits_its_turn() {
        let (mut bucket, now) = (bucket(5.0, 3), Instant(SECOND));
        let waits: Vec<_> = (0..5).map(|_| bucket.reserve(now).as_millis()).collect();
        assert_eq!(waits, [0, 0, 0, 200, 400]);
        assert_eq!(bucket.reserve(Instant(2 * SECOND)).as_millis(), 0);
    }

    proptest! {
        /// Against a bucket that counts tokens.
        #[test]
        fn it_gives_as_much_as_one_that_counts(
            burst in 1u32..6, steps in prop::collection::vec(0u64..700, 1..60),
        ) {
            let mut bucket = bucket(4.0, burst);
            let (mut now, mut tokens) = (SECOND, f64::from(burst));
            for step in steps {
                now += step * 1_000_000;
                #[allow(clippy::cast_precision_loss)]
                let grown = step as f64 * 4.0 / 1000.0;
                tokens = (tokens + grown).min(f64::from(burst));
                let took = bucket.try_take(Instant(now));
                // Not where rounding decides.
                prop_assert!(took == (tokens >= 1.0) || (tokens - 1.0).abs() < 1e-6);
                tokens -= f64::from(u8::from(took));
            }
        }
    }
}
