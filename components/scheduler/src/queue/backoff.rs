//! How long a pod that had no place waits at least.

use std::time::Duration;

/// Twice as long after each try.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub struct Backoff {
    /// After the first.
    pub first: Duration,
    /// At most.
    pub most: Duration,
}

impl Default for Backoff {
    /// `podInitialBackoffSeconds` and `podMaxBackoffSeconds`.
    fn default() -> Self {
        Self { first: Duration::from_secs(1), most: Duration::from_secs(10) }
    }
}

impl Backoff {
    /// After so many tries.
    pub fn after(&self, attempts: u32) -> Duration {
        let times = 1_u32.checked_shl(attempts.saturating_sub(1)).unwrap_or(u32::MAX);
        self.first.saturating_mul(times).min(self.most)
    }
}
