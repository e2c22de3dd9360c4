//! How long a key that failed waits.
//!
//! Upstream: client-go/util/workqueue/default_rate_limiters.go.

use crate::{Bucket, Rate};
use host::Instant;
use std::{collections::BTreeMap, fmt::Debug, time::Duration};

/// Decides on waits.
pub trait Limiter<K>: Send + Debug {
    /// How long the key is to wait, which counts as one more failure.
    fn wait(&mut self, now: Instant, key: &K) -> Duration;
    /// The key succeeded, or is given up.
    fn forget(&mut self, key: &K);
    /// Failures since then.
    fn failures(&self, key: &K) -> u32;
}

/// Twice as long after each failure of the key.
#[derive(Clone, Debug)]
pub struct Exponential<K> {
    first: Duration,
    max: Duration,
    failures: BTreeMap<K, u32>,
}

impl<K> Exponential<K> {
    /// From `first` to `max`.
    pub fn new(first: Duration, max: Duration) -> Self {
        Self { first, max, failures: BTreeMap::new() }
    }
}

fn count<K: Ord + Clone>(failures: &mut BTreeMap<K, u32>, key: &K) -> u32 {
    let before = failures.entry(key.clone()).or_default();
    *before = before.saturating_add(1);
    *before - 1
}

impl<K: Ord + Clone + Send + Debug> Limiter<K> for Exponential<K> {
    fn wait(&mut self, _: Instant, key: &K) -> Duration {
        let doubled = 1u32.checked_shl(count(&mut self.failures, key)).unwrap_or(u32::MAX);
        self.first.saturating_mul(doubled).min(self.max)
    }

    fn forget(&mut self, key: &K) {
        self.failures.remove(key);
    }

    fn failures(&self, key: &K) -> u32 {
        self.failures.get(key).copied().unwrap_or(0)
    }
}

/// A short wait for the first failures of a key, a long one after that.
#[derive(Clone, Debug)]
pub struct FastSlow<K> {
    fast: Duration,
    slow: Duration,
    fast_failures: u32,
    failures: BTreeMap<K, u32>,
}

impl<K> FastSlow<K> {
    /// `fast` for that many failures, then `slow`.
    pub fn new(fast: Duration, slow: Duration, fast_failures: u32) -> Self {
        Self { fast, slow, fast_failures, failures: BTreeMap::new() }
    }
}

impl<K: Ord + Clone + Send + Debug> Limiter<K> for FastSlow<K> {
    fn wait(&mut self, _: Instant, key: &K) -> Duration {
        let before = count(&mut self.failures, key);
        if before < self.fast_failures { self.fast } else { self.slow }
    }

    fn forget(&mut self, key: &K) {
        self.failures.remove(key);
    }

    fn failures(&self, key: &K) -> u32 {
        self.failures.get(key).copied().unwrap_or(0)
    }
}

/// So many failures a second, whatever the key.
impl<K> Limiter<K> for Bucket {
    fn wait(&mut self, now: Instant, _: &K) -> Duration {
        self.reserve(now)
    }

    fn forget(&mut self, _: &K) {}

    fn failures(&self, _: &K) -> u32 {
        0
    }
}

/// The longest wait of several.
#[derive(Debug)]
pub struct MaxOf<K>(pub Vec<Box<dyn Limiter<K>>>);

impl<K: Debug> Limiter<K> for MaxOf<K> {
    fn wait(&mut self, now: Instant, key: &K) -> Duration {
        let waits = self.0.iter_mut().map(|limiter| limiter.wait(now, key));
        waits.max().unwrap_or_default()
    }

    fn forget(&mut self, key: &K) {
        self.0.iter_mut().for_each(|limiter| limiter.forget(key));
    }

    fn failures(&self, key: &K) -> u32 {
        self.0.iter().map(|limiter| limiter.failures(key)).max().unwrap_or(0)
    }
}

/// What controllers use: from 5 ms to 1000 s for a key, 10 a second and 100 at once for all
/// (`DefaultTypedControllerRateLimiter`).
pub fn controller_default<K: Ord + Clone + Send + Debug + 'static>() -> MaxOf<K> {
    MaxOf(vec![
        Box::new(Exponential::new(Duration::from_millis(5), Duration::from_secs(1000))),
        Box::new(Bucket::new(Rate { qps: 10.0, burst: 100 })),
    ])
}

#[cfg(test)]
mod tests {
    use super::*;

    const NOW: Instant = Instant(0);

    fn waits(limiter: &mut dyn Limiter<&'static str>, count: usize) -> Vec<u128> {
        (0..count).map(|_| limiter.wait(NOW, &"a").as_millis()).collect()
    }

    #[test]
    fn waits_grow_with_the_failures_of_a_key() {
        let (ms, s) = (Duration::from_millis, Duration::from_secs);
        let mut exponential = Exponential::new(ms(1), ms(5));
        assert_eq!(waits(&mut exponential, 5), [1, 2, 4, 5, 5]);
        assert_eq!((exponential.failures(&"a"), exponential.failures(&"b")), (5, 0));
        exponential.forget(&"a");
        assert_eq!(waits(&mut exponential, 1), [1]);
        assert_eq!(waits(&mut Exponential::new(ms(1), s(1)), 70).last(), Some(&1000));
        assert_eq!(waits(&mut FastSlow::new(ms(5), s(3), 2), 3), [5, 5, 3000]);
    }

    #[test]
    fn the_longest_wait_counts() {
        let mut both = controller_default();
        let all = waits(&mut both, 102);
        assert_eq!(all[..3], [5, 10, 20]);
        assert_eq!(all[101], 1_000_000);
        // Another key has no failures, but all together have too many.
        assert_eq!(both.wait(NOW, &"b").as_millis(), 300);
    }
}
