//! Which of a Deployment's sets is the newest, and what it is called.
//!
//! Upstream: `getNewReplicaSet` in pkg/controller/deployment/sync.go.

use client::{name, uid};
use serde_json::{Value, json};
use std::collections::BTreeMap;

use super::sets::{
    Bounds, DESIRED, HASH, HISTORY, MAX, REVISION, Set, by_age, is_rolling, revision, size, sizes,
};
use crate::{
    controller::Scene,
    kinds::{DEPLOYMENTS, REPLICA_SETS},
    naming::{hash, letters},
    object::{annotation, controller_reference, controller_uid, int, texts},
    plan::Write,
};

/// Characters of the revisions that a set remembers to have been (`maxRevHistoryLengthInChars`).
const HISTORY_BYTES_MAX: usize = 2000;
/// Annotations that a set does not take over (`annotationsToSkip`).
const KEPT: &[&str] = &[
    "kubectl.kubernetes.io/last-applied-configuration",
    REVISION,
    HISTORY,
    DESIRED,
    MAX,
    "deprecated.deployment.rollback.to",
];

/// The template without the label that tells sets apart.
fn plain(template: &Value) -> Value {
    let mut plain = template.clone();
    if let Some(labels) = plain.pointer_mut("/metadata/labels").and_then(Value::as_object_mut) {
        labels.remove(HASH);
    }
    plain
}

/// The set with the Deployment's template, the oldest where there are several; and all others.
pub(super) fn split<'a>(deployment: &Value, sets: &[Set<'a>]) -> (Option<Set<'a>>, Vec<Set<'a>>) {
    let wanted = plain(&deployment["spec"]["template"]);
    let mut sets = sets.to_vec();
    by_age(&mut sets);
    let new = sets.iter().copied().find(|set| plain(&set["spec"]["template"]) == wanted);
    sets.retain(|set| new.is_none_or(|new| uid(new) != uid(set)));
    (new, sets)
}

/// The number that the newest set is to have.
pub(super) fn next(old: &[Set<'_>]) -> i64 {
    old.iter().map(|set| revision(set)).max().unwrap_or(0) + 1
}

/// The set's annotations as they should be (`SetNewReplicaSetAnnotations`).
fn annotations(deployment: &Value, set: Option<Set<'_>>, number: i64) -> BTreeMap<String, String> {
    let mut all = set.map(|set| texts(set, "/metadata/annotations")).unwrap_or_default();
    let from = texts(deployment, "/metadata/annotations");
    all.extend(from.into_iter().filter(|(name, _)| !KEPT.contains(&&**name)));
    let before = set.map_or(0, revision_of);
    if before < number {
        all.insert(REVISION.to_owned(), number.to_string());
        if before > 0 {
            let past = all.entry(HISTORY.to_owned()).or_default();
            let more =
                if past.is_empty() { before.to_string() } else { format!("{past},{before}") };
            let from = more.len().saturating_sub(HISTORY_BYTES_MAX);
            let cut =
                if from == 0 { 0 } else { more[from..].find(',').map_or(0, |at| from + at + 1) };
            *past = more[cut..].to_owned();
        }
    }
    if set.is_none() {
        let bounds = Bounds::of(deployment);
        all.insert(DESIRED.to_owned(), bounds.wanted.to_string());
        all.insert(MAX.to_owned(), bounds.most().to_string());
    }
    all
}

fn revision_of(set: Set<'_>) -> i64 {
    revision(set)
}

/// What must be written so that the newest set says what it is; nothing: it does.
pub(super) fn adjust(deployment: &Value, set: Set<'_>, number: i64) -> Option<Write> {
    let wanted = annotations(deployment, Some(set), number);
    let min = int(deployment, "/spec/minReadySeconds").unwrap_or(0);
    let same = wanted == texts(set, "/metadata/annotations")
        && min == int(set, "/spec/minReadySeconds").unwrap_or(0);
    if same {
        return None;
    }
    let mut changed = Value::clone(set);
    changed["metadata"]["annotations"] = json!(wanted);
    changed["spec"]["minReadySeconds"] = min.into();
    Some(Write::update(REPLICA_SETS, changed))
}

/// What must be written so that the Deployment says which revision it is.
pub(super) fn mark(deployment: &Value, set: Set<'_>) -> Option<Write> {
    let number = annotation(set, REVISION)?;
    (annotation(deployment, REVISION) != Some(number)).then(|| {
        let patch = json!({"metadata": {"annotations": {REVISION: number}}});
        Write::patch(DEPLOYMENTS, deployment, patch)
    })
}

/// A set that is to be made.
pub(super) enum Fresh {
    Create(Value),
    /// Its name is taken by another: the hash must be another one.
    Collision,
}

/// The newest set, which is not there.
pub(super) fn fresh(deployment: &Value, old: &[Set<'_>], scene: &Scene<'_>) -> Fresh {
    let template = plain(&deployment["spec"]["template"]);
    let collisions = int(deployment, "/status/collisionCount").unwrap_or(0);
    let mark = letters(hash(&[&template.to_string(), &collisions.to_string()]), 10);
    let called = format!("{}-{mark}", name(deployment));
    if let Some(other) = scene.view.get(REPLICA_SETS, client::namespace(deployment), &called) {
        let ours = controller_uid(other) == uid(deployment);
        // Ours and of this template it would have been found.
        let known = old.iter().any(|set| uid(set) == uid(other));
        if !ours || known {
            return Fresh::Collision;
        }
    }
    let mut labels = texts(&template, "/metadata/labels");
    labels.insert(HASH.to_owned(), mark.clone());
    let mut template = template;
    template["metadata"]["labels"][HASH] = mark.clone().into();
    let mut selector = deployment["spec"]["selector"].clone();
    selector["matchLabels"][HASH] = mark.into();
    Fresh::Create(json!({
        "metadata": {"name": called, "namespace": client::namespace(deployment),
            "labels": labels, "annotations": annotations(deployment, None, next(old)),
            "ownerReferences": [controller_reference(DEPLOYMENTS, deployment)]},
        "spec": {"replicas": new_size(deployment, old, 0), "selector": selector,
            "template": template,
            "minReadySeconds": int(deployment, "/spec/minReadySeconds").unwrap_or(0)},
    }))
}

/// How large the newest set may be now (`NewRSNewReplicas`).
pub(super) fn new_size(deployment: &Value, old: &[Set<'_>], now: i64) -> i64 {
    let bounds = Bounds::of(deployment);
    if !is_rolling(deployment) {
        return bounds.wanted;
    }
    let room = bounds.most() - sizes(old) - now;
    now + room.min(bounds.wanted - now).max(0)
}

/// A set of another size.
pub(super) fn scaled(deployment: &Value, set: Set<'_>, to: i64) -> Option<Write> {
    let bounds = Bounds::of(deployment);
    let (desired, max) = (bounds.wanted.to_string(), bounds.most().to_string());
    let noted = annotation(set, DESIRED) == Some(&desired) && annotation(set, MAX) == Some(&max);
    let from = size(set);
    if noted && from == to {
        return None;
    }
    let mut changed = Value::clone(set);
    changed["spec"]["replicas"] = to.into();
    changed["metadata"]["annotations"][DESIRED] = desired.into();
    changed["metadata"]["annotations"][MAX] = max.into();
    let write = Write::update(REPLICA_SETS, changed);
    if from == to {
        return Some(write);
    }
    let how = if from < to { "up" } else { "down" };
    let message = format!("Scaled {how} replica set {} from {from} to {to}", name(set));
    Some(write.and_tell(deployment, "ScalingReplicaSet", message))
}
