//! Which pods an owner can best do without.
//!
//! Upstream: `ActivePodsWithRanks` in pkg/controller/controller_utils.go.

use client::{Object, uid};
use serde_json::Value;
use std::{cmp::Ordering, cmp::Reverse, collections::BTreeMap};

use crate::{
    object::{annotation, text},
    pods::{is_active, is_ready, phase, ready_since, restarts_max, seconds},
};

const COST: &str = "controller.kubernetes.io/pod-deletion-cost";

/// What decides before anything else: less is more easily lost.
type Worth = (bool, u8, bool, i64, Reverse<usize>);

/// The pods, those first that are most easily lost. `related` are pods that run beside them for
/// the same purpose: of two on one node one is rather lost.
pub(super) fn ranked<'a>(
    pods: &[&'a Object],
    related: impl Iterator<Item = &'a Object>,
    now: i64,
) -> Vec<&'a Object> {
    let mut crowds: BTreeMap<&str, usize> = BTreeMap::new();
    for pod in related.filter(|pod| is_active(pod)) {
        *crowds.entry(node(pod)).or_default() += 1;
    }
    let worth = |pod: &Value| worth(pod, crowds.get(node(pod)).copied().unwrap_or(0));
    let mut ranked: Vec<(Worth, &Object)> = pods.iter().map(|pod| (worth(pod), *pod)).collect();
    ranked.sort_by(|(a, left), (b, right)| {
        a.cmp(b).then_with(|| younger(left, right, now)).then_with(|| uid(left).cmp(uid(right)))
    });
    ranked.into_iter().map(|(_, pod)| pod).collect()
}

fn node(pod: &Value) -> &str {
    text(pod, "/spec/nodeName")
}

fn worth(pod: &Value, crowd: usize) -> Worth {
    let phase = match phase(pod) {
        "Pending" => 0,
        "Running" => 2,
        _ => 1,
    };
    let cost = annotation(pod, COST).and_then(|cost| cost.parse::<i32>().ok()).unwrap_or(0);
    (!node(pod).is_empty(), phase, is_ready(pod), cost.into(), Reverse(crowd))
}

/// What is younger goes first: by the time that it is ready, by restarts, by its creation. Ages
/// count by their magnitude, so that which of several old pods goes is not always the same one.
fn younger(left: &Value, right: &Value, now: i64) -> Ordering {
    let ready = match (ready_since(left), ready_since(right)) {
        (Some(a), Some(b)) if a != b => magnitude(now - a).cmp(&magnitude(now - b)),
        (None, Some(_)) => Ordering::Less,
        (Some(_), None) => Ordering::Greater,
        _ => Ordering::Equal,
    };
    let made = |pod: &Value| seconds(pod, "/metadata/creationTimestamp");
    let age = || match (made(left), made(right)) {
        (Some(a), Some(b)) if a != b => magnitude(now - a).cmp(&magnitude(now - b)),
        _ => Ordering::Equal,
    };
    ready.then_with(|| restarts_max(right).cmp(&restarts_max(left))).then_with(age)
}

/// The logarithm of an age; -1 of what has none yet (`logarithmicRankDiff`).
fn magnitude(seconds: i64) -> i64 {
    let nanos = i128::from(seconds) * 1_000_000_000;
    u128::try_from(nanos).ok().and_then(u128::checked_ilog2).map_or(-1, i64::from)
}
