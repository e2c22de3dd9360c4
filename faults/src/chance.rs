//! Seeded chance for drawing schedules and for resolving targets.
//!
//! Each occasion has a stream of its own, keyed by a purpose and a moment, so that leaving one
//! fault out of a schedule does not change what the others hit: shrinking depends on it.

use crate::Span;
use rand::{Rng, SeedableRng};
use rand_chacha::ChaCha8Rng;

/// A stream of chance.
#[derive(Debug)]
pub struct Chance(ChaCha8Rng);

impl Chance {
    /// The stream of one purpose at one moment (or of one number) under a seed.
    pub fn new(seed: u64, purpose: &str, moment: u64) -> Self {
        // FNV-1a: the same in every build, and enough to tell purposes apart.
        let key = purpose.bytes().chain(moment.to_le_bytes());
        let key = key.fold(0xcbf2_9ce4_8422_2325, |hash: u64, byte| {
            (hash ^ u64::from(byte)).wrapping_mul(0x0000_0100_0000_01b3)
        });
        let mut rng = ChaCha8Rng::seed_from_u64(seed);
        rng.set_stream(key);
        Self(rng)
    }

    /// Sixty-four bits.
    pub fn bits(&mut self) -> u64 {
        self.0.next_u64()
    }

    /// A number below `limit`; zero for a limit of zero.
    pub fn below(&mut self, limit: u64) -> u64 {
        let wide = u128::from(self.bits()) * u128::from(limit);
        u64::try_from(wide >> 64).unwrap_or(0)
    }

    /// A number from `low` to `high`, both included.
    pub fn between(&mut self, low: u64, high: u64) -> u64 {
        low + self.below(high.saturating_sub(low).saturating_add(1))
    }

    /// True once in `n` times.
    pub fn one_in(&mut self, n: u64) -> bool {
        self.below(n) == 0
    }

    /// A length of time between two, in whole milliseconds.
    pub fn span(&mut self, low: Span, high: Span) -> Span {
        Span::millis(self.between(low.as_millis(), high.as_millis()))
    }

    /// One of several; `None` of none.
    pub fn pick<'a, T>(&mut self, from: &'a [T]) -> Option<&'a T> {
        let index = usize::try_from(self.below(from.len() as u64)).unwrap_or(0);
        from.get(index)
    }

    /// Puts them in a random order (Fisher–Yates).
    pub fn shuffle<T>(&mut self, items: &mut [T]) {
        for last in (1..items.len()).rev() {
            let other = usize::try_from(self.below(last as u64 + 1)).unwrap_or(0);
            items.swap(last, other);
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn an_occasion_draws_the_same_whatever_else_was_drawn() {
        let first = |purpose, moment| Chance::new(7, purpose, moment).bits();
        assert_eq!(first("target", 3), first("target", 3));
        assert_ne!(first("target", 3), first("target", 4));
        assert_ne!(first("target", 3), first("traffic", 3));
    }

    #[test]
    fn every_order_and_every_number_comes_up() {
        let mut chance = Chance::new(1, "test", 0);
        let mut seen = std::collections::BTreeSet::new();
        for _ in 0..200 {
            let mut items = [0, 1, 2];
            chance.shuffle(&mut items);
            seen.insert(items);
            assert!((5..=6).contains(&chance.between(5, 6)));
        }
        assert_eq!(seen.len(), 6);
        assert_eq!(chance.pick::<u8>(&[]), None);
    }
}
