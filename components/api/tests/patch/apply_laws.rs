//! Server-side apply against a model: each leaf has a value and the managers that applied it.

use crate::{
    deployments::deployment,
    leaves::leaves,
    managers::{LATER, World},
    schemas::DEPLOYMENT,
};
use api::{
    patch::{
        PatchError,
        fields::{Element, Path, Set},
        managed::{Identity, Managed, Operation},
    },
    schema::{Owned, Shape},
};
use proptest::{collection, prelude::*};
use serde_json::{Map, Value, json};
use std::collections::{BTreeMap, BTreeSet};

/// What is applied by whom, and whether by force.
type Step = (&'static str, Value, bool);

fn steps() -> impl Strategy<Value = Vec<Step>> {
    let step = (prop_oneof![Just("a"), Just("b"), Just("c")], deployment(), any::<bool>());
    collection::vec(step, 1..7).prop_map(|mut steps| {
        // Of one name, as the objects that requests are for.
        for (_, patch, _) in &mut steps {
            *patch = without_empty_lists(patch.take());
            patch["metadata"]["name"] = json!("web");
        }
        steps
    })
}

/// An empty list that is no leaf is owned by nobody: it goes, and comes again with each apply.
/// Decoding leaves it out, as upstream's structs do.
fn without_empty_lists(value: Value) -> Value {
    match value {
        Value::Object(fields) => fields
            .into_iter()
            .filter(|(_, value)| *value != json!([]))
            .map(|(name, value)| (name, without_empty_lists(value)))
            .collect::<Map<_, _>>()
            .into(),
        Value::Array(items) => {
            items.into_iter().map(without_empty_lists).collect::<Vec<_>>().into()
        }
        other => other,
    }
}

#[derive(Clone, Default)]
struct Model {
    leaves: BTreeMap<Path, (Value, BTreeSet<&'static str>)>,
}

impl Model {
    /// The fields in conflict, or the model after the apply.
    fn apply(&self, (who, patch, force): &Step) -> Result<Self, BTreeSet<String>> {
        let mut next = self.clone();
        let (wanted, mut conflicts) = (flat(patch), BTreeSet::new());
        for (path, value) in &wanted {
            match next.leaves.get_mut(path) {
                Some((old, owners)) if old == value => {
                    owners.insert(who);
                }
                Some((old, owners)) => {
                    if owners.iter().any(|owner| owner != who) {
                        conflicts.insert(path.to_string());
                    }
                    (*old, *owners) = (value.clone(), BTreeSet::from([*who]));
                }
                None => {
                    next.leaves.insert(path.clone(), (value.clone(), BTreeSet::from([*who])));
                }
            }
        }
        for (_, owners) in next.leaves.iter_mut().filter(|(it, _)| !wanted.contains_key(it)) {
            owners.1.remove(who);
        }
        next.leaves.retain(|_, (_, owners)| !owners.is_empty());
        match *force || conflicts.is_empty() {
            true => Ok(next),
            false => Err(conflicts),
        }
    }

    fn values(&self) -> BTreeMap<Path, Value> {
        self.leaves.iter().map(|(path, (value, _))| (path.clone(), value.clone())).collect()
    }
}

/// The leaves of an object that managers may own.
fn flat(object: &Value) -> BTreeMap<Path, Value> {
    let mut object = object.clone();
    let fields = object.as_object_mut().expect("an object");
    fields.retain(|name, _| name == "metadata" || name == "spec");
    if let Some(metadata) = object.pointer_mut("/metadata").and_then(Value::as_object_mut) {
        metadata.retain(|name, _| name != "name" && name != "managedFields");
    }
    leaves(&World::default().schemas, &Shape::Object(DEPLOYMENT, Owned::Granular), &object)
}

fn try_step(live: &Value, (who, patch, force): &Step) -> Result<Value, PatchError> {
    let world = World::default();
    match force {
        true => Ok(world.force(live, patch, who)),
        false => world.apply(live, patch, who),
    }
}

fn owned_by(object: &Value, who: &str) -> Set {
    let managed = Managed::of(object);
    let identity = Identity::new(who, Operation::Apply, "", "");
    managed.0.get(&identity).map(|entry| entry.set.clone()).unwrap_or_default()
}

proptest! {
    #[test]
    fn an_object_is_what_its_managers_applied(steps in steps()) {
        let (mut object, mut model) = (json!({}), Model::default());
        for step in &steps {
            match (try_step(&object, step), model.apply(step)) {
                (Ok(applied), Ok(next)) => (object, model) = (applied, next),
                (Err(PatchError::Conflict(found)), Err(wanted)) => {
                    let fields: BTreeSet<_> =
                        found.fields().map(|(_, path)| path.to_string()).collect();
                    prop_assert_eq!(fields, wanted);
                }
                (got, wanted) => {
                    let wanted = wanted.map(|model| model.values());
                    prop_assert!(false, "{got:?}, but {wanted:?}");
                }
            }
            prop_assert_eq!(flat(&object), model.values());
            for who in ["a", "b", "c"] {
                let set = owned_by(&object, who);
                for (path, (_, owners)) in &model.leaves {
                    prop_assert_eq!(set.has(&path.0), owners.contains(who), "{} of {}", path, who);
                }
            }
        }
    }

    #[test]
    fn a_second_time_changes_nothing(steps in steps()) {
        let mut object = json!({});
        let later = World { now: LATER, ..World::default() };
        for step in &steps {
            let Ok(applied) = try_step(&object, step) else { continue };
            prop_assert_eq!(later.apply(&applied, &step.1, step.0), Ok(applied.clone()));
            object = applied;
        }
    }

    #[test]
    fn what_others_updated_outlives_the_applier(
        patch in deployment(),
        mut update in deployment(),
        other in deployment(),
    ) {
        let world = World::default();
        let applied = world.force(&json!({}), &patch, "a");
        if let Some(managed) = applied.pointer("/metadata/managedFields") {
            update["metadata"]["managedFields"] = managed.clone();
        }
        let updated = world.put(&applied, update.clone(), "u");
        let left = world.force(&updated, &other, "a");
        let (before, after) = (flat(&applied), flat(&updated));
        let (mine, end) = (flat(&other), flat(&left));
        // An item of a list goes with its key, whatever others put into it.
        let in_item = |path: &Path| path.0.iter().any(|it| matches!(it, Element::Key(_)));
        let changed = after.iter().filter(|it| before.get(it.0) != Some(it.1));
        for (path, value) in changed.filter(|(path, _)| !in_item(path)) {
            let wanted = mine.get(path).unwrap_or(value);
            prop_assert_eq!(end.get(path), Some(wanted), "{}", path);
        }
    }
}
