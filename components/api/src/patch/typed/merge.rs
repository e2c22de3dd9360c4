//! An object, with what is applied laid over it.
//!
//! Upstream: structured-merge-diff's typed/merge.go. Lists keep the order of the object where the
//! applied list says nothing else, and that of the applied list where it does.

use super::{
    Typed, as_list, as_object,
    atom::{Atom, List, Object},
    validate::Complaints,
};
use crate::{
    patch::fields::Element,
    schema::{ListKind, Shape},
};
use serde_json::{Map, Value};
use std::collections::{BTreeMap, BTreeSet, VecDeque};

type Merged = Result<Option<Value>, Complaints>;

impl<'a> Typed<'a> {
    /// `old` with `new` laid over it; nothing is taken away.
    pub(in crate::patch) fn merge(
        self,
        shape: &'a Shape,
        old: Option<&Value>,
        new: Option<&Value>,
    ) -> Merged {
        let leaf = || Ok(new.or(old).cloned());
        match self.atom(shape, new.or(old)) {
            Atom::Scalar(scalar) => match (scalar.complaint(old), scalar.complaint(new)) {
                (Some(_), Some(why)) => Err(Complaints::one(why)),
                _ => leaf(),
            },
            Atom::Object(object) => {
                let (old, new) = (as_object(old), as_object(new));
                let empty = |it: Option<&Map<_, _>>| it.is_none_or(Map::is_empty);
                match object.atomic || (empty(old) && empty(new)) {
                    true => leaf(),
                    false => self.merge_objects(object, old, new),
                }
            }
            Atom::List(list) => {
                let (old, new) = (as_list(old), as_list(new));
                let empty = |it: Option<&[_]>| it.is_none_or(<[_]>::is_empty);
                match *list.kind == ListKind::Atomic || (empty(old) && empty(new)) {
                    true => leaf(),
                    false => self.merge_lists(list, old.unwrap_or(&[]), new.unwrap_or(&[])),
                }
            }
        }
    }

    fn merge_objects(
        self,
        object: Object<'a>,
        old: Option<&Map<String, Value>>,
        new: Option<&Map<String, Value>>,
    ) -> Merged {
        let names = old.into_iter().chain(new).flat_map(Map::keys).collect::<BTreeSet<_>>();
        let mut out = Map::new();
        for name in names {
            let (old, new) = (old.and_then(|it| it.get(name)), new.and_then(|it| it.get(name)));
            let merged = self
                .merge(object.present(name), old, new)
                .map_err(|why| why.within(&Element::field(name)))?;
            out.extend(merged.map(|value| (name.clone(), value)));
        }
        Ok((!out.is_empty()).then_some(Value::Object(out)))
    }

    fn merge_lists(self, list: List<'a>, old: &[Value], new: &[Value]) -> Merged {
        let old_elements = self.elements(list, old)?;
        let new_elements = self.elements(list, new)?;
        let of_new: BTreeMap<_, _> = new_elements.iter().zip(new).collect();
        if let Some(repeated) = first_repeated(&new_elements) {
            return Err(Complaints::one(format!("duplicate entries for key {repeated}")));
        }
        let mut of_old: BTreeMap<&Element, &Value> = BTreeMap::new();
        for (element, item) in old_elements.iter().zip(old) {
            // An item that is there twice is not merged with: the applied one takes its place.
            of_old.entry(element).and_modify(|item| *item = &Value::Null).or_insert(item);
        }
        let mut out = Vec::with_capacity(old.len().max(new.len()));
        for (element, twice) in order(&old_elements, &new_elements) {
            let old = match twice {
                Some(place) => old.get(place),
                None => of_old.get(element).copied(),
            };
            let merged = self
                .merge(list.item, old, of_new.get(element).copied())
                .map_err(|why| why.within(element))?;
            out.extend(merged);
        }
        Ok((!out.is_empty()).then_some(Value::Array(out)))
    }

    /// The steps to a list's items.
    fn elements(self, list: List<'a>, items: &[Value]) -> Result<Vec<Element>, Complaints> {
        let element = |(place, item)| {
            self.element(list, item)
                .map_err(|why| Complaints::one(format!("element {place}: {why}")))
        };
        items.iter().enumerate().map(element).collect()
    }
}

fn first_repeated(elements: &[Element]) -> Option<&Element> {
    let mut seen = BTreeSet::new();
    elements.iter().find(|element| !seen.insert(*element))
}

/// The order of a merged list's items. Those that only the old list has come with their place in
/// it, since it may have them twice.
fn order<'e>(old: &'e [Element], new: &'e [Element]) -> Vec<(&'e Element, Option<usize>)> {
    let (in_old, in_new): (BTreeSet<_>, BTreeSet<_>) = (old.iter().collect(), new.iter().collect());
    let mut shared: VecDeque<_> = new.iter().filter(|it| in_old.contains(it)).collect();
    let mut done = BTreeSet::new();
    let mut out = Vec::with_capacity(old.len().max(new.len()));
    let (mut at_old, mut at_new) = (0, 0);
    while at_old < old.len() || at_new < new.len() {
        let (left, right) = (old.get(at_old), new.get(at_new));
        match left {
            Some(left) if !in_new.contains(left) => {
                out.push((left, Some(at_old)));
                at_old += 1;
                continue;
            }
            // Both have it, but the new list has another one first.
            Some(left)
                if right.is_some_and(|it| it != left)
                    && shared.front().is_some_and(|it| *it != left) =>
            {
                at_old += 1;
                continue;
            }
            Some(left) if right == Some(left) || done.contains(left) => at_old += 1,
            _ => (),
        }
        if let Some(right) = right {
            if shared.front() == Some(&right) {
                shared.pop_front();
            }
            done.insert(right);
            out.push((right, None));
            at_new += 1;
        }
    }
    out
}
