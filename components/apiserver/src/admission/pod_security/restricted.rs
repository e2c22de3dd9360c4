//! What pods do that follow today's best practices of hardening.
//!
//! Upstream: pod-security-admission/policy/check_*.go, those of level restricted.

use super::{
    baseline,
    checks::{Check, Finding, Pod, counted, finding, plural, quoted, sorted},
};
use crate::admission::pod::{items, text};
use serde_json::Value;

const fn since(since: u32, look: fn(&Pod<'_>) -> Option<Finding>) -> Check {
    Check { since, replaced: None, look }
}

pub(super) const CHECKS: &[Check] = &[
    since(8, privilege_escalation),
    since(22, capabilities),
    since(0, volumes),
    since(0, run_as_non_root),
    since(23, run_as_user),
    since(19, seccomp),
];

fn privilege_escalation(pod: &Pod<'_>) -> Option<Finding> {
    if pod.is_windows() {
        return None;
    }
    let who = pod.named(|one| one["securityContext"]["allowPrivilegeEscalation"] != false);
    let detail = format!(
        "{} must set securityContext.allowPrivilegeEscalation=false",
        counted("container", &who)
    );
    (!who.is_empty()).then(|| finding("allowPrivilegeEscalation != false", detail))?
}

fn capabilities(pod: &Pod<'_>) -> Option<Finding> {
    if pod.is_windows() {
        return None;
    }
    let drops_all = |one: &Value| {
        items(&one["securityContext"]["capabilities"]["drop"]).any(|dropped| dropped == "ALL")
    };
    let who = pod.named(|one| !drops_all(one));
    let keeps = (!who.is_empty()).then(|| {
        let who = counted("container", &who);
        format!("{who} must set securityContext.capabilities.drop=[\"ALL\"]")
    });
    let told: Vec<String> =
        keeps.into_iter().chain(baseline::added(pod, &["NET_BIND_SERVICE"])).collect();
    (!told.is_empty()).then(|| finding("unrestricted capabilities", told.join("; ")))?
}

const VOLUMES: [&str; 9] = [
    "configMap",
    "csi",
    "downwardAPI",
    "emptyDir",
    "ephemeral",
    "image",
    "persistentVolumeClaim",
    "projected",
    "secret",
];

fn volumes(pod: &Pod<'_>) -> Option<Finding> {
    fn source(volume: &Value) -> &str {
        let members = volume.as_object().into_iter().flatten();
        let mut sources = members.filter(|(name, value)| *name != "name" && value.is_object());
        sources.next().map_or("unknown", |(name, _)| name.as_str())
    }
    let wrong = || items(&pod.spec["volumes"]).filter(|one| !VOLUMES.contains(&source(one)));
    let names: Vec<&str> = wrong().map(|volume| text(&volume["name"])).collect();
    let kinds = sorted(wrong().map(source));
    let detail = format!(
        "{} {} {} {}",
        counted("volume", &names),
        plural(names.len(), "uses", "use"),
        plural(kinds.len(), "restricted volume type", "restricted volume types"),
        quoted(&kinds)
    );
    (!names.is_empty()).then(|| finding("restricted volume types", detail))?
}

fn run_as_non_root(pod: &Pod<'_>) -> Option<Finding> {
    const REASON: &str = "runAsNonRoot != true";
    if pod.has_own_users() {
        return None;
    }
    let setters = pod.setters(|context| context["runAsNonRoot"] == false);
    if !setters.is_empty() {
        let who = setters.join(" and ");
        return finding(REASON, format!("{who} must not set securityContext.runAsNonRoot=false"));
    }
    if pod.spec["securityContext"]["runAsNonRoot"] == true {
        return None;
    }
    let who = pod.named(|one| one["securityContext"]["runAsNonRoot"] != true);
    let told = counted("container", &who);
    let detail = format!("pod or {told} must set securityContext.runAsNonRoot=true");
    (!who.is_empty()).then(|| finding(REASON, detail))?
}

fn run_as_user(pod: &Pod<'_>) -> Option<Finding> {
    if pod.has_own_users() {
        return None;
    }
    let setters = pod.setters(|context| context["runAsUser"] == 0);
    let detail = format!("{} must not set runAsUser=0", setters.join(" and "));
    (!setters.is_empty()).then(|| finding("runAsUser=0", detail))?
}

fn seccomp(pod: &Pod<'_>) -> Option<Finding> {
    const REASON: &str = "seccompProfile";
    if pod.is_windows() {
        return None;
    }
    if let Some(detail) = baseline::bad_seccomp(pod) {
        return finding(REASON, detail);
    }
    let set = |context: &Value| context["seccompProfile"]["type"].is_string();
    if set(&pod.spec["securityContext"]) {
        return None;
    }
    let who = pod.named(|one| !set(&one["securityContext"]));
    let detail = format!(
        "pod or {} must set securityContext.seccompProfile.type to \"RuntimeDefault\" or \
         \"Localhost\"",
        counted("container", &who)
    );
    (!who.is_empty()).then(|| finding(REASON, detail))?
}
