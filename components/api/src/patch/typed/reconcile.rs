//! Sets of fields that were told when the type was another one.
//!
//! A list or object that became atomic is owned as one from then on. Upstream:
//! structured-merge-diff's typed/reconcile_schema.go, which also goes the other way: who owns a
//! granular object itself and nothing within it gets all that is within it. That is not done here,
//! since it cannot tell what was atomic from what was applied empty.

use super::{Typed, atom::Atom};
use crate::{
    patch::fields::{Element, Set},
    schema::{ListKind, Shape},
};

impl<'a> Typed<'a> {
    /// Makes the set as it would be told today.
    pub(in crate::patch) fn reconcile(self, shape: &'a Shape, set: &mut Set) {
        if self.is_stale(shape, set) {
            *set = self.reconciled(shape, set);
        }
    }

    /// Whether anything within what is atomic now is owned by itself.
    fn is_stale(self, shape: &'a Shape, set: &Set) -> bool {
        let atom = self.atom(shape, None);
        set.children().iter().any(|(element, within)| match shape_of(&atom, element) {
            Some(shape) => is_atomic(&self.atom(shape, None)) || self.is_stale(shape, within),
            None => false,
        })
    }

    fn reconciled(self, shape: &'a Shape, set: &Set) -> Set {
        let atom = self.atom(shape, None);
        let mut members = set.members().clone();
        let mut children = Vec::with_capacity(set.children().len());
        for (element, within) in set.children() {
            match shape_of(&atom, element) {
                Some(shape) if is_atomic(&self.atom(shape, None)) => {
                    members.insert(element.clone());
                }
                Some(shape) => children.push((element.clone(), self.reconciled(shape, within))),
                None => children.push((element.clone(), within.clone())),
            }
        }
        Set::from_parts(members, children)
    }
}

fn shape_of<'a>(atom: &Atom<'a>, element: &Element) -> Option<&'a Shape> {
    match (element, atom) {
        (Element::Field(name), Atom::Object(object)) => object.allowed(name),
        (Element::Key(_) | Element::Value(_), Atom::List(list)) => Some(list.item),
        _ => None,
    }
}

fn is_atomic(atom: &Atom<'_>) -> bool {
    match atom {
        Atom::Object(object) => object.atomic,
        Atom::List(list) => *list.kind == ListKind::Atomic,
        Atom::Scalar(_) => false,
    }
}
