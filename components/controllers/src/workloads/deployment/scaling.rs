//! How large each of a Deployment's sets is to be.
//!
//! Upstream: rolling.go, recreate.go and `scale` of sync.go in pkg/controller/deployment. Sizes in,
//! sizes out; what is available is what the sets' status says, never more than their size.

use client::Object;
use serde_json::Value;
use std::cmp::Reverse;

use super::{
    revision::new_size,
    sets::{Bounds, DESIRED, MAX, Set, available, by_age, is_rolling, size, sizes, stated},
};
use crate::object::{annotation, int, text};

/// Sets and the sizes that they are to have.
pub(super) type Sizes<'a> = Vec<(Set<'a>, i64)>;

/// The next step of a rolling update; nothing: it must wait.
pub(super) fn roll<'a>(deployment: &Value, new: Set<'a>, old: &[Set<'a>]) -> Sizes<'a> {
    let bounds = Bounds::of(deployment);
    let now = size(new);
    let grown = match now > bounds.wanted {
        true => bounds.wanted,
        false => new_size(deployment, old, now),
    };
    if grown != now {
        return vec![(new, grown)];
    }
    let mut old: Sizes<'a> =
        old.iter().filter(|set| size(set) > 0).map(|set| (*set, size(set))).collect();
    let total: i64 = old.iter().map(|(_, size)| size).sum();
    let waiting = now - available(new);
    let room = total + now - bounds.least() - waiting;
    if old.is_empty() || room <= 0 {
        return Vec::new();
    }
    lose_unhealthy(&mut old, room);
    lose_healthy(&mut old, available(new), bounds.least());
    old.retain(|(set, to)| *to != size(set));
    old
}

/// Pods that are not available may go first: nobody misses them (`cleanupUnhealthyReplicas`).
fn lose_unhealthy(old: &mut Sizes<'_>, mut room: i64) {
    for (set, to) in old {
        let gone = (*to - available(set)).min(room).max(0);
        *to -= gone;
        room -= gone;
    }
}

/// Then as many as leave enough available ones.
fn lose_healthy(old: &mut Sizes<'_>, new: i64, least: i64) {
    let there: i64 = old.iter().map(|(set, to)| available(set).min(*to)).sum::<i64>() + new;
    let mut room = (there - least).max(0);
    for (_, to) in old {
        let gone = (*to).min(room);
        *to -= gone;
        room -= gone;
    }
}

/// The next step where all old pods end before the first new one is made.
pub(super) fn recreate<'a>(
    deployment: &Value,
    new: Option<Set<'a>>,
    old: &[Set<'a>],
    old_pods: &[&Object],
) -> Option<Sizes<'a>> {
    let going: Sizes<'a> = old.iter().filter(|set| size(set) > 0).map(|set| (*set, 0)).collect();
    if !going.is_empty() {
        return Some(going);
    }
    let runs = |pod: &&&Object| !crate::pods::is_finished(pod);
    if old_pods.iter().any(|pod| runs(&pod)) {
        return Some(Vec::new());
    }
    let new = new?;
    Some(vec![(new, Bounds::of(deployment).wanted)])
}

/// The Deployment was given another size: some set was last scaled for another one.
pub(super) fn is_scaling(deployment: &Value, sets: &[Set<'_>]) -> bool {
    let wanted = Bounds::of(deployment).wanted.to_string();
    let other = |set: &Set<'_>| annotation(set, DESIRED).is_some_and(|desired| desired != wanted);
    sets.iter().filter(|set| size(set) > 0).any(other)
}

/// Spreads a change of size over all sets in proportion, so that what a rollout has reached so far
/// is neither hastened nor undone.
pub(super) fn spread<'a>(deployment: &Value, new: Option<Set<'a>>, old: &[Set<'a>]) -> Sizes<'a> {
    let bounds = Bounds::of(deployment);
    let active: Vec<Set<'a>> = old.iter().copied().chain(new).filter(|set| size(set) > 0).collect();
    match active.as_slice() {
        [] => {
            let mut newest = old.to_vec();
            by_age(&mut newest);
            let only = new.or(newest.last().copied());
            return only.map(|set| (set, bounds.wanted)).into_iter().collect();
        }
        [only] => return vec![(*only, bounds.wanted)],
        _ => {}
    }
    if new.is_some_and(|new| is_saturated(bounds, new)) {
        return old.iter().filter(|set| size(set) > 0).map(|set| (*set, 0)).collect();
    }
    match is_rolling(deployment) {
        true => proportional(deployment, bounds, active),
        false => Vec::new(),
    }
}

fn is_saturated(bounds: Bounds, new: Set<'_>) -> bool {
    size(new) == bounds.wanted
        && annotation(new, DESIRED) == Some(&bounds.wanted.to_string())
        && stated(new, "availableReplicas") == bounds.wanted
}

fn proportional<'a>(deployment: &Value, bounds: Bounds, mut sets: Vec<Set<'a>>) -> Sizes<'a> {
    let allowed = if bounds.wanted > 0 { bounds.most() } else { 0 };
    let change = allowed - sizes(&sets);
    let made = |set: Set<'a>| text(set, "/metadata/creationTimestamp");
    // The largest first; of equal ones the newest when growing, the oldest when shrinking.
    match change > 0 {
        true => sets.sort_by_key(|set| (Reverse(size(set)), Reverse(made(set)))),
        false => sets.sort_by_key(|set| (Reverse(size(set)), made(set))),
    }
    let mut spread: i64 = 0;
    let mut sizes: Sizes<'a> = Vec::new();
    for set in sets {
        let part = if change == 0 { 0 } else { share(deployment, bounds, set, change - spread) };
        spread += part;
        sizes.push((set, size(set) + part));
    }
    if let Some((_, first)) = sizes.first_mut() {
        *first = (*first + change - spread).max(0);
    }
    sizes
}

