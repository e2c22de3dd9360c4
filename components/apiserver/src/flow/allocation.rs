//! Shares seats out by targets, within bounds: who wants less than its part leaves the rest to the
//! others.
//!
//! Upstream: apiserver/pkg/util/flowcontrol/conc_alloc.go.

/// Targets below this count as this, so that nothing is divided by zero (MinTarget).
const TARGET_MIN: f64 = 0.001;
/// Sums that differ by less are equal.
const EPSILON: f64 = 1e-7;

/// One who gets a part.
#[derive(Clone, Copy, PartialEq, Debug)]
pub(super) struct Claim {
    /// Never less than `low`.
    pub(super) target: f64,
    pub(super) low: f64,
    pub(super) high: f64,
}

/// What everybody gets, and the proportion of the target that those get whom no bound stops.
#[derive(Clone, PartialEq, Debug)]
pub(super) struct Shares {
    pub(super) parts: Vec<f64>,
    pub(super) proportion: f64,
}

/// Shares `sum` out; none where the bounds do not allow it.
pub(super) fn share(sum: f64, claims: &[Claim]) -> Option<Shares> {
    let sane =
        |claim: &Claim| 0.0 <= claim.low && claim.low <= claim.target && claim.low <= claim.high;
    let (low, high) =
        claims.iter().fold((0.0, 0.0), |(low, high), claim| (low + claim.low, high + claim.high));
    if !claims.iter().all(sane) || low - sum > EPSILON || sum - high > EPSILON {
        return None;
    }
    let proportion = proportion(sum, claims);
    let parts = claims.iter().map(|claim| part(claim, proportion)).collect();
    Some(Shares { parts, proportion })
}

fn target(claim: &Claim) -> f64 {
    claim.target.max(TARGET_MIN)
}

fn part(claim: &Claim, proportion: f64) -> f64 {
    (proportion * target(claim)).clamp(claim.low, claim.high)
}

/// The proportion at which the parts make up the sum. The sum grows with it, straight between the
/// points where somebody reaches a bound: these are gone through in their order.
fn proportion(sum: f64, claims: &[Claim]) -> f64 {
    let mut bounds: Vec<f64> = claims
        .iter()
        .flat_map(|claim| [claim.low / target(claim), claim.high / target(claim)])
        .collect();
    bounds.sort_by(f64::total_cmp);
    let (mut at, mut reached) = (0.0, claims.iter().map(|claim| claim.low).sum::<f64>());
    if reached >= sum - EPSILON {
        return bounds.first().copied().unwrap_or(0.0);
    }
    for bound in bounds {
        let next = claims.iter().map(|claim| part(claim, bound)).sum::<f64>();
        if next >= sum {
            return at + (bound - at) * (sum - reached) / (next - reached);
        }
        (at, reached) = (bound, next);
    }
    at
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;

    fn claim(low: f64, target: f64, high: f64) -> Claim {
        Claim { target, low, high }
    }

    #[test]
    fn parts_follow_targets_where_no_bound_stops_them() {
        let cases: [(f64, Vec<Claim>, Option<Vec<f64>>); 6] = [
            (0.0, vec![], Some(vec![])),
            (10.0, vec![claim(0.0, 1.0, 20.0), claim(0.0, 3.0, 20.0)], Some(vec![2.5, 7.5])),
            // The first is stopped from below, the second from above.
            (10.0, vec![claim(5.0, 5.0, 20.0), claim(0.0, 95.0, 20.0)], Some(vec![5.0, 5.0])),
            (10.0, vec![claim(0.0, 9.0, 2.0), claim(0.0, 1.0, 20.0)], Some(vec![2.0, 8.0])),
            (10.0, vec![claim(11.0, 11.0, 12.0)], None),
            (10.0, vec![claim(0.0, 1.0, 9.0)], None),
        ];
        for (sum, claims, expected) in cases {
            let parts = share(sum, &claims).map(|shares| shares.parts);
            match (&parts, &expected) {
                (Some(got), Some(wanted)) => {
                    let near = got.iter().zip(wanted).all(|(a, b)| (a - b).abs() < 1e-6);
                    assert!(near && got.len() == wanted.len(), "{sum} {claims:?}: {got:?}");
                }
                _ => assert_eq!(parts, expected, "{sum} {claims:?}"),
            }
        }
    }

    proptest! {
        #[test]
        fn the_parts_make_up_the_sum_within_bounds(
            claims in prop::collection::vec((0_u32..50, 0_u32..200, 0_u32..100), 1..8),
            place in 0.0_f64..1.0,
        ) {
            let claims: Vec<Claim> = claims
                .into_iter()
                .map(|(low, more, room)| {
                    claim(f64::from(low), f64::from(low + more), f64::from(low + room))
                })
                .collect();
            let low: f64 = claims.iter().map(|claim| claim.low).sum();
            let high: f64 = claims.iter().map(|claim| claim.high).sum();
            let sum = low + (high - low) * place;
            let shares = share(sum, &claims).unwrap();
            prop_assert!((shares.parts.iter().sum::<f64>() - sum).abs() < 1e-3);
            for (claim, part) in claims.iter().zip(&shares.parts) {
                prop_assert!(claim.low <= *part && *part <= claim.high);
                // Whoever gets less than its proportion is at its top, whoever more at its bottom.
                let fair = shares.proportion * target(claim);
                prop_assert!(*part >= fair - 1e-6 || *part == claim.high);
                prop_assert!(*part <= fair + 1e-6 || *part == claim.low);
            }
        }
    }
}
