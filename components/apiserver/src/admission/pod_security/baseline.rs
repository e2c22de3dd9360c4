//! What no pod does that is not trusted with its node.
//!
//! Upstream: pod-security-admission/policy/check_*.go, those of level baseline.

use super::checks::{Check, Finding, Pod, counted, finding, plural, quoted, sorted};
use crate::admission::pod::{items, text};
use serde_json::Value;
use std::collections::BTreeSet;

const fn check(look: fn(&Pod<'_>) -> Option<Finding>) -> Check {
    Check { since: 0, replaced: None, look }
}

pub(super) const CHECKS: &[Check] = &[
    check(app_armor),
    Check { replaced: Some(22), ..check(capabilities) },
    check(host_namespaces),
    Check { replaced: Some(0), ..check(host_paths) },
    check(host_ports),
    Check { since: 34, ..check(probed_hosts) },
    check(privileged),
    check(proc_mount),
    check(se_linux),
    Check { replaced: Some(19), ..check(seccomp) },
    check(sysctls),
    check(windows_host_process),
];

fn app_armor(pod: &Pod<'_>) -> Option<Finding> {
    const KEY: &str = "container.apparmor.security.beta.kubernetes.io/";
    let fine = |kind: &str| matches!(kind, "" | "RuntimeDefault" | "Localhost");
    let kind = |context: &Value| text(&context["appArmorProfile"]["type"]).to_owned();
    let mut wrong = Vec::new();
    let setters = pod.setters(|context| !fine(&kind(context)));
    if !setters.is_empty() {
        let contexts = pod.containers().map(|one| &one["securityContext"]);
        let kinds = contexts.chain([&pod.spec["securityContext"]]).map(kind);
        let kinds: BTreeSet<String> = kinds.filter(|kind| !fine(kind)).collect();
        let kinds: Vec<&str> = kinds.iter().map(String::as_str).collect();
        let who = setters.join(" and ");
        wrong.push(format!("{who} must not set AppArmor profile type to {}", quoted(&kinds)));
    }
    let annotations = pod.metadata["annotations"].as_object().into_iter().flatten();
    for (key, value) in annotations.filter(|(key, _)| key.starts_with(KEY)) {
        let value = text(value);
        if !value.is_empty() && value != "runtime/default" && !value.starts_with("localhost/") {
            wrong.push(format!("{key}={value:?}"));
        }
    }
    let reason = plural(wrong.len(), "forbidden AppArmor profile", "forbidden AppArmor profiles");
    (!wrong.is_empty()).then(|| Finding { reason: reason.into(), detail: wrong.join(", ") })
}

const CAPABILITIES: [&str; 13] = [
    "AUDIT_WRITE",
    "CHOWN",
    "DAC_OVERRIDE",
    "FOWNER",
    "FSETID",
    "KILL",
    "MKNOD",
    "NET_BIND_SERVICE",
    "SETFCAP",
    "SETGID",
    "SETPCAP",
    "SETUID",
    "SYS_CHROOT",
];

fn capabilities(pod: &Pod<'_>) -> Option<Finding> {
    let detail = added(pod, &CAPABILITIES)?;
    finding("non-default capabilities", detail)
}

/// Who adds which capabilities that are not allowed.
pub(super) fn added(pod: &Pod<'_>, allowed: &[&str]) -> Option<String> {
    fn wrong<'a>(container: &'a Value, allowed: &[&str]) -> Vec<&'a str> {
        let added = items(&container["securityContext"]["capabilities"]["add"]).map(text);
        added.filter(|one| !allowed.contains(one)).collect()
    }
    let who = pod.named(|one| !wrong(one, allowed).is_empty());
    let what = sorted(pod.containers().flat_map(|one| wrong(one, allowed)));
    let (who_told, what) = (counted("container", &who), quoted(&what));
    let detail = format!("{who_told} must not include {what} in securityContext.capabilities.add");
    (!who.is_empty()).then_some(detail)
}

fn host_namespaces(pod: &Pod<'_>) -> Option<Finding> {
    let shared = ["hostNetwork", "hostPID", "hostIPC"];
    let shared = shared.iter().filter(|name| pod.spec[**name] == true);
    let told: Vec<String> = shared.map(|name| format!("{name}=true")).collect();
    (!told.is_empty()).then(|| finding("host namespaces", told.join(", ")))?
}

