//! A Deployment's ReplicaSets as values, and numbers about them.
//!
//! Upstream: pkg/controller/deployment/util/deployment_util.go.

use client::{Object, name};
use serde_json::Value;

use crate::object::{annotation, int, text};

pub(super) const REVISION: &str = "deployment.kubernetes.io/revision";
pub(super) const HISTORY: &str = "deployment.kubernetes.io/revision-history";
pub(super) const DESIRED: &str = "deployment.kubernetes.io/desired-replicas";
pub(super) const MAX: &str = "deployment.kubernetes.io/max-replicas";
pub(super) const HASH: &str = "pod-template-hash";

/// A set as the controller sees it.
pub(super) type Set<'a> = &'a Object;

/// `spec.replicas`.
pub(super) fn size(set: &Value) -> i64 {
    int(set, "/spec/replicas").unwrap_or(1)
}

/// Pods of it that can be counted on: what it is about to delete is not among them, though its
/// status may be older than its size.
pub(super) fn available(set: &Value) -> i64 {
    int(set, "/status/availableReplicas").unwrap_or(0).min(size(set))
}

/// A number of a set's status.
pub(super) fn stated(set: &Value, what: &str) -> i64 {
    int(set, &format!("/status/{what}")).unwrap_or(0)
}

pub(super) fn sizes(sets: &[Set<'_>]) -> i64 {
    sets.iter().map(|set| size(set)).sum()
}

/// The revision that a set or a Deployment is.
pub(super) fn revision(object: &Value) -> i64 {
    annotation(object, REVISION).and_then(|text| text.parse().ok()).unwrap_or(0)
}

/// The order of age; by name where that is the same.
pub(super) fn by_age(sets: &mut [Set<'_>]) {
    sets.sort_by_key(|set| (text(set, "/metadata/creationTimestamp"), name(set)));
}

/// A count, or a share of `total`.
fn resolve(value: Option<&Value>, total: i64, up: bool) -> i64 {
    let Some(value) = value else { return 0 };
    if let Some(number) = value.as_i64() {
        return number;
    }
    let percent = value.as_str().and_then(|text| text.strip_suffix('%')?.parse::<i64>().ok());
    let part = percent.unwrap_or(0) * total;
    if up { (part + 99).div_euclid(100) } else { part.div_euclid(100) }
}

/// How many pods more, and how many available pods less than wanted there may be.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub(super) struct Bounds {
    pub(super) wanted: i64,
    pub(super) surge: i64,
    pub(super) unavailable: i64,
}

impl Bounds {
    /// Those of a Deployment (`ResolveFenceposts`).
    pub(super) fn of(deployment: &Value) -> Self {
        let wanted = size(deployment);
        if !is_rolling(deployment) {
            return Self { wanted, surge: 0, unavailable: 0 };
        }
        let rolling = &deployment["spec"]["strategy"]["rollingUpdate"];
        let surge = resolve(rolling.get("maxSurge"), wanted, true);
        let unavailable = resolve(rolling.get("maxUnavailable"), wanted, false);
        // Else nothing could ever move.
        let unavailable = if surge == 0 && unavailable == 0 { 1 } else { unavailable };
        Self { wanted, surge, unavailable: unavailable.min(wanted) }
    }

    /// Pods at most.
    pub(super) fn most(self) -> i64 {
        self.wanted + self.surge
    }

    /// Available pods at least.
    pub(super) fn least(self) -> i64 {
        self.wanted - self.unavailable
    }
}

pub(super) fn is_rolling(deployment: &Value) -> bool {
    text(deployment, "/spec/strategy/type") == "RollingUpdate"
}

#[cfg(test)]
mod tests {
    use super::*;
    use serde_json::json;

    #[test]
    fn bounds_are_counts_or_shares() {
        let bounds = |replicas: i64, surge: Value, unavailable: Value| {
            let bounds = Bounds::of(&json!({"spec": {"replicas": replicas, "strategy": {
                "type": "RollingUpdate",
                "rollingUpdate": {"maxSurge": surge, "maxUnavailable": unavailable}}}}));
            (bounds.surge, bounds.unavailable)
        };
        assert_eq!(bounds(10, json!("25%"), json!("25%")), (3, 2));
        assert_eq!(bounds(1, json!("25%"), json!("25%")), (1, 0));
        assert_eq!(bounds(3, json!(0), json!("10%")), (0, 1));
        assert_eq!(bounds(2, json!(5), json!(7)), (5, 2));
    }
}
