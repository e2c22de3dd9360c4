//! Who belongs to whom: adopting objects that nobody controls, releasing those that fit no more.
//!
//! Upstream: pkg/controller/controller_ref_manager.go. Before an adoption the owner is read anew,
//! as upstream's `CanAdopt` does: an owner that is going must not take anything with it.

use api::selector::LabelSelector;
use client::{Key, Notice, Object, namespace, uid};
use serde_json::{Value, json};

use crate::{
    controller::{Change, Scene, Wake},
    kinds::Kind,
    object::{controller, controller_reference, controller_uid, is_deleting},
    plan::{Plan, Question, Write},
    view::View,
};

/// An owner that looks for its dependents.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Claim<'a> {
    pub(crate) kind: Kind,
    pub(crate) owner: &'a Value,
    pub(crate) selector: &'a LabelSelector,
    /// What its dependents are.
    pub(crate) of: Kind,
    /// Put onto what is adopted, and taken off what is released; empty: none.
    pub(crate) finalizer: &'a str,
}

/// What became of a claim.
pub(crate) enum Claimed<'a> {
    /// These are the owner's.
    All(Vec<&'a Object>),
    /// Some must be adopted or released first.
    First(Plan),
}

impl Claim<'_> {
    /// Sorts what the owner controls and what nobody does.
    pub(crate) fn make<'a>(&self, scene: &Scene<'a>) -> Claimed<'a> {
        let going = is_deleting(self.owner);
        let fits = |object: &Value| self.selector.matches_value(object.pointer("/metadata/labels"));
        let (mine, lost): (Vec<_>, Vec<_>) =
            scene.view.controlled_by(self.of, uid(self.owner)).partition(|object| fits(object));
        let free = scene.view.orphans(self.of, namespace(self.owner));
        let wanted: Vec<_> =
            free.filter(|object| !going && !is_deleting(object) && fits(object)).collect();
        let mut writes: Vec<Write> = match going {
            true => Vec::new(),
            false => lost.iter().map(|object| self.release(object)).collect(),
        };
        if !wanted.is_empty() {
            let question = Question::object(&self.kind.resource(), &Key::of(self.owner));
            match scene.facts.answer(&question) {
                None => return Claimed::First(Plan::ask(vec![question])),
                Some(Ok(live)) if uid(live) == uid(self.owner) && !is_deleting(live) => {
                    writes.extend(wanted.iter().map(|object| self.adopt(object)));
                }
                Some(_) => {}
            }
        }
        match writes.is_empty() {
            true => Claimed::All(mine),
            false => Claimed::First(Plan::of(writes)),
        }
    }

    fn adopt(&self, object: &Value) -> Write {
        let reference = controller_reference(self.kind, self.owner);
        let mut patch = json!({"metadata": {"ownerReferences": [reference]}});
        if !self.finalizer.is_empty() {
            patch["metadata"]["finalizers"] = json!([self.finalizer]);
        }
        Write::patch(self.of, object, patch)
    }

    fn release(&self, object: &Value) -> Write {
        let gone = json!({"$patch": "delete", "uid": uid(self.owner)});
        let mut patch = json!({"metadata": {"ownerReferences": [gone]}});
        if !self.finalizer.is_empty() {
            patch["metadata"]["$deleteFromPrimitiveList/finalizers"] = json!([self.finalizer]);
        }
        Write::patch(self.of, object, patch)
    }
}

/// Wakes the owners that a change of a dependent concerns: those that it names, before and after,
/// and, while nobody controls it, those whose selector it matches.
pub(crate) fn wakes(
    change: &Change<'_>,
    view: &View<'_>,
    owners: Kind,
    selector: fn(&Value) -> LabelSelector,
) -> Vec<Wake> {
    let mut keys: Vec<Key> =
        change.states().filter_map(|object| owner_key(object, owners)).collect();
    let object = change.object();
    let free = controller_uid(object).is_empty() && !is_deleting(object);
    if free && !matches!(change.notice, Notice::Deleted { .. }) {
        let labels = object.pointer("/metadata/labels");
        let fits = |owner: &&Object| selector(owner).matches_value(labels);
        let all = view.of(owners).within(namespace(object));
        keys.extend(all.filter(fits).map(|owner| Key::of(owner)));
    }
    keys.sort();
    keys.dedup();
    keys.into_iter().map(Wake::from).collect()
}

/// The key of an object's controller, if it is of this kind.
pub(crate) fn owner_key(object: &Value, owners: Kind) -> Option<Key> {
    let owner = controller(object)?;
    let group = owner["apiVersion"].as_str()?.rsplit_once('/').map_or("", |(group, _)| group);
    (owner["kind"] == owners.name && group == owners.group)
        .then(|| Key::new(namespace(object), owner["name"].as_str().unwrap_or_default()))
}

/// What `spec.selector` of an object selects; nothing if it cannot be read.
pub(crate) fn selector(owner: &Value) -> LabelSelector {
    LabelSelector::of(owner.pointer("/spec/selector")).unwrap_or_else(|_| LabelSelector::nothing())
}
