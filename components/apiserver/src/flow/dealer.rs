//! Shuffle sharding: a flow's few queues out of many, drawn from a hash of its name.
//!
//! Two flows hardly ever get the same queues, so that one who floods all of its own leaves almost
//! everybody else at least one.
//!
//! Upstream: apiserver/pkg/util/shufflesharding/dealer.go, flowcontrol/apf_controller.go
//! (hashFlowID).

use sha2::{Digest, Sha256};

/// Bits of the hash that may be used up by a hand (shufflesharding's MaxHashBits).
const HASH_BITS_MAX: f64 = 60.0;

/// Deals hands from a deck of queues.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub(super) struct Dealer {
    deck: u32,
    hand: u32,
}

impl Dealer {
    /// None: such hands cannot be dealt.
    pub(super) fn new(deck: u32, hand: u32) -> Option<Self> {
        let fits = hand > 0 && hand <= deck && entropy(deck, hand) <= HASH_BITS_MAX;
        fits.then_some(Self { deck, hand })
    }

    /// The queues of the flow with that hash; all different.
    pub(super) fn deal(&self, mut hash: u64) -> Vec<usize> {
        let mut hand: Vec<usize> = Vec::with_capacity(self.hand as usize);
        let mut drawn: Vec<usize> = Vec::with_capacity(self.hand as usize);
        for dealt in 0..self.hand {
            let left = u64::from(self.deck - dealt);
            // A card's place among those that are left.
            let place = usize::try_from(hash % left).unwrap_or(0);
            hash /= left;
            // Its number in the whole deck: cards before it that are gone count too. They are gone
            // through from the last to the first.
            let card =
                drawn.iter().rev().fold(place, |card, gone| card + usize::from(card >= *gone));
            drawn.push(place);
            hand.push(card);
        }
        hand
    }
}

/// Bits that it takes to deal a hand (RequiredEntropyBits).
fn entropy(deck: u32, hand: u32) -> f64 {
    (f64::from(deck).log2() * f64::from(hand)).ceil()
}

/// The hash of a flow: what a flow schema's distinguisher tells apart.
pub(super) fn flow_hash(schema: &str, distinguisher: &str) -> u64 {
    let mut hash = Sha256::new();
    hash.update(schema);
    hash.update([0]);
    hash.update(distinguisher);
    let digest: [u8; 32] = hash.finalize().into();
    let (first, _) = digest.split_first_chunk().expect("a digest has 32 bytes");
    u64::from_le_bytes(*first)
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;

    #[test]
    fn a_card_is_counted_among_those_that_are_left() {
        let dealer = Dealer::new(128, 8).unwrap();
        for (hash, first) in [(0, [0, 1, 2]), (5, [5, 0, 1]), (128 * 3, [0, 4, 1])] {
            assert_eq!(dealer.deal(hash)[..3], first, "{hash}");
        }
    }

    #[test]
    fn hands_that_need_more_than_the_hash_are_refused() {
        for (deck, hand, good) in
            [(128, 6, true), (128, 9, false), (64, 10, true), (64, 11, false), (4, 5, false)]
        {
            assert_eq!(Dealer::new(deck, hand).is_some(), good, "{deck} {hand}");
        }
    }

    #[test]
    fn a_flow_is_a_schema_and_a_distinguisher() {
        assert_ne!(flow_hash("a", "b"), flow_hash("ab", ""));
        // The first eight bytes of SHA-256 of a single zero, little end first.
        assert_eq!(
            flow_hash("", ""),
            u64::from_le_bytes([0x6e, 0x34, 0x0b, 0x9c, 0xff, 0xb3, 0x7a, 0x98])
        );
    }

    proptest! {
        #[test]
        fn cards_are_different_and_in_the_deck(hash: u64, deck in 1_u32..200, hand in 1_u32..8) {
            prop_assume!(hand <= deck);
            let dealt = Dealer::new(deck, hand).unwrap().deal(hash);
            let unique: std::collections::BTreeSet<_> = dealt.iter().collect();
            prop_assert_eq!(unique.len(), hand as usize);
            prop_assert!(dealt.iter().all(|card| *card < deck as usize));
        }
    }
}
