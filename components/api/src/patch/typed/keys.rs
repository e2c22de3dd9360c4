//! Which item of a list a value is: the step that leads to it.
//!
//! Upstream: structured-merge-diff's typed/helpers.go. A key field that an item leaves out counts
//! as its default: a port without protocol is one of TCP.

use super::{
    Typed,
    atom::{Atom, List},
};
use crate::{
    patch::fields::{Element, Scalar},
    schema::{ListKind, Shape},
};
use serde_json::Value;

impl<'a> Typed<'a> {
    /// The step from a list to an item of it.
    pub(super) fn element(self, list: List<'a>, item: &Value) -> Result<Element, String> {
        match list.kind {
            ListKind::Map(keys) => self.keyed(list, keys, item),
            ListKind::Set => scalar(item),
            ListKind::Atomic => Err("invalid indexing of non-associative list".to_owned()),
        }
    }

    fn keyed(self, list: List<'a>, keys: &[String], item: &Value) -> Result<Element, String> {
        let fields = match item {
            Value::Object(fields) => fields,
            Value::Null => {
                return Err("associative list with keys may not have a null element".to_owned());
            }
            _ => {
                let why = "associative list with keys may not have non-map elements";
                return Err(why.to_owned());
            }
        };
        let mut found = Vec::with_capacity(keys.len());
        for key in keys {
            let value = match fields.get(key) {
                Some(value) => value.clone(),
                None => self.default_of(list.item, key).ok_or_else(|| {
                    format!(
                        "associative list with keys has an element that omits key field {key:?} \
                         (and doesn't have default value)"
                    )
                })?,
            };
            found.push((key.clone(), Scalar(value)));
        }
        found.sort_by(|(one, _), (other, _)| one.cmp(other));
        Ok(Element::Key(found))
    }

    fn default_of(self, item: &'a Shape, key: &str) -> Option<Value> {
        match item {
            Shape::Object(kind, _) => self.schemas.at(*kind).field(key)?.default.clone(),
            _ => None,
        }
    }

    /// The shape of an item, if the atom is a list of such.
    pub(super) fn item_shape(atom: &Atom<'a>) -> Option<&'a Shape> {
        match atom {
            Atom::List(list) => Some(list.item),
            _ => None,
        }
    }
}

fn scalar(item: &Value) -> Result<Element, String> {
    let why = match item {
        Value::Object(_) => "associative list without keys has an element that's a map type",
        Value::Array(_) => "not supported: associative list with lists as elements",
        Value::Null => "associative list without keys has an element that's an explicit null",
        _ => return Ok(Element::Value(Scalar(item.clone()))),
    };
    Err(why.to_owned())
}
