//! Rows of pods. What a pod's status is called is drawn from its containers.
//!
//! Upstream: `printPod`.

use super::{
    Completed,
    view::{View, at, int, known, list, text},
};
use crate::time::Moment;
use serde_json::{Value, json};

pub(super) fn pod(it: View<'_>) -> Vec<Value> {
    let told = summary(it);
    let total = it.list("/spec/containers").len() + sidecars(it).count();
    let restarts = match told.last_restart {
        Some(last) if told.restarts != 0 => {
            format!("{} ({} ago)", told.restarts, it.since(&last.to_second()))
        }
        _ => told.restarts.to_string(),
    };
    vec![
        it.name(),
        json!(format!("{}/{total}", told.ready)),
        json!(told.reason),
        json!(restarts),
        it.age(),
        json!(it.text_or("/status/podIPs/0/ip", "<none>")),
        json!(it.text_or("/spec/nodeName", "<none>")),
        json!(it.text_or("/status/nominatedNodeName", "<none>")),
        json!(readiness_gates(it)),
    ]
}

pub(super) fn completed(it: View<'_>) -> Option<Completed> {
    match it.text("/status/phase") {
        "Succeeded" => {
            Some(Completed { reason: "Succeeded", message: "The pod has completed successfully." })
        }
        "Failed" => Some(Completed { reason: "Failed", message: "The pod failed." }),
        _ => None,
    }
}

struct Summary {
    reason: String,
    ready: usize,
    restarts: i64,
    last_restart: Option<Moment>,
}

impl Summary {
    fn count_restarts(&mut self, container: &Value) {
        self.restarts += int(container, "/restartCount");
        let ended = known(text(container, "/lastState/terminated/finishedAt"));
        self.last_restart = self.last_restart.max(ended);
    }
}

fn summary(it: View<'_>) -> Summary {
    let phase = it.text("/status/phase");
    let mut reason = it.text_or("/status/reason", phase).to_owned();
    let gated = |it: &&Value| {
        text(it, "/type") == "PodScheduled" && text(it, "/reason") == "SchedulingGated"
    };
    if it.list("/status/conditions").iter().any(|it| gated(&it)) {
        reason = "SchedulingGated".to_owned();
    }
    let mut told = Summary { reason, ready: 0, restarts: 0, last_restart: None };
    let initializing = initialize(it, &mut told);
    if !initializing || has_condition(it, "Initialized") {
        run(it, &mut told);
    }
    if it.is_deleted() && it.text("/status/reason") == "NodeLost" {
        told.reason = "Unknown".to_owned();
    } else if it.is_deleted() && !["Succeeded", "Failed"].contains(&phase) {
        told.reason = "Terminating".to_owned();
    }
    told
}

/// Goes through the init containers up to the one that is at work; tells whether there is one.
fn initialize(it: View<'_>, told: &mut Summary) -> bool {
    for (place, container) in it.list("/status/initContainerStatuses").iter().enumerate() {
        told.count_restarts(container);
        let ended = at(container, "/state/terminated");
        if !ended.is_null() && int(ended, "/exitCode") == 0 {
            continue;
        }
        if is_sidecar(it, container) && at(container, "/started").as_bool() == Some(true) {
            told.ready += usize::from(is_ready(container));
            continue;
        }
        let waits = text(container, "/state/waiting/reason");
        told.reason = if !ended.is_null() {
            format!("Init:{}", end(ended))
        } else if !waits.is_empty() && waits != "PodInitializing" {
            format!("Init:{waits}")
        } else {
            format!("Init:{place}/{}", it.list("/spec/initContainers").len())
        };
        return true;
    }
    false
}

/// Goes through the containers. Their restarts are what counts now, and those of sidecars.
fn run(it: View<'_>, told: &mut Summary) {
    (told.restarts, told.last_restart) = (0, None);
    let init = it.list("/status/initContainerStatuses").iter();
    init.filter(|container| is_sidecar(it, container)).for_each(|it| told.count_restarts(it));
    let mut running = false;
    for container in it.list("/status/containerStatuses").iter().rev() {
        told.count_restarts(container);
        let waits = text(container, "/state/waiting/reason");
        let ended = at(container, "/state/terminated");
        if !waits.is_empty() {
            told.reason = waits.to_owned();
        } else if !ended.is_null() {
            told.reason = end(ended);
        } else if is_ready(container) && !at(container, "/state/running").is_null() {
            running = true;
            told.ready += 1;
        }
    }
    if told.reason == "Completed" && running {
        let ready = has_condition(it, "Ready");
        told.reason = if ready { "Running" } else { "NotReady" }.to_owned();
    }
}

/// Why a container ended.
fn end(ended: &Value) -> String {
    let (reason, signal) = (text(ended, "/reason"), int(ended, "/signal"));
    match (reason, signal) {
        ("", 0) => format!("ExitCode:{}", int(ended, "/exitCode")),
        ("", _) => format!("Signal:{signal}"),
        _ => reason.to_owned(),
    }
}

/// Init containers that go on running.
fn sidecars<'a>(it: View<'a>) -> impl Iterator<Item = &'a Value> {
    it.list("/spec/initContainers").iter().filter(|it| text(it, "/restartPolicy") == "Always")
}

fn is_sidecar(it: View<'_>, status: &Value) -> bool {
    sidecars(it).any(|container| text(container, "/name") == text(status, "/name"))
}

fn is_ready(container: &Value) -> bool {
    at(container, "/ready").as_bool() == Some(true)
}

fn has_condition(it: View<'_>, name: &str) -> bool {
    let conditions = it.list("/status/conditions").iter();
    let mut found = conditions.filter(|it| text(it, "/type") == name);
    found.any(|it| text(it, "/status") == "True")
}

fn readiness_gates(it: View<'_>) -> String {
    let gates = list(it.object, "/spec/readinessGates");
    if gates.is_empty() {
        return "<none>".to_owned();
    }
    let open = gates.iter().filter(|gate| has_condition(it, text(gate, "/conditionType")));
    format!("{}/{}", open.count(), gates.len())
}
