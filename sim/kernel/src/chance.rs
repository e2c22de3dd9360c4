//! Seeded chance in two forms: long streams for one purpose, and single draws keyed by a counter.

use rand::SeedableRng;
use rand_chacha::ChaCha8Rng;

/// An independent stream for one purpose and one owner: the world's key, a stream number of its own.
pub fn stream(seed: u64, purpose: &str, owner: u64) -> ChaCha8Rng {
    let mut rng = ChaCha8Rng::seed_from_u64(seed);
    rng.set_stream(mix(key_of(purpose) ^ owner.rotate_left(17)));
    rng
}

/// A number for a name, the same in every world (FNV-1a, then mixed).
pub fn key_of(name: &str) -> u64 {
    let hash = name.bytes().fold(0xcbf2_9ce4_8422_2325, |hash: u64, byte| {
        (hash ^ u64::from(byte)).wrapping_mul(0x0000_0100_0000_01b3)
    });
    mix(hash)
}

/// SplitMix64's finaliser: every input bit changes about half of the output bits.
pub(crate) fn mix(value: u64) -> u64 {
    let value = (value ^ (value >> 30)).wrapping_mul(0xbf58_476d_1ce4_e5b9);
    let value = (value ^ (value >> 27)).wrapping_mul(0x94d0_49bb_1331_11eb);
    value ^ (value >> 31)
}

/// A few numbers drawn for one occasion, named by a key and a counter.
///
/// Unlike a stream, the draws of one occasion do not depend on how many were made at another.
#[derive(Clone, Debug)]
pub struct Draw(u64);

impl Draw {
    /// The draws of occasion `count` under `key`.
    pub fn keyed(key: u64, count: u64) -> Self {
        Self(mix(key ^ count.wrapping_mul(0xd134_2543_de82_ef95)))
    }

    /// Sixty-four bits.
    pub fn bits(&mut self) -> u64 {
        self.0 = self.0.wrapping_add(0x9e37_79b9_7f4a_7c15);
        mix(self.0)
    }

    /// A number below `limit`; zero for a limit of zero.
    pub fn below(&mut self, limit: u64) -> u64 {
        let wide = u128::from(self.bits()) * u128::from(limit);
        u64::try_from(wide >> 64).unwrap_or(0)
    }

    /// A number from `low` to `high`, both included; `low` when they are the wrong way round.
    pub fn between(&mut self, low: u64, high: u64) -> u64 {
        low + self.below(high.saturating_sub(low).saturating_add(1))
    }

    /// True with this probability. Draws nothing when the answer is certain.
    pub fn happens(&mut self, probability: f64) -> bool {
        if probability <= 0.0 {
            return false;
        }
        if probability >= 1.0 {
            return true;
        }
        // 53 bits: all that a double can tell apart.
        ((self.bits() >> 11) as f64) < probability * 9_007_199_254_740_992.0
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use rand::Rng;

    #[test]
    fn streams_differ_by_purpose_and_owner_and_repeat() {
        let first = |purpose, owner| stream(7, purpose, owner).next_u64();
        assert_eq!(first("disk", 1), first("disk", 1));
        assert_ne!(first("disk", 1), first("disk", 2));
        assert_ne!(first("disk", 1), first("network", 1));
    }

    #[test]
    fn draws_are_keyed_by_the_counter_and_near_enough_uniform() {
        assert_eq!(Draw::keyed(3, 9).bits(), Draw::keyed(3, 9).bits());
        let hits = (0..100_000).filter(|&n| Draw::keyed(3, n).happens(0.25)).count();
        assert!((24_000..26_000).contains(&hits), "{hits}");
        let most = (0..10_000).map(|n| Draw::keyed(4, n).between(10, 20)).max();
        assert_eq!(most, Some(20));
        assert_eq!(Draw::keyed(4, 0).between(20, 10), 20);
    }
}
