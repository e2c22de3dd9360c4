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

/// What became of a value itself, as its owner sees it.
#[derive(Clone, Copy, PartialEq, Eq)]
enum Fate {
    Same,
    Removed,
    Modified,
    Added,
}

fn changed(same: bool) -> Fate {
    if same { Fate::Same } else { Fate::Modified }
}

impl Comparison {
    /// Takes in what is different about a value one step further in.
    fn take_in(&mut self, element: &Element, fate: Fate, within: Self) {
        match fate {
            Fate::Same => (),
            Fate::Removed => self.removed.put(element),
            Fate::Modified => self.modified.put(element),
            Fate::Added => self.added.put(element),
        }
        self.removed.put_within(element, within.removed);
        self.modified.put_within(element, within.modified);
        self.added.put_within(element, within.added);
    }
}

impl<'a> Typed<'a> {
    /// Compares two values of a shape. Of the whole values themselves nothing is told.
    pub(in crate::patch) fn compare(
        self,
        shape: &'a Shape,
        old: &Value,
        new: &Value,
    ) -> Comparison {
        self.compare_values(shape, Some(old), Some(new)).1
    }

    fn compare_values(
        self,
        shape: &'a Shape,
        old: Option<&Value>,
        new: Option<&Value>,
    ) -> (Fate, Comparison) {
        let mut found = Comparison::default();
        if old == new {
            return (Fate::Same, found);
        }
        let (left, right) = (self.atom(shape, old), self.atom(shape, new));
        let leaf = match (old, new) {
            (_, None) => self.compare_as(left, old, new, &mut found),
            (Some(_), Some(_)) if !left.same_kind(&right) => {
                self.compare_as(left, old, new, &mut found);
                self.compare_as(right, old, new, &mut found)
            }
            _ => self.compare_as(right, old, new, &mut found),
        };
        let fate = match (old, new) {
            (None, _) => Fate::Added,
            (_, None) => Fate::Removed,
            (Some(old), Some(new)) if leaf && !equal(old, new) => Fate::Modified,
            _ => Fate::Same,
        };
        (fate, found)
    }

    /// Compares what is within two values; tells whether they are leaves.
    fn compare_as(
        self,
        atom: Atom<'a>,
        old: Option<&Value>,
        new: Option<&Value>,
        found: &mut Comparison,
    ) -> bool {
        match atom {
            Atom::Scalar(_) => true,
            Atom::Object(object) => {
                let (left, right) = (as_object(old), as_object(new));
                let empty = |it: Option<&Map<_, _>>| it.is_none_or(Map::is_empty);
                let leaf = object.atomic || (empty(left) && empty(right));
                if !leaf {
                    self.compare_objects(object, left, right, found);
                }
                leaf
            }
            Atom::List(list) => {
                let (left, right) = (as_list(old), as_list(new));
                let empty = |it: Option<&[_]>| it.is_none_or(<[_]>::is_empty);
                let leaf = *list.kind == ListKind::Atomic || (empty(left) && empty(right));
                if !leaf {
                    let (left, right) = (left.unwrap_or_default(), right.unwrap_or_default());
                    self.compare_lists(list, left, right, found);
                }
                leaf
            }
        }
    }

    fn compare_objects(
        self,
        object: Object<'a>,
        old: Option<&Map<String, Value>>,
        new: Option<&Map<String, Value>>,
        found: &mut Comparison,
    ) {
        let names = old.into_iter().chain(new).flat_map(Map::keys).collect::<BTreeSet<_>>();
        for name in names {
            let (old, new) = (old.and_then(|it| it.get(name)), new.and_then(|it| it.get(name)));
            if old != new {
                let (fate, within) = self.compare_values(object.present(name), old, new);
                found.take_in(&Element::field(name), fate, within);
            }
        }
    }

    /// Items that a list has twice are compared together, as one leaf.
    fn compare_lists<'v>(
        self,
        list: List<'a>,
        old: &'v [Value],
        new: &'v [Value],
        found: &mut Comparison,
    ) {
        let old = self.by_element(list, old);
        let new = self.by_element(list, new);
        for element in old.keys().chain(new.keys()).collect::<BTreeSet<_>>() {
            let left = old.get(element).map(Vec::as_slice).unwrap_or_default();
            let right = new.get(element).map(Vec::as_slice).unwrap_or_default();
            let repeated = match (left, right) {
                ([] | [_], [] | [_]) => Fate::Same,
                ([_, _, ..], [_, _, ..]) => {
                    let same = left.iter().zip(right).all(|(left, right)| equal(left, right));
                    let same = same && left.len() == right.len();
                    found.take_in(element, changed(same), Comparison::default());
                    continue;
                }
                ([_, _, ..], _) => Fate::Removed,
                _ => Fate::Added,
            };
            let single = |it: &[&'v Value]| it.first().filter(|_| it.len() == 1).copied();
            let (fate, within) = match (single(left), single(right)) {
                (None, None) => (Fate::Same, Comparison::default()),
                (left, right) => self.compare_values(list.item, left, right),
            };
            found.take_in(element, fate, within);
            found.take_in(element, repeated, Comparison::default());
        }
    }

    fn by_element<'v>(
        self,
        list: List<'a>,
        items: &'v [Value],
    ) -> BTreeMap<Element, Vec<&'v Value>> {
        let mut found: BTreeMap<_, Vec<_>> = BTreeMap::new();
        for item in items {
            // What has no key was refused when the objects were validated.
            if let Ok(element) = self.element(list, item) {
                found.entry(element).or_default().push(item);
            }
        }
        found
    }
}
