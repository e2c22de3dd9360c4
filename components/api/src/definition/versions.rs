//! Which of two versions is the better one: `v2`, `v1`, `v1beta2`, `v1beta1`, `v1alpha1`, others.
//!
//! Upstream: apimachinery's pkg/version/helpers.go (CompareKubeAwareVersionStrings).

use std::cmp::Ordering;

/// The better version is the greater one.
pub fn version_order(one: &str, other: &str) -> Ordering {
    match (rank(one), rank(other)) {
        (Some(one), Some(other)) => one.cmp(&other),
        (Some(_), None) => Ordering::Greater,
        (None, Some(_)) => Ordering::Less,
        // Names that say nothing are in the order of the alphabet, the first the best.
        (None, None) => other.cmp(one),
    }
}

/// Stability, major and minor number.
fn rank(version: &str) -> Option<(u8, u64, u64)> {
    let rest = version.strip_prefix('v')?;
    let end = rest.find(|letter: char| !letter.is_ascii_digit()).unwrap_or(rest.len());
    let (major, rest) = rest.split_at(end);
    let number = |text: &str| match text.starts_with('0') {
        true => None,
        false => text.parse::<u64>().ok(),
    };
    let major = number(major)?;
    if rest.is_empty() {
        return Some((2, major, 0));
    }
    let stages = [("beta", 1), ("alpha", 0)];
    stages
        .iter()
        .find_map(|(word, stability)| Some((*stability, major, number(rest.strip_prefix(word)?)?)))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn versions_are_ordered_by_stability_and_number() {
        let best_first =
            ["v10", "v2", "v1", "v11beta2", "v10beta3", "v3beta1", "v12alpha1", "foo1", "foo10"];
        let mut sorted = best_first;
        sorted.reverse();
        sorted.sort_by(|one, other| version_order(other, one));
        assert_eq!(sorted, best_first);
    }
}
