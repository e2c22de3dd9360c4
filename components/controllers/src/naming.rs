//! Names for new objects that are the same whoever chooses them.
//!
//! Upstream lets the API server draw the end of a name. Then a creation whose answer was lost, or
//! that a deposed leader makes late, makes one object too many. Here the names of an owner's
//! objects come in one order, and the first free ones are taken: whoever decides on the same state,
//! or on a part of it, chooses the same names, and the second creation is refused.

/// The letters of upstream's random names: no vowels, nothing that looks like another.
const LETTERS: &[u8; 27] = b"bcdfghjklmnpqrstvwxz2456789";
/// How long an ending is, and a name may be (`names.SimpleNameGenerator`).
const ENDING: usize = 5;
const NAME_BYTES_MAX: usize = 63;

/// FNV-1a, 64 bits.
pub(crate) fn hash(parts: &[&str]) -> u64 {
    let bytes = parts.iter().flat_map(|part| part.bytes().chain([0]));
    bytes.fold(0xcbf2_9ce4_8422_2325, |hash, byte| {
        (hash ^ u64::from(byte)).wrapping_mul(0x0100_0000_01b3)
    })
}

/// So many of upstream's letters for a number.
pub(crate) fn letters(mut number: u64, count: usize) -> String {
    // Its low bits hardly differ between neighbours.
    number ^= number >> 31;
    let mut letter = || {
        let at = usize::try_from(number % 27).unwrap_or(0);
        number /= 27;
        char::from(LETTERS[at])
    };
    (0..count).map(|_| letter()).collect()
}

/// Names that begin so, in the order in which an owner of this uid gives them to its objects.
pub(crate) fn names(beginning: &str, owner: &str) -> impl Iterator<Item = String> + use<> {
    let kept = beginning.len().min(NAME_BYTES_MAX - ENDING);
    let beginning = beginning.get(..kept).unwrap_or_default().to_owned();
    let owner = owner.to_owned();
    (0u64..).map(move |number| {
        format!("{beginning}{}", letters(hash(&[&owner, &number.to_string()]), ENDING))
    })
}

#[cfg(test)]
mod tests {
    use super::*;
    use std::collections::BTreeSet;

    #[test]
    fn names_are_the_same_for_the_same_owner_and_rarely_collide() {
        let first: Vec<String> = names("web-", "u").take(3).collect();
        assert_eq!(first, names("web-", "u").take(3).collect::<Vec<_>>());
        assert!(first.iter().all(|name| name.len() == 9 && name.starts_with("web-")));
        let many: BTreeSet<String> = names("web-", "v").take(1000).collect();
        assert!(many.len() > 995, "{}", many.len());
        assert!(names("web-", "w").take(100).all(|name| !first.contains(&name)));
    }

    #[test]
    fn a_long_beginning_is_cut() {
        let name = names(&"x".repeat(80), "u").next().unwrap();
        assert_eq!(name.len(), 63);
    }
}
