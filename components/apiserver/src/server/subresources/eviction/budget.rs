//! The arithmetic of a budget of disruptions.
//!
//! Upstream: pkg/registry/core/pod/storage/eviction.go (checkAndDecrement) and
//! component-helpers/apps/poddisruptionbudget.

use crate::failure::{Cause, Failure, Named};
use http::StatusCode;
use serde_json::{Value, json};

/// Evictions that the controller has not noticed yet, at most (MaxDisruptedPodSize).
const DISRUPTED_MAX: usize = 2000;

const REFUSED: &str = "Cannot evict pod as it would violate the pod's disruption budget.";

/// The pod has ended, or is about to.
pub(super) fn is_over(pod: &Value) -> bool {
    let ended = matches!(pod["status"]["phase"].as_str(), Some("Succeeded" | "Failed"));
    ended || pod["metadata"]["deletionTimestamp"].is_string()
}

/// Nobody misses the pod: no budget is asked (canIgnorePDB).
pub(super) fn is_no_disruption(pod: &Value) -> bool {
    is_over(pod) || pod["status"]["phase"] == "Pending"
}

/// The pod serves.
pub(super) fn is_ready(pod: &Value) -> bool {
    let conditions = pod["status"]["conditions"].as_array().into_iter().flatten();
    let mut ready = conditions.filter(|one| one["type"] == "Ready");
    ready.any(|one| one["status"] == "True")
}

/// Whether a pod that is not ready may go without being counted: always where the budget says so,
/// else while enough others are healthy.
pub(super) fn lets_unready_go(budget: &Value) -> bool {
    let number = |name: &str| budget["status"][name].as_i64().unwrap_or(0);
    let enough =
        number("currentHealthy") >= number("desiredHealthy") && number("desiredHealthy") > 0;
    budget["spec"]["unhealthyPodEvictionPolicy"] == "AlwaysAllow" || enough
}

/// The budget with one disruption less, which is the pod's.
pub(super) fn spent(
    present: &Value,
    pod: &str,
    of: Named<'_>,
    now: &str,
) -> Result<Value, Failure> {
    let status = &present["status"];
    let number = |name: &str| status[name].as_i64().unwrap_or(0);
    let generation = present["metadata"]["generation"].as_i64().unwrap_or(0);
    let name = of.name;
    if number("observedGeneration") < generation {
        return Err(being_processed(name));
    }
    let singular = Named { resource: "poddisruptionbudget", ..of };
    if number("disruptionsAllowed") < 0 {
        return Err(Failure::forbidden(singular, "pdb disruptions allowed is negative"));
    }
    if status["disruptedPods"].as_object().is_some_and(|pods| pods.len() > DISRUPTED_MAX) {
        let why = "DisruptedPods map too big - too many evictions not confirmed by PDB controller";
        return Err(Failure::forbidden(singular, why));
    }
    if number("disruptionsAllowed") == 0 {
        let why = used_up(present, name);
        return Err(too_many().because(&[cause(why)]));
    }
    let mut new = present.clone();
    let left = number("disruptionsAllowed") - 1;
    new["status"]["disruptionsAllowed"] = left.into();
    new["status"]["disruptedPods"][pod] = now.into();
    if left == 0 {
        allows_none(&mut new, now);
    }
    Ok(new)
}

/// The budget has changed and is not yet reckoned anew.
pub(super) fn being_processed(name: &str) -> Failure {
    let why = format!("The disruption budget {name} is still being processed by the server.");
    too_many().because(&[cause(why)]).retry_after(10)
}

fn too_many() -> Failure {
    Failure::new(StatusCode::TOO_MANY_REQUESTS, "TooManyRequests", REFUSED)
}

fn cause(message: String) -> Cause {
    Cause { reason: "DisruptionBudget", message, field: String::new() }
}

fn used_up(budget: &Value, name: &str) -> String {
    let conditions = budget["status"]["conditions"].as_array().into_iter().flatten();
    let mut failed = conditions
        .filter(|one| one["type"] == "DisruptionAllowed" && one["reason"] == "SyncFailed");
    if let Some(why) = failed.next().and_then(|one| one["message"].as_str()) {
        return format!(
            "The disruption budget {name} does not allow evicting pods currently because it \
             failed sync: {why}"
        );
    }
    let number = |field: &str| budget["status"][field].as_i64().unwrap_or(0);
    let (needed, healthy) = (number("desiredHealthy"), number("currentHealthy"));
    format!("The disruption budget {name} needs {needed} healthy pods and has {healthy} currently")
}

