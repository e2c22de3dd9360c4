//! Latencies, kept whole and sorted once.

use std::time::Duration;

/// What a load measured.
#[derive(Debug, Default)]
pub(crate) struct Latencies(Vec<Duration>);

impl Latencies {
    pub(crate) fn add(&mut self, latency: Duration) {
        self.0.push(latency);
    }

    pub(crate) fn append(&mut self, mut other: Self) {
        self.0.append(&mut other.0);
    }

    pub(crate) fn count(&self) -> usize {
        self.0.len()
    }

    /// In order, for [`quantile`].
    pub(crate) fn sorted(mut self) -> Vec<Duration> {
        self.0.sort_unstable();
        self.0
    }
}

/// The latency that `share` of all stay at or below; zero of none.
pub(crate) fn quantile(sorted: &[Duration], share: f64) -> Duration {
    let rank = (sorted.len() as f64 * share).ceil() as usize;
    sorted.get(rank.saturating_sub(1)).copied().unwrap_or_default()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn quantiles_are_nearest_ranks() {
        let sorted: Vec<_> = (1..=200).map(Duration::from_millis).collect();
        for (share, expected) in [(0.5, 100), (0.99, 198), (1.0, 200), (0.0, 1)] {
            assert_eq!(quantile(&sorted, share), Duration::from_millis(expected), "{share}");
        }
        assert_eq!(quantile(&[], 0.5), Duration::ZERO);
    }
}
