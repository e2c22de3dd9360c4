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
use serde_json::{Map, Value};
use std::collections::BTreeSet;

impl<'a> Typed<'a> {
    /// The leaves within a value, the items of its lists and the keys of its maps. Whether it is a
    /// leaf itself is not told.
    pub(in crate::patch) fn field_set(self, shape: &'a Shape, value: &Value) -> Set {
        self.collect(shape, value).1
    }

    /// Whether a value is a leaf, and what is within it.
    fn collect(self, shape: &'a Shape, value: &Value) -> (bool, Set) {
        let mut set = Set::default();
        match self.atom(shape, Some(value)) {
            Atom::Scalar(_) => return (true, set),
            Atom::Object(object) if object.atomic => return (true, set),
            Atom::List(list) if *list.kind == ListKind::Atomic => return (true, set),
            Atom::Object(object) => {
                for (name, value) in as_object(Some(value)).into_iter().flatten() {
                    let element = Element::field(name);
                    let (leaf, within) = self.collect(object.present(name), value);
                    let empty = value.as_object().is_some_and(Map::is_empty);
                    if leaf || value.is_null() || empty || object.declared(name).is_none() {
                        set.put(&element);
                    }
                    set.put_within(&element, within);
                }
            }
            Atom::List(list) => self.collect_items(list, value, &mut set),
        }
        (false, set)
    }

    /// Items that are there twice are owned as one.
    fn collect_items(self, list: List<'a>, value: &Value, set: &mut Set) {
        let items = as_list(Some(value)).unwrap_or_default();
        let elements: Vec<_> = items.iter().map(|item| self.element(list, item).ok()).collect();
        let mut seen = BTreeSet::new();
        let repeated: BTreeSet<_> = elements.iter().filter(|it| !seen.insert(*it)).collect();
        for (found, item) in elements.iter().zip(items) {
            let Some(element) = found else { continue };
            set.put(element);
            if !repeated.contains(found) {
                set.put_within(element, self.collect(list.item, item).1);
            }
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