/// The condition that says that no disruption is left.
fn allows_none(budget: &mut Value, now: &str) {
    let generation = budget["status"]["observedGeneration"].clone();
    let conditions = &mut budget["status"]["conditions"];
    if !conditions.is_array() {
        *conditions = json!([]);
    }
    let Some(list) = conditions.as_array_mut() else { return };
    let present = list.iter().position(|one| one["type"] == "DisruptionAllowed");
    let since = match present.map(|at| &list[at]) {
        Some(one) if one["status"] == "False" => one["lastTransitionTime"].clone(),
        _ => now.into(),
    };
    let condition = json!({
        "type": "DisruptionAllowed", "status": "False", "reason": "InsufficientPods",
        "message": "", "observedGeneration": generation, "lastTransitionTime": since,
    });
    match present {
        Some(at) => list[at] = condition,
        None => list.push(condition),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    const OF: Named<'_> = Named { group: "policy", resource: "poddisruptionbudgets", name: "b" };

    fn budget(status: Value) -> Value {
        json!({"metadata": {"name": "b", "generation": 1}, "status": status})
    }

    #[test]
    fn an_eviction_is_paid_from_the_budget() {
        let status = json!({"observedGeneration": 1, "disruptionsAllowed": 2});
        let once = spent(&budget(status), "p", OF, "t1").unwrap();
        assert_eq!(once["status"]["disruptionsAllowed"], 1);
        assert_eq!(once["status"]["disruptedPods"], json!({"p": "t1"}));
        assert_eq!(once["status"].get("conditions"), None);
        let twice = spent(&once, "q", OF, "t2").unwrap();
        assert_eq!(twice["status"]["disruptedPods"], json!({"p": "t1", "q": "t2"}));
        assert_eq!(twice["status"]["conditions"][0]["reason"], "InsufficientPods");
        let refused = spent(&twice, "r", OF, "t3").unwrap_err();
        assert_eq!((refused.code.as_u16(), refused.retry_seconds()), (429, None));
    }

    #[test]
    fn a_budget_that_is_not_good_lets_nobody_go() {
        let number = |allowed: i64| json!({"observedGeneration": 1, "disruptionsAllowed": allowed});
        let mut short = number(0);
        short["desiredHealthy"] = 3.into();
        short["currentHealthy"] = 2.into();
        let mut failed = number(0);
        failed["conditions"] =
            json!([{"type": "DisruptionAllowed", "reason": "SyncFailed", "message": "no scale"}]);
        let cases = [
            (json!({"disruptionsAllowed": 1}), 429, "is still being processed by the server."),
            (number(-1), 403, "pdb disruptions allowed is negative"),
            (short, 429, "The disruption budget b needs 3 healthy pods and has 2 currently"),
            (failed, 429, "because it failed sync: no scale"),
        ];
        for (status, code, said) in cases {
            let refused = spent(&budget(status), "p", OF, "t").unwrap_err();
            assert_eq!(refused.code.as_u16(), code, "{said}");
            assert!(refused.status().to_string().contains(said), "{said}: {refused:?}");
        }
    }

    #[test]
    fn who_does_not_serve_goes_while_enough_others_do() {
        let healthy = |current: i64, desired: i64| json!({"status": {"currentHealthy": current, "desiredHealthy": desired}});
        assert!(lets_unready_go(&healthy(2, 2)));
        assert!(!lets_unready_go(&healthy(1, 2)));
        assert!(!lets_unready_go(&healthy(0, 0)));
        let mut always = healthy(0, 2);
        always["spec"] = json!({"unhealthyPodEvictionPolicy": "AlwaysAllow"});
        assert!(lets_unready_go(&always));
        for (phase, free) in [("Pending", true), ("Running", false), ("Failed", true)] {
            assert_eq!(is_no_disruption(&json!({"status": {"phase": phase}})), free, "{phase}");
        }
    }
}
