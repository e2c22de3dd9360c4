//! What an owner's template was, kept as ControllerRevisions.
//!
//! Upstream: pkg/controller/history/controller_history.go.

use client::{Key, Object, name, namespace, uid};
use serde_json::{Value, json};
use std::collections::BTreeSet;

use crate::{
    controller::Scene,
    kinds::{Kind, REVISIONS},
    naming::{hash, letters},
    object::{controller_reference, controller_uid, int, label, text, texts},
    plan::Write,
};

/// Which revision a pod is of.
pub(super) const OF_POD: &str = "controller-revision-hash";

/// An owner's revisions.
#[derive(Debug)]
pub(super) struct Revisions<'a> {
    /// By number.
    pub(super) all: Vec<&'a Object>,
    /// The one of the template as it is now.
    pub(super) newest: &'a Object,
}

/// What a revision keeps: the template, to be put in place of another.
fn data(owner: &Value) -> Value {
    let mut template = owner["spec"]["template"].clone();
    template["$patch"] = "replace".into();
    json!({"spec": {"template": template}})
}

/// The template that a revision keeps.
pub(super) fn template(revision: &Value) -> Value {
    let mut template = revision["data"]["spec"]["template"].clone();
    if let Some(members) = template.as_object_mut() {
        members.remove("$patch");
    }
    template
}

/// The revisions, or what must be written before they can be known.
pub(super) fn of<'a>(
    kind: Kind,
    owner: &Object,
    scene: &Scene<'a>,
) -> Result<Revisions<'a>, Vec<Write>> {
    let mut all: Vec<&Object> = scene.view.controlled_by(REVISIONS, uid(owner)).collect();
    let number = |revision: &Object| int(revision, "/revision").unwrap_or(0);
    all.sort_by_key(|revision| (number(revision), name(revision)));
    let wanted = data(owner);
    let next = all.last().map_or(1, |last| number(last) + 1);
    let Some(newest) = all.iter().copied().rev().find(|it| it["data"] == wanted) else {
        return Err(vec![create(kind, owner, wanted, next, scene)]);
    };
    if number(newest) + 1 < next {
        // Going back makes an old one the newest again.
        let mut changed = Value::clone(newest);
        changed["revision"] = next.into();
        return Err(vec![Write::update(REVISIONS, changed)]);
    }
    Ok(Revisions { all, newest })
}

fn create(kind: Kind, owner: &Object, data: Value, number: i64, scene: &Scene<'_>) -> Write {
    let collisions = int(owner, "/status/collisionCount").unwrap_or(0);
    // Where the name is taken by something else, the next one is tried.
    let free = (collisions..)
        .map(|attempt| letters(hash(&[uid(owner), &data.to_string(), &attempt.to_string()]), 10));
    let taken = |mark: &String| {
        let key = Key::new(namespace(owner), &format!("{}-{mark}", name(owner)));
        let there = scene.view.of(REVISIONS).get(&key);
        there.is_some_and(|it| controller_uid(it) != uid(owner) || it["data"] != data)
    };
    let mark = free.into_iter().find(|mark| !taken(mark)).unwrap_or_default();
    let mut labels = texts(owner, "/spec/template/metadata/labels");
    labels.insert("controller.kubernetes.io/hash".to_owned(), mark.clone());
    if kind == crate::kinds::DAEMON_SETS {
        labels.insert(OF_POD.to_owned(), mark.clone());
    }
    Write::create(
        REVISIONS,
        json!({"metadata": {"name": format!("{}-{mark}", name(owner)),
            "namespace": namespace(owner), "labels": labels,
            "annotations": texts(owner, "/metadata/annotations"),
            "ownerReferences": [controller_reference(kind, owner)]},
            "data": data, "revision": number}),
    )
}

impl<'a> Revisions<'a> {
    pub(super) fn named(&self, wanted: &str) -> Option<&'a Object> {
        self.all.iter().copied().find(|revision| name(revision) == wanted)
    }

    /// Revisions beyond the limit that no pod is of (`truncateHistory`).
    pub(super) fn surplus(&self, owner: &Value, pods: &[&Object], keep: &[&str]) -> Vec<Write> {
        let limit = int(owner, "/spec/revisionHistoryLimit").unwrap_or(10);
        let limit = usize::try_from(limit).unwrap_or(0);
        let used: BTreeSet<&str> = pods.iter().filter_map(|pod| label(pod, OF_POD)).collect();
        let old = self.all.iter().copied().filter(|revision| {
            let called = name(revision);
            let mark = label(revision, "controller.kubernetes.io/hash").unwrap_or_default();
            called != name(self.newest)
                && !keep.contains(&called)
                && !used.contains(called)
                && !used.contains(mark)
                && !text(revision, "/metadata/uid").is_empty()
        });
        let old: Vec<&Object> = old.collect();
        let surplus = old.len().saturating_sub(limit);
        old.into_iter().take(surplus).map(|it| Write::delete(REVISIONS, it)).collect()
    }
}
