//! An object without some of its fields.
//!
//! Upstream: structured-merge-diff's typed/remove.go. What it leaves as null where nothing is left
//! of an object or list is an empty one here: somebody owns it as such, or it would go itself.

use super::{
    Typed,
    atom::{Atom, List, Object},
};
use crate::{
    patch::fields::{Element, Set},
    schema::{ListKind, Shape},
};
use serde_json::{Map, Value};

impl<'a> Typed<'a> {
    /// The value without the fields and items of a set.
    pub(in crate::patch) fn remove(self, shape: &'a Shape, value: &Value, gone: &Set) -> Value {
        match (self.atom(shape, Some(value)), value) {
            (Atom::Object(object), _) if object.atomic => Value::Null,
            (Atom::List(list), _) if *list.kind == ListKind::Atomic => Value::Null,
            (Atom::Object(object), Value::Object(fields)) => {
                Value::Object(self.remove_fields(object, fields, gone))
            }
            (Atom::List(list), Value::Array(items)) => {
                Value::Array(self.remove_items(list, items, gone))
            }
            _ => value.clone(),
        }
    }

    fn remove_fields(
        self,
        object: Object<'a>,
        fields: &Map<String, Value>,
        gone: &Set,
    ) -> Map<String, Value> {
        let mut left = Map::new();
        for (name, value) in fields {
            let element = Element::field(name);
            if gone.members().contains(&element) {
                continue;
            }
            let kept = match gone.children().get(&element) {
                Some(gone) => self.remove(object.present(name), value, gone),
                None => value.clone(),
            };
            left.insert(name.clone(), kept);
        }
        left
    }

    fn remove_items(self, list: List<'a>, items: &[Value], gone: &Set) -> Vec<Value> {
        let mut left = Vec::with_capacity(items.len());
        for item in items {
            // An item without a key was refused when the object was validated.
            let Ok(element) = self.element(list, item) else { continue };
            if gone.members().contains(&element) {
                continue;
            }
            left.push(match gone.children().get(&element) {
                Some(gone) => self.remove(list.item, item, gone),
                None => item.clone(),
            });
        }
        left
    }
}