fn host_paths(pod: &Pod<'_>) -> Option<Finding> {
    let volumes = items(&pod.spec["volumes"]).filter(|volume| volume["hostPath"].is_object());
    let names: Vec<&str> = volumes.map(|volume| text(&volume["name"])).collect();
    (!names.is_empty()).then(|| finding("hostPath volumes", counted("volume", &names)))?
}

fn host_ports(pod: &Pod<'_>) -> Option<Finding> {
    let ports = |one: &Value| -> Vec<String> {
        let ports = items(&one["ports"]).filter_map(|port| port["hostPort"].as_i64());
        ports.filter(|port| *port != 0).map(|port| port.to_string()).collect()
    };
    let who = pod.named(|one| !ports(one).is_empty());
    let all: BTreeSet<String> = pod.containers().flat_map(ports).collect();
    let detail = format!(
        "{} {} {} {}",
        counted("container", &who),
        plural(who.len(), "uses", "use"),
        plural(all.len(), "hostPort", "hostPorts"),
        all.iter().map(String::as_str).collect::<Vec<_>>().join(", ")
    );
    (!who.is_empty()).then(|| finding("hostPort", detail))?
}

/// A probe of another host would be made by the kubelet, from the node's network.
fn probed_hosts(pod: &Pod<'_>) -> Option<Finding> {
    fn hosts(container: &Value) -> Vec<&str> {
        let probes = ["livenessProbe", "readinessProbe", "startupProbe"].map(|it| &container[it]);
        let lifecycle = ["postStart", "preStop"].map(|it| &container["lifecycle"][it]);
        let handlers = probes.into_iter().chain(lifecycle);
        let hosts = handlers.flat_map(|one| [&one["httpGet"]["host"], &one["tcpSocket"]["host"]]);
        hosts.map(text).filter(|host| !host.is_empty()).collect()
    }
    let who = pod.named(|one| !hosts(one).is_empty());
    let all = sorted(pod.containers().flat_map(hosts));
    let detail = format!(
        "{} {} probe or lifecycle {} {}",
        counted("container", &who),
        plural(who.len(), "uses", "use"),
        plural(all.len(), "host", "hosts"),
        quoted(&all)
    );
    (!who.is_empty()).then(|| finding("probe or lifecycle host", detail))?
}

fn privileged(pod: &Pod<'_>) -> Option<Finding> {
    let who = pod.named(|one| one["securityContext"]["privileged"] == true);
    let detail =
        format!("{} must not set securityContext.privileged=true", counted("container", &who));
    (!who.is_empty()).then(|| finding("privileged", detail))?
}

fn proc_mount(pod: &Pod<'_>) -> Option<Finding> {
    if pod.has_own_users() {
        return None;
    }
    let kind = |one: &Value| text(&one["securityContext"]["procMount"]).to_owned();
    let wrong = |one: &Value| !matches!(kind(one).as_str(), "" | "Default");
    let who = pod.named(wrong);
    let kinds: BTreeSet<String> = pod.containers().filter(|one| wrong(one)).map(kind).collect();
    let kinds: Vec<&str> = kinds.iter().map(String::as_str).collect();
    let detail = format!(
        "{} must not set securityContext.procMount to {}",
        counted("container", &who),
        quoted(&kinds)
    );
    (!who.is_empty()).then(|| finding("procMount", detail))?
}

fn se_linux(pod: &Pod<'_>) -> Option<Finding> {
    let fine = |kind: &str| match kind {
        "" | "container_t" | "container_init_t" | "container_kvm_t" => true,
        "container_engine_t" => pod.minor >= 31,
        _ => false,
    };
    let option = |context: &Value, name: &str| text(&context["seLinuxOptions"][name]).to_owned();
    let set = |context: &Value, name: &str| !option(context, name).is_empty();
    let setters = pod.setters(|context| {
        !fine(&option(context, "type")) || set(context, "user") || set(context, "role")
    });
    if setters.is_empty() {
        return None;
    }
    let contexts = || {
        let own = std::iter::once(&pod.spec["securityContext"]);
        own.chain(pod.containers().map(|one| &one["securityContext"]))
    };
    let kinds: BTreeSet<String> = contexts().map(|context| option(context, "type")).collect();
    let kinds: Vec<&str> = kinds.iter().map(String::as_str).filter(|kind| !fine(kind)).collect();
    let mut told = Vec::new();
    if !kinds.is_empty() {
        told.push(counted("type", &kinds));
    }
    for name in ["user", "role"] {
        if contexts().any(|context| set(context, name)) {
            told.push(format!("{name} may not be set"));
        }
    }
    let who = setters.join(" and ");
    let told = told.join("; ");
    finding("seLinuxOptions", format!("{who} set forbidden securityContext.seLinuxOptions: {told}"))
}

