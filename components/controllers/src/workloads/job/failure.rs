//! What a failed pod means for its Job, by the Job's pod failure policy.
//!
//! Upstream: pkg/controller/job/pod_failure_policy.go.

use client::{name, namespace};
use serde_json::Value;

use crate::{
    object::{condition, int, list, text},
    pods::phase,
};

/// What a rule asks for.
#[derive(Clone, PartialEq, Eq, Debug)]
pub(super) enum Verdict {
    /// It counts towards the limit.
    Count,
    /// It counts for nothing.
    Ignore,
    /// Its index has failed.
    FailIndex,
    /// The Job has failed, for this reason.
    FailJob(String),
}

/// The first rule that matches decides; without one a failure counts.
pub(super) fn judge(job: &Value, pod: &Value) -> Verdict {
    if phase(pod) != "Failed" {
        return Verdict::Count;
    }
    for (number, rule) in list(job, "/spec/podFailurePolicy/rules").iter().enumerate() {
        let action = text(rule, "/action");
        let Some(found) = exit_code(rule, pod).or_else(|| pod_condition(rule, pod)) else {
            continue;
        };
        return match action {
            "Ignore" => Verdict::Ignore,
            "FailIndex" if job.pointer("/spec/backoffLimitPerIndex").is_some() => {
                Verdict::FailIndex
            }
            "FailJob" => {
                Verdict::FailJob(format!("{found} matching FailJob rule at index {number}"))
            }
            _ => Verdict::Count,
        };
    }
    Verdict::Count
}

/// The container whose exit code a rule means, in upstream's words.
fn exit_code(rule: &Value, pod: &Value) -> Option<String> {
    let wanted = rule.get("onExitCodes").filter(|wanted| !wanted.is_null())?;
    let values: Vec<i64> = list(wanted, "/values").iter().filter_map(Value::as_i64).collect();
    let within = wanted["operator"] == "In";
    let named = text(wanted, "/containerName");
    let statuses = ["/status/containerStatuses", "/status/initContainerStatuses"];
    let mut statuses = statuses.into_iter().flat_map(|place| list(pod, place));
    let failed = statuses.find_map(|status| {
        let container = text(status, "/name");
        let code = int(status, "/state/terminated/exitCode").filter(|code| *code != 0)?;
        let meant = named.is_empty() || named == container;
        (meant && values.contains(&code) == within).then_some((container, code))
    })?;
    let (container, code) = failed;
    let (namespace, name) = (namespace(pod), name(pod));
    Some(format!("Container {container} for pod {namespace}/{name} failed with exit code {code}"))
}

fn pod_condition(rule: &Value, pod: &Value) -> Option<String> {
    let kind = list(rule, "/onPodConditions").iter().find_map(|pattern| {
        let kind = text(pattern, "/type");
        let there = condition(pod, kind)?;
        let wanted = pattern["status"].as_str().unwrap_or("True");
        (there["status"] == wanted).then_some(kind)
    })?;
    Some(format!("Pod {}/{} has condition {kind}", namespace(pod), name(pod)))
}

#[cfg(test)]
mod tests {
    use super::*;
    use serde_json::json;

    fn pod(code: i64, condition: &str) -> Value {
        json!({"metadata": {"name": "p", "namespace": "n"}, "status": {"phase": "Failed",
            "conditions": [{"type": condition, "status": "True"}],
            "containerStatuses": [{"name": "c", "state": {"terminated": {"exitCode": code}}}]}})
    }

    #[test]
    fn the_first_rule_that_matches_decides() {
        let job = json!({"spec": {"podFailurePolicy": {"rules": [
            {"action": "Ignore", "onPodConditions": [{"type": "DisruptionTarget"}]},
            {"action": "FailJob", "onExitCodes":
                {"containerName": "c", "operator": "In", "values": [40, 42]}},
            {"action": "FailIndex", "onExitCodes": {"operator": "NotIn", "values": [1]}},
        ]}}});
        let message =
            "Container c for pod n/p failed with exit code 42 matching FailJob rule at index 1";
        for (pod, expected) in [
            (pod(42, "DisruptionTarget"), Verdict::Ignore),
            (pod(42, "Ready"), Verdict::FailJob(message.to_owned())),
            (pod(1, "Ready"), Verdict::Count),
            // Without a limit for each index there is nothing to fail.
            (pod(2, "Ready"), Verdict::Count),
        ] {
            assert_eq!(judge(&job, &pod), expected);
        }
    }
}
