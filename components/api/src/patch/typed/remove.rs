//! An object without some of its fields.
//!
//! Upstream: structured-merge-diff's typed/remove.go.

use super::{
    Typed, as_list, as_object,
    atom::{Atom, List, Object},
};
use crate::{
    patch::fields::{Element, Set},
    schema::{ListKind, Shape},
};
use serde_json::{Map, Value};

impl<'a> Typed<'a> {
    /// The value without the fields and items of a set; `None` if nothing is left of it.
    pub(in crate::patch) fn remove(
        self,
        shape: &'a Shape,
        value: &Value,
        gone: &Set,
    ) -> Option<Value> {
        match self.atom(shape, Some(value)) {
            Atom::Scalar(_) => Some(value.clone()),
            Atom::Object(object) if object.atomic => None,
            Atom::List(list) if *list.kind == ListKind::Atomic => None,
            Atom::Object(object) => self.remove_fields(object, value, gone),
            Atom::List(list) => self.remove_items(list, value, gone),
        }
    }

    fn remove_fields(self, object: Object<'a>, value: &Value, gone: &Set) -> Option<Value> {
        let mut left = Map::new();
        for (name, value) in as_object(Some(value))? {
            let element = Element::field(name);
            if gone.members().contains(&element) {
                continue;
            }
            let kept = match gone.children().get(&element) {
                Some(gone) => self.remove(object.present(name), value, gone),
                None => Some(value.clone()),
            };
            left.extend(kept.map(|value| (name.clone(), value)));
        }
        Some(Value::Object(left)).filter(|it| it.as_object().is_some_and(|it| !it.is_empty()))
    }

    fn remove_items(self, list: List<'a>, value: &Value, gone: &Set) -> Option<Value> {
        let mut left = Vec::new();
        for item in as_list(Some(value))? {
            let Ok(element) = self.element(list, item) else {
                left.push(item.clone());
                continue;
            };
            if gone.members().contains(&element) {
                continue;
            }
            left.extend(match gone.children().get(&element) {
                Some(gone) => self.remove(list.item, item, gone),
                None => Some(item.clone()),
            });
        }
        (!left.is_empty()).then_some(Value::Array(left))
    }
}