fn seccomp(pod: &Pod<'_>) -> Option<Finding> {
    if pod.minor < 19 {
        return seccomp_annotations(pod);
    }
    let detail = bad_seccomp(pod)?;
    finding("seccompProfile", detail)
}

/// Who sets a profile that is not allowed.
pub(super) fn bad_seccomp(pod: &Pod<'_>) -> Option<String> {
    let kind = |context: &Value| context["seccompProfile"]["type"].as_str().map(str::to_owned);
    let bad = |kind: &Option<String>| {
        kind.as_deref().is_some_and(|kind| !matches!(kind, "RuntimeDefault" | "Localhost"))
    };
    let setters = pod.setters(|context| bad(&kind(context)));
    let contexts = pod.containers().map(|one| &one["securityContext"]);
    let kinds = contexts.chain([&pod.spec["securityContext"]]).map(kind);
    let kinds: BTreeSet<String> = kinds.filter(bad).flatten().collect();
    let kinds: Vec<&str> = kinds.iter().map(String::as_str).collect();
    let (who, kinds) = (setters.join(" and "), quoted(&kinds));
    let detail = format!("{who} must not set securityContext.seccompProfile.type to {kinds}");
    (!setters.is_empty()).then_some(detail)
}

fn seccomp_annotations(pod: &Pod<'_>) -> Option<Finding> {
    let names = pod.containers().map(|one| text(&one["name"]));
    let keys = names.map(|name| format!("container.seccomp.security.alpha.kubernetes.io/{name}"));
    let keys = keys.chain(["seccomp.security.alpha.kubernetes.io/pod".to_owned()]);
    let bad: BTreeSet<String> = keys
        .filter_map(|key| {
            let value = pod.metadata["annotations"][&key].as_str()?;
            let fine = matches!(value, "runtime/default" | "docker/default");
            let fine = fine || value.starts_with("localhost/");
            (!fine).then(|| format!("{key}={value:?}"))
        })
        .collect();
    let told = bad.iter().map(String::as_str).collect::<Vec<_>>().join(", ");
    let word = plural(bad.len(), "annotation", "annotations");
    (!bad.is_empty()).then(|| finding("seccompProfile", format!("forbidden {word} {told}")))?
}

/// Safe kernel settings, and the version that has them first.
const SYSCTLS: [(&str, u32); 12] = [
    ("kernel.shm_rmid_forced", 0),
    ("net.ipv4.ip_local_port_range", 0),
    ("net.ipv4.tcp_syncookies", 0),
    ("net.ipv4.ping_group_range", 0),
    ("net.ipv4.ip_unprivileged_port_start", 0),
    ("net.ipv4.ip_local_reserved_ports", 27),
    ("net.ipv4.tcp_keepalive_time", 29),
    ("net.ipv4.tcp_fin_timeout", 29),
    ("net.ipv4.tcp_keepalive_intvl", 29),
    ("net.ipv4.tcp_keepalive_probes", 29),
    ("net.ipv4.tcp_rmem", 32),
    ("net.ipv4.tcp_wmem", 32),
];

fn sysctls(pod: &Pod<'_>) -> Option<Finding> {
    let safe =
        |name: &str| SYSCTLS.iter().any(|(safe, since)| *safe == name && *since <= pod.minor);
    let names = items(&pod.spec["securityContext"]["sysctls"]).map(|one| text(&one["name"]));
    let bad: Vec<&str> = names.filter(|name| !safe(name)).collect();
    (!bad.is_empty()).then(|| finding("forbidden sysctls", bad.join(", ")))?
}

fn windows_host_process(pod: &Pod<'_>) -> Option<Finding> {
    let setters = pod.setters(|context| context["windowsOptions"]["hostProcess"] == true);
    let who = setters.join(" and ");
    let detail = format!("{who} must not set securityContext.windowsOptions.hostProcess=true");
    (!setters.is_empty()).then(|| finding("hostProcess", detail))?
}