/// What a set gains or loses, of what is left (`GetReplicaSetProportion`).
fn share(deployment: &Value, bounds: Bounds, set: Set<'_>, left: i64) -> i64 {
    let now = size(set);
    if now == 0 || left == 0 {
        return 0;
    }
    let whole = match bounds.wanted {
        0 => -now,
        _ => {
            let before = annotation(set, MAX).and_then(|text| text.parse().ok());
            let before = before.filter(|before: &i64| *before > 0);
            let before = before.or_else(|| int(deployment, "/status/replicas")).unwrap_or(0).max(1);
            // Rounded to the nearest.
            (2 * now * bounds.most() + before).div_euclid(2 * before) - now
        }
    };
    if left > 0 { whole.min(left) } else { whole.max(left) }
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;
    use serde_json::json;
    use std::sync::Arc;

    fn set(name: &str, size: i64, available: i64) -> Object {
        Arc::new(json!({"metadata": {"name": name, "uid": name,
                "creationTimestamp": "2026-01-01T00:00:00Z", "annotations": {}},
            "spec": {"replicas": size}, "status": {"availableReplicas": available}}))
    }

    fn deployment(replicas: i64, surge: i64, unavailable: i64) -> Value {
        json!({"spec": {"replicas": replicas, "strategy": {"type": "RollingUpdate",
            "rollingUpdate": {"maxSurge": surge, "maxUnavailable": unavailable}}}})
    }

    #[test]
    fn a_change_of_size_is_spread_in_proportion() {
        let sized = |name: &str, size: i64| {
            let mut set = Value::clone(&set(name, size, size));
            set["metadata"]["annotations"] = json!({DESIRED: "10", MAX: "13"});
            Arc::new(set)
        };
        let (new, old) = (sized("new", 5), sized("old", 8));
        let to = |replicas| {
            let sizes = spread(&deployment(replicas, 3, 0), Some(&new), &[&old]);
            sizes.iter().map(|(set, to)| (client::name(set).to_owned(), *to)).collect::<Vec<_>>()
        };
        assert_eq!(to(15), [("old".to_owned(), 11), ("new".to_owned(), 7)]);
        assert_eq!(to(0), [("old".to_owned(), 0), ("new".to_owned(), 0)]);
    }

    proptest! {
        /// Whatever pods become available or break, a rollout never has more pods than allowed nor
        /// takes available ones below the least; and it ends when pods become available.
        #[test]
        fn a_rolling_update_keeps_its_bounds(
            replicas in 1i64..12, surge in 0i64..5, unavailable in 0i64..5,
            luck in prop::collection::vec((0i64..4, 0i64..4, any::<bool>()), 1..60),
        ) {
            let deployment = deployment(replicas, surge, unavailable);
            let bounds = Bounds::of(&deployment);
            let (mut new, mut old) = ((0, 0), (replicas, replicas));
            let step = |new: &mut (i64, i64), old: &mut (i64, i64)| {
                let (a, b) = (set("new", new.0, new.1), set("old", old.0, old.1));
                let before = new.1.min(new.0) + old.1.min(old.0);
                for (set, to) in roll(&deployment, &a, &[&b]) {
                    let which = if client::name(set) == "new" { &mut *new } else { &mut *old };
                    which.0 = to;
                }
                // Which pods a set loses is its own choice: it loses those not available first.
                let after = new.1.min(new.0) + old.1.min(old.0);
                prop_assert!(new.0 + old.0 <= bounds.most().max(replicas));
                prop_assert!(after >= before.min(bounds.least()), "{before} {after} {bounds:?}");
                Ok(())
            };
            for (gained, lost, which) in luck {
                step(&mut new, &mut old)?;
                let set = if which { &mut new } else { &mut old };
                // The status follows the size after a while, or not yet.
                set.1 = (set.1 + gained - lost).clamp(0, set.0.max(set.1));
            }
            for _ in 0..100 {
                new.1 = new.0;
                old.1 = old.1.min(old.0);
                step(&mut new, &mut old)?;
            }
            prop_assert_eq!((new.0, old.0), (replicas, 0));
        }
    }
}
