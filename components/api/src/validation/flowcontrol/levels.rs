//! Levels of priority: shares of the server, and queues before it.

use crate::validation::{error::Errors, field::Field};

const QUEUES_MAX: i64 = 10_000_000;
/// Bits of a flow's hash, of which each card of a hand takes some.
const HASH_BITS: u32 = 60;

pub(super) fn whole(object: &Field<'_>, errors: &mut Errors) {
    let (name, spec) = (object.down(&["metadata", "name"]), object.get("spec"));
    let (kind, limited, exempt) = (spec.get("type"), spec.get("limited"), spec.get("exempt"));
    if (name.text() == "exempt") != (kind.text() == "Exempt") {
        errors.push(kind.invalid("type must be 'Exempt' if and only if name is 'exempt'"));
    }
    match kind.text() {
        "Exempt" => {
            if limited.is_set() {
                errors.push(limited.forbidden("must be nil if the type is not Limited"));
            }
            shares(&exempt, errors);
        }
        "Limited" => {
            if exempt.is_set() {
                errors.push(exempt.forbidden("must be nil if the type is Limited"));
            }
            match limited.is_set() {
                true => self::limited(&limited, errors),
                false => {
                    errors.push(limited.required("must not be empty when type is Limited"));
                }
            }
        }
        _ => kind.one_of(&["Exempt", "Limited"], errors),
    }
}

fn shares(level: &Field<'_>, errors: &mut Errors) {
    let shares = level.get("nominalConcurrencyShares");
    if shares.number() < 0 {
        errors.push(shares.invalid("must be a non-negative integer"));
    }
    let lent = level.get("lendablePercent");
    if lent.integer().is_some_and(|percent| !(0..=100).contains(&percent)) {
        errors.push(lent.invalid("must be between 0 and 100, inclusive"));
    }
}

fn limited(level: &Field<'_>, errors: &mut Errors) {
    shares(level, errors);
    let borrowed = level.get("borrowingLimitPercent");
    if borrowed.number() < 0 {
        let why = "if specified, must be a non-negative integer";
        errors.push(borrowed.invalid(why));
    }
    let response = level.get("limitResponse");
    let (kind, queuing) = (response.get("type"), response.get("queuing"));
    match (kind.text(), queuing.is_set()) {
        ("Reject", true) => {
            let why = "must be nil if limited.limitResponse.type is not Limited";
            errors.push(queuing.forbidden(why));
        }
        ("Queue", false) => {
            let why = "must not be empty if limited.limitResponse.type is Limited";
            errors.push(queuing.required(why));
        }
        ("Queue", true) => self::queuing(&queuing, errors),
        _ => kind.one_of(&["Queue", "Reject"], errors),
    }
}

fn queuing(queuing: &Field<'_>, errors: &mut Errors) {
    let [length, queues, hand] =
        ["queueLengthLimit", "queues", "handSize"].map(|name| queuing.get(name));
    for field in [&length, &queues, &hand] {
        if field.number() <= 0 {
            errors.push(field.invalid_as(field.number(), "must be positive"));
        }
    }
    if queues.number() > QUEUES_MAX {
        errors.push(queues.invalid(format!("must not be greater than {QUEUES_MAX}")));
    }
    let (deck, cards) = (queues.number(), hand.number());
    if cards > deck {
        errors.push(hand.invalid(format!("should not be greater than queues ({deck})")));
    } else if cards > 0 && bits(deck, cards) > HASH_BITS {
        let why = format!(
            "required entropy bits of deckSize {deck} and handSize {cards} should not be greater \
             than {HASH_BITS}"
        );
        errors.push(hand.invalid(why));
    }
}

/// How many bits of a hash it takes to deal so many cards: those of each card, rounded up.
fn bits(deck: i64, cards: i64) -> u32 {
    let mut product = 1_f64;
    #[expect(clippy::cast_precision_loss, reason = "decks have no more than ten million cards")]
    for card in 0..cards.min(64) {
        product *= (deck - card) as f64;
    }
    #[expect(
        clippy::cast_possible_truncation,
        clippy::cast_sign_loss,
        reason = "at most 1024 bits"
    )]
    let bits = product.log2().ceil().clamp(0.0, 1024.0) as u32;
    bits
}

#[cfg(test)]
mod tests {
    use super::bits;

    #[test]
    fn bits_of_hands() {
        let cases = [(64, 6, 36), (128, 6, 42), (50, 4, 23), (1, 1, 0), (10_000_000, 3, 70)];
        for (deck, cards, expected) in cases {
            assert_eq!(bits(deck, cards), expected, "{deck} {cards}");
        }
    }
}
