//! What is different between two objects, field by field.
//!
//! Upstream: structured-merge-diff's typed/compare.go.

use super::{
    Typed, as_list, as_object,
    atom::{Atom, List, Object},
};
use crate::{
    patch::fields::{Element, Set, equal},
    schema::{ListKind, Shape},
};
use serde_json::{Map, Value};
use std::collections::{BTreeMap, BTreeSet};

/// The fields in which two objects differ; each is in one set at most.
#[derive(Clone, PartialEq, Eq, Debug, Default)]
pub(in crate::patch) struct Comparison {
    /// Only the old object has them.
    pub(in crate::patch) removed: Set,
    /// Both have them, with different values.
    pub(in crate::patch) modified: Set,
    /// Only the new object has them.
    pub(in crate::patch) added: Set,
}

impl<'a> Typed<'a> {
    /// Compares two values of a shape.
    pub(in crate::patch) fn compare(
        self,
        shape: &'a Shape,
        old: &Value,
        new: &Value,
    ) -> Comparison {
        let mut walk = Walk { typed: self, path: Vec::new(), found: Comparison::default() };
        walk.values(shape, Some(old), Some(new));
        walk.found
    }
}

struct Walk<'a> {
    typed: Typed<'a>,
    path: Vec<Element>,
    found: Comparison,
}

impl<'a> Walk<'a> {
    fn values(&mut self, shape: &'a Shape, old: Option<&Value>, new: Option<&Value>) {
        let left = self.typed.atom(shape, old);
        let right = self.typed.atom(shape, new);
        let leaf = match (old, new) {
            (_, None) => self.as_atom(left, old, new),
            (Some(_), Some(_)) if !left.same_kind(&right) => {
                self.as_atom(left, old, new);
                self.as_atom(right, old, new)
            }
            _ => self.as_atom(right, old, new),
        };
        match (old, new) {
            _ if leaf => (),
            (None, _) => self.found.added.insert(&self.path),
            (_, None) => self.found.removed.insert(&self.path),
            _ => (),
        }
    }

    /// Compares; tells whether that was a leaf.
    fn as_atom(&mut self, atom: Atom<'a>, old: Option<&Value>, new: Option<&Value>) -> bool {
        match atom {
            Atom::Scalar(_) => self.leaf(old, new),
            Atom::Object(object) => {
                let (left, right) = (as_object(old), as_object(new));
                let empty = |it: Option<&Map<_, _>>| it.is_none_or(Map::is_empty);
                if object.atomic || (empty(left) && empty(right)) {
                    return self.leaf(old, new);
                }
                self.objects(object, left, right);
                false
            }
            Atom::List(list) => {
                let (left, right) = (as_list(old), as_list(new));
                let empty = |it: Option<&[_]>| it.is_none_or(<[_]>::is_empty);
                if *list.kind == ListKind::Atomic || (empty(left) && empty(right)) {
                    return self.leaf(old, new);
                }
                self.lists(list, left.unwrap_or(&[]), right.unwrap_or(&[]));
                false
            }
        }
    }

    fn leaf(&mut self, old: Option<&Value>, new: Option<&Value>) -> bool {
        match (old, new) {
            (None, _) => self.found.added.insert(&self.path),
            (_, None) => self.found.removed.insert(&self.path),
            (Some(old), Some(new)) if !equal(old, new) => self.found.modified.insert(&self.path),
            _ => (),
        }
        true
    }

    fn objects(
        &mut self,
        object: Object<'a>,
        old: Option<&Map<String, Value>>,
        new: Option<&Map<String, Value>>,
    ) {
        let names = old.into_iter().chain(new).flat_map(Map::keys).collect::<BTreeSet<_>>();
        for name in names {
            self.path.push(Element::field(name));
            let (old, new) = (old.and_then(|it| it.get(name)), new.and_then(|it| it.get(name)));
            self.values(object.present(name), old, new);
            self.path.pop();
        }
    }

    /// Items that a list has twice are compared together, as one leaf.
    fn lists(&mut self, list: List<'a>, old: &[Value], new: &[Value]) {
        let old = self.by_element(list, old);
        let new = self.by_element(list, new);
        for element in old.keys().chain(new.keys()).collect::<BTreeSet<_>>() {
            let left = old.get(element).map(Vec::as_slice).unwrap_or_default();
            let right = new.get(element).map(Vec::as_slice).unwrap_or_default();
            self.path.push(element.clone());
            match (left, right) {
                ([] | [_], [] | [_]) => {
                    self.values(list.item, left.first().copied(), right.first().copied());
                }
                ([_, _, ..], [_, _, ..]) => {
                    let same = left.iter().zip(right).all(|(left, right)| equal(left, right));
                    if !same || left.len() != right.len() {
                        self.found.modified.insert(&self.path);
                    }
                }
                ([_, _, ..], right) => {
                    if let Some(right) = right.first() {
                        self.values(list.item, None, Some(right));
                    }
                    self.found.removed.insert(&self.path);
                }
                (left, _) => {
                    if let Some(left) = left.first() {
                        self.values(list.item, Some(left), None);
                    }
                    self.found.added.insert(&self.path);
                }
            }
            self.path.pop();
        }
    }

    fn by_element<'v>(
        &self,
        list: List<'a>,
        items: &'v [Value],
    ) -> BTreeMap<Element, Vec<&'v Value>> {
        let mut found: BTreeMap<_, Vec<_>> = BTreeMap::new();
        for item in items {
            // What has no key was refused when the objects were validated.
            if let Ok(element) = self.typed.element(list, item) {
                found.entry(element).or_default().push(item);
            }
        }
        found
    }
}
