//! The pods behind a service, as those see them who are sent there.
//!
//! Upstream: k8s.io/endpointslice/utils.go, pkg/controller/util/endpoint.

use api::selector::LabelSelector;
use client::{Key, Object, name, namespace, uid};
use serde_json::{Value, json};
use std::collections::BTreeSet;

use crate::{
    controller::{Change, Wake},
    kinds::{PODS, SERVICES},
    object::{annotation, is, is_deleting, list, text, texts},
    ownership::owner_key,
    pods::{is_finished, is_ready},
    view::View,
};

/// Says of a service's objects that it has no address of its own.
pub(super) const HEADLESS: &str = "service.kubernetes.io/headless";
/// When the change was made that these addresses follow.
pub(super) const TRIGGERED: &str = "endpoints.kubernetes.io/last-change-trigger-time";

/// The pods that a service selects; none: it selects none itself.
pub(super) fn selector(service: &Value) -> Option<LabelSelector> {
    if text(service, "/spec/type") == "ExternalName" {
        return None;
    }
    let labels = texts(service, "/spec/selector");
    match labels.is_empty() {
        true => None,
        false => LabelSelector::of_labels(&labels).ok(),
    }
}

/// Services that a change of a pod concerns: those that select it, or did.
pub(super) fn wakes(change: &Change<'_>, view: &View<'_>) -> Vec<Wake> {
    let pod = change.object();
    let states: Vec<&Object> = change.states().collect();
    let hit = |service: &&Object| {
        selector(service).is_some_and(|selector| {
            states.iter().any(|pod| selector.matches_value(pod.pointer("/metadata/labels")))
        })
    };
    let all = view.of(SERVICES).within(namespace(pod)).filter(hit);
    all.map(|service| Wake::from(Key::of(service))).collect()
}

/// The service that an object is about: by its label, or its controller.
pub(super) fn service_of(object: &Value, label: &str) -> Option<Key> {
    let by_label = crate::object::label(object, label);
    let by_label = by_label.map(|name| Key::new(namespace(object), name));
    by_label.or_else(|| owner_key(object, SERVICES))
}

/// Pods that answer for a service, in the order of their names. Those that are going are among them
/// only if they are wanted.
pub(super) fn of<'a>(view: &View<'a>, service: &Value, going: bool) -> Vec<&'a Object> {
    let Some(selector) = selector(service) else { return Vec::new() };
    let answers = |pod: &&Object| {
        selector.matches_value(pod.pointer("/metadata/labels"))
            && !is_finished(pod)
            && !text(pod, "/status/podIP").is_empty()
            && (going || !is_deleting(pod))
    };
    view.of(PODS).within(namespace(service)).filter(answers).collect()
}

/// Its addresses of one family.
pub(super) fn addresses(pod: &Value, ipv6: bool) -> Vec<&str> {
    let all = list(pod, "/status/podIPs").iter().filter_map(|each| each["ip"].as_str());
    let mut all: Vec<&str> = all.collect();
    if all.is_empty() {
        all.push(text(pod, "/status/podIP"));
    }
    all.retain(|ip| ip.contains(':') == ipv6);
    all.truncate(1);
    all
}

/// A service's ports at a pod. A name that the pod does not have gives none.
pub(super) fn ports(service: &Value, pod: &Value) -> Vec<Value> {
    let at = |port: &Value| {
        let target = &port["targetPort"];
        let protocol = port["protocol"].as_str().unwrap_or("TCP");
        let number = match (target.as_i64(), target.as_str()) {
            (Some(number), _) => Some(number),
            (None, Some(name)) => named_port(pod, name, protocol),
            (None, None) => port["port"].as_i64(),
        };
        let mut found = json!({"name": port["name"].as_str().unwrap_or_default(),
            "port": number?, "protocol": protocol});
        if let Some(application) = port["appProtocol"].as_str() {
            found["appProtocol"] = application.into();
        }
        Some(found)
    };
    list(service, "/spec/ports").iter().filter_map(at).collect()
}

fn named_port(pod: &Value, name: &str, protocol: &str) -> Option<i64> {
    let sidecar = |container: &&Value| container["restartPolicy"] == "Always";
    let initial = list(pod, "/spec/initContainers").iter().filter(sidecar);
    let all = list(pod, "/spec/containers").iter().chain(initial);
    let mut ports = all.flat_map(|container| list(container, "/ports"));
    let port = ports.find(|port| {
        port["name"] == name && port["protocol"].as_str().unwrap_or("TCP") == protocol
    });
    port?["containerPort"].as_i64()
}

/// Whether the pod can be sent to: it is ready, and it is not going, unless nobody minds.
pub(super) struct Conditions {
    pub(super) ready: bool,
    pub(super) serving: bool,
    pub(super) terminating: bool,
}

pub(super) fn conditions(service: &Value, pod: &Value) -> Conditions {
    let (serving, terminating) = (is_ready(pod), is_deleting(pod));
    let unready = is(service, "/spec/publishNotReadyAddresses");
    Conditions { ready: unready || (serving && !terminating), serving, terminating }
}

/// The name that the pod has within the service's domain.
pub(super) fn host_name<'a>(service: &Value, pod: &'a Value) -> Option<&'a str> {
    let host = text(pod, "/spec/hostname");
    (!host.is_empty() && text(pod, "/spec/subdomain") == name(service)).then_some(host)
}

pub(super) fn reference(pod: &Value) -> Value {
    json!({"kind": "Pod", "namespace": namespace(pod), "name": name(pod), "uid": uid(pod)})
}

pub(super) fn is_headless(service: &Value) -> bool {
    matches!(text(service, "/spec/clusterIP"), "None" | "")
        && text(service, "/spec/type") != "ExternalName"
}

/// The last change of the service, or of readiness of one of its pods.
pub(super) fn triggered(service: &Value, pods: &[&Object]) -> Option<String> {
    let ready = pods.iter().filter_map(|pod| {
        let ready = crate::object::condition(pod, "Ready")?;
        ready["lastTransitionTime"].as_str()
    });
    let made = service["metadata"]["creationTimestamp"].as_str();
    ready.chain(made).max().map(str::to_owned)
}

/// Zones and nodes that ask for the service to be answered nearby.
pub(super) fn hints(service: &Value, pod: &Value, zone: &str) -> Option<Value> {
    let auto = annotation(service, "service.kubernetes.io/topology-mode");
    let node = text(pod, "/spec/nodeName");
    match text(service, "/spec/trafficDistribution") {
        _ if auto.is_some_and(|mode| mode.eq_ignore_ascii_case("auto")) => None,
        "PreferClose" | "PreferSameZone" if !zone.is_empty() => {
            Some(json!({"forZones": [{"name": zone}]}))
        }
        "PreferSameNode" if !node.is_empty() => {
            let mut hints = json!({"forNodes": [{"name": node}]});
            if !zone.is_empty() {
                hints["forZones"] = json!([{"name": zone}]);
            }
            Some(hints)
        }
        _ => None,
    }
}

/// The families that a service is reached by.
pub(super) fn families(service: &Value) -> BTreeSet<bool> {
    let all = list(service, "/spec/ipFamilies").iter();
    let families: BTreeSet<bool> = all.map(|family| family == "IPv6").collect();
    if families.is_empty() { BTreeSet::from([false]) } else { families }
}
