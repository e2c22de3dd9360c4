//! Which fields an object has: what its manager owns.
//!
//! Upstream: structured-merge-diff's typed/tofieldset.go, and `EnsureNamedFieldsAreMembers` of
//! fieldpath/set.go.

use super::{
    Typed, as_list, as_object,
    atom::{Atom, List},
};
use crate::{
    patch::fields::{Element, Set},
    schema::{ListKind, Shape},
};
use serde_json::Value;
use std::collections::BTreeSet;

impl<'a> Typed<'a> {
    /// The leaves of a value, the items of its lists and the keys of its maps.
    pub(in crate::patch) fn field_set(self, shape: &'a Shape, value: &Value) -> Set {
        let mut set = Set::default();
        self.collect(shape, value, &mut Vec::new(), &mut set);
        set
    }

    fn collect(self, shape: &'a Shape, value: &Value, path: &mut Vec<Element>, set: &mut Set) {
        match self.atom(shape, Some(value)) {
            Atom::Scalar(_) => set.insert(path),
            Atom::Object(object) if object.atomic => set.insert(path),
            Atom::List(list) if *list.kind == ListKind::Atomic => set.insert(path),
            Atom::Object(object) => {
                for (name, value) in as_object(Some(value)).into_iter().flatten() {
                    path.push(Element::field(name));
                    self.collect(object.present(name), value, path, set);
                    let empty = value.as_object().is_some_and(serde_json::Map::is_empty);
                    if value.is_null() || empty || object.declared(name).is_none() {
                        set.insert(path);
                    }
                    path.pop();
                }
            }
            Atom::List(list) => self.collect_items(list, value, path, set),
        }
    }

    /// Items that are there twice are owned as one.
    fn collect_items(self, list: List<'a>, value: &Value, path: &mut Vec<Element>, set: &mut Set) {
        let items = as_list(Some(value)).unwrap_or_default();
        let elements: Vec<_> = items.iter().map(|item| self.element(list, item).ok()).collect();
        let mut seen = BTreeSet::new();
        let repeated: BTreeSet<_> = elements.iter().filter(|it| !seen.insert(*it)).collect();
        for (found, item) in elements.iter().zip(items) {
            let Some(element) = found else { continue };
            path.push(element.clone());
            if !repeated.contains(found) {
                self.collect(list.item, item, path, set);
            }
            set.insert(path);
            path.pop();
        }
    }

    /// The set, with the declared fields that its members are within. A manager of `spec.replicas`
    /// does not own `spec`, but `spec` may go when all that is within it goes.
    pub(in crate::patch) fn with_parents(self, shape: &'a Shape, set: &Set) -> Set {
        self.parents(Some(shape), set)
    }

    fn parents(self, shape: Option<&'a Shape>, set: &Set) -> Set {
        let atom = shape.map(|shape| self.atom(shape, None));
        let mut members = set.members().clone();
        let mut children = Vec::with_capacity(set.children().len());
        for (element, within) in set.children() {
            let shape = match (element, &atom) {
                (Element::Field(name), Some(Atom::Object(object))) => {
                    if object.declared(name).is_some() {
                        members.insert(element.clone());
                    }
                    object.allowed(name)
                }
                (Element::Key(_), Some(atom)) => Self::item_shape(atom),
                _ => None,
            };
            children.push((element.clone(), self.parents(shape, within)));
        }
        Set::from_parts(members, children)
    }
}
