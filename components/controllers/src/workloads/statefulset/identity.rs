//! What makes each pod of a StatefulSet itself: its number, its name and its claims.
//!
//! Upstream: pkg/controller/statefulset/stateful_set_utils.go.

use client::{Object, name, namespace};
use serde_json::{Value, json};

use crate::{
    kinds::{CLAIMS, STATEFUL_SETS},
    object::{int, is_deleting, list, texts},
    plan::Write,
    pods,
    view::View,
};

const POD_NAME: &str = "statefulset.kubernetes.io/pod-name";
const POD_INDEX: &str = "apps.kubernetes.io/pod-index";

/// The number in a pod's name; none: it is no pod of this set.
pub(super) fn ordinal(set: &Value, pod: &Value) -> Option<i64> {
    let (parent, number) = name(pod).rsplit_once('-')?;
    let plain = !number.starts_with('+') && (number == "0" || !number.starts_with('0'));
    (parent == name(set) && plain).then(|| number.parse().ok()).flatten()
}

pub(super) fn pod_name(set: &Value, ordinal: i64) -> String {
    format!("{}-{ordinal}", name(set))
}

/// The name of the claim that a pod has of a template.
fn claim_name(set: &Value, template: &Value, ordinal: i64) -> String {
    format!("{}-{}-{ordinal}", name(template), name(set))
}

/// The pod of this number, of a revision's template.
pub(super) fn pod(set: &Object, template: &Value, revision: &str, ordinal: i64) -> Value {
    let called = pod_name(set, ordinal);
    let mut pod = pods::from_template(STATEFUL_SETS, set, template);
    pod["metadata"]["name"] = called.as_str().into();
    let labels = &mut pod["metadata"]["labels"];
    labels[POD_NAME] = called.as_str().into();
    labels[POD_INDEX] = ordinal.to_string().into();
    labels[super::super::revisions::OF_POD] = revision.into();
    pod["spec"]["hostname"] = called.into();
    pod["spec"]["subdomain"] = set["spec"]["serviceName"].clone();
    if pod["spec"]["subdomain"].is_null() {
        pod["spec"]["subdomain"] = "".into();
    }
    let claims = list(set, "/spec/volumeClaimTemplates");
    let own = claims.iter().map(|template| {
        json!({"name": name(template),
            "persistentVolumeClaim": {"claimName": claim_name(set, template, ordinal)}})
    });
    let named = |volume: &Value| claims.iter().any(|template| name(template) == volume["name"]);
    let others = list(&pod, "/spec/volumes").iter().filter(|volume| !named(volume));
    let volumes: Vec<Value> = others.cloned().chain(own).collect();
    if !volumes.is_empty() {
        pod["spec"]["volumes"] = volumes.into();
    }
    pod
}

/// What a pod's claims need before the pod may be made.
pub(super) enum Claims {
    /// All are there.
    There,
    /// These must be made.
    Missing(Vec<Write>),
    /// One is going: a pod that was made now would wait for ever for another (K19).
    Going,
}

pub(super) fn claims(set: &Object, ordinal: i64, view: &View<'_>) -> Claims {
    let mut missing = Vec::new();
    for template in list(set, "/spec/volumeClaimTemplates") {
        let called = claim_name(set, template, ordinal);
        match view.get(CLAIMS, namespace(set), &called) {
            Some(claim) if is_deleting(claim) => return Claims::Going,
            Some(_) => {}
            None => missing.push(claim(set, template, called, ordinal)),
        }
    }
    if missing.is_empty() { Claims::There } else { Claims::Missing(missing) }
}

fn claim(set: &Object, template: &Value, called: String, ordinal: i64) -> Write {
    let mut labels = texts(template, "/metadata/labels");
    labels.extend(texts(set, "/spec/selector/matchLabels"));
    let (pod, set_name) = (pod_name(set, ordinal), name(set));
    let done = format!("create Claim {called} Pod {pod} in StatefulSet {set_name} success");
    let failed =
        format!("create Claim {called} for Pod {pod} in StatefulSet {set_name} failed error: {{}}");
    let claim = json!({"metadata": {"name": called, "namespace": namespace(set),
            "labels": labels, "annotations": texts(template, "/metadata/annotations")},
        "spec": template["spec"].clone()});
    Write::create(CLAIMS, claim).and_tell(set, "SuccessfulCreate", done).or_warn(
        set,
        "FailedCreate",
        &failed,
    )
}

/// Claims that are to go with the set, or with what it is scaled down by, name their owner
/// (KEP-1847); others do not.
pub(super) fn retention(set: &Object, view: &View<'_>) -> Vec<Write> {
    let policy = &set["spec"]["persistentVolumeClaimRetentionPolicy"];
    let deleted = policy["whenDeleted"] == "Delete";
    let scaled = policy["whenScaled"] == "Delete";
    let (first, size) = range(set);
    let prefix_of = |template: &Value| format!("{}-{}-", name(template), name(set));
    let mut writes = Vec::new();
    for template in list(set, "/spec/volumeClaimTemplates") {
        let prefix = prefix_of(template);
        for claim in view.of(CLAIMS).within(namespace(set)) {
            let number = name(claim).strip_prefix(&prefix);
            let Some(ordinal) = number.and_then(|number| number.parse::<i64>().ok()) else {
                continue;
            };
            let condemned = ordinal < first || ordinal >= first + size;
            let pod = view.get(crate::kinds::PODS, namespace(set), &pod_name(set, ordinal));
            let by_pod = pod.filter(|_| scaled && condemned);
            writes.extend(owned(set, claim, deleted && !(scaled && condemned), by_pod));
        }
    }
    writes
}

/// The claim with these owners of ours, and with all others that it has.
fn owned(set: &Object, claim: &Object, by_set: bool, by_pod: Option<&Object>) -> Option<Write> {
    let there = list(claim, "/metadata/ownerReferences");
    let reference = |api_version: &str, kind: &str, owner: &Object| {
        json!({"apiVersion": api_version, "kind": kind, "name": name(owner),
            "uid": client::uid(owner)})
    };
    let ours = |it: &&Value| {
        (it["kind"] == "StatefulSet" && it["uid"] == client::uid(set)) || it["kind"] == "Pod"
    };
    let mut wanted: Vec<Value> = there.iter().filter(|it| !ours(it)).cloned().collect();
    wanted.extend(by_set.then(|| reference("apps/v1", "StatefulSet", set)));
    wanted.extend(by_pod.map(|pod| reference("v1", "Pod", pod)));
    let uids = |all: &[Value]| all.iter().map(|it| it["uid"].to_string()).collect::<Vec<_>>();
    if uids(&wanted) == uids(there) || is_deleting(claim) {
        return None;
    }
    // Nobody's pod any more, and it was to go with it.
    if by_pod.is_none() && !by_set && there.iter().any(|it| it["kind"] == "Pod") {
        return None;
    }
    let mut changed = Value::clone(claim);
    changed["metadata"]["ownerReferences"] = wanted.into();
    Some(Write::update(CLAIMS, changed))
}

/// The first number, and how many there should be.
pub(super) fn range(set: &Value) -> (i64, i64) {
    let first = int(set, "/spec/ordinals/start").unwrap_or(0);
    (first, int(set, "/spec/replicas").unwrap_or(1))
}
