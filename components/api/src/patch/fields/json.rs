//! Sets of fields as JSON: `metav1.FieldsV1`.
//!
//! ```text
//! {"f:spec":{"f:replicas":{},"f:ports":{"k:{\"port\":80}":{".":{},"f:name":{}}}}}
//! ```
//!
//! Upstream: structured-merge-diff's fieldpath/serialize.go and serialize-pe.go. A [`Value`] sorts
//! its members by their text; [`Set::to_json`] has upstream's order.

use super::{Element, Scalar, Set};
use serde_json::{Map, Value};
use std::{collections::BTreeSet, fmt::Write};
use thiserror::Error;

/// JSON that is no set of fields.
#[derive(Clone, PartialEq, Eq, Debug, Error)]
pub enum FieldsError {
    /// Something else than an object, where the members within a field are told.
    #[error("expected an object")]
    NotAnObject,
    /// A member's name that is no step to a field.
    #[error("parsing key as path element: {0}: {1}")]
    NotAnElement(&'static str, String),
}

impl Set {
    /// Reads a set. Steps of kinds that are not known are left out, as upstream does it: a later
    /// version may know what they are.
    ///
    /// # Errors
    /// If it is none.
    pub fn from_value(value: &Value) -> Result<Self, FieldsError> {
        Ok(read(value)?.0)
    }

    /// The set as a value, whose members are in the order of their texts.
    pub fn to_value(&self) -> Value {
        Value::Object(self.write_value(false))
    }

    fn write_value(&self, itself: bool) -> Map<String, Value> {
        let mut out = Map::new();
        if itself {
            out.insert(".".to_owned(), Value::Object(Map::new()));
        }
        for element in self.elements() {
            let within = self.children.get(element);
            let itself = self.members.contains(element);
            let members = within.map(|set| set.write_value(itself)).unwrap_or_default();
            out.insert(write_element(element), Value::Object(members));
        }
        out
    }

    /// The set as text, with its members in upstream's order.
    pub fn to_json(&self) -> String {
        let mut out = String::new();
        self.write_json(false, &mut out);
        out
    }

    fn write_json(&self, itself: bool, out: &mut String) {
        out.push('{');
        if itself {
            out.push_str("\".\":{}");
        }
        for (place, element) in self.elements().into_iter().enumerate() {
            if itself || place > 0 {
                out.push(',');
            }
            let _ = write!(out, "{}:", Value::String(write_element(element)));
            match self.children.get(element) {
                Some(within) => within.write_json(self.members.contains(element), out),
                None => out.push_str("{}"),
            }
        }
        out.push('}');
    }

    /// The steps of this level, each once.
    fn elements(&self) -> BTreeSet<&Element> {
        self.members.iter().chain(self.children.keys()).collect()
    }
}

/// What is within a field, and whether the field itself is a member: it says so, or has nothing in
/// it.
fn read(value: &Value) -> Result<(Set, bool), FieldsError> {
    let members = match value {
        Value::Object(members) => members,
        Value::Null => &Map::new(),
        _ => return Err(FieldsError::NotAnObject),
    };
    let (mut set, mut itself) = (Set::default(), false);
    for (name, value) in members {
        if name == "." {
            itself = true;
            continue;
        }
        let Some(element) = read_element(name)? else { continue };
        let (within, member) = read(value)?;
        if member {
            set.members.insert(element.clone());
        }
        if !within.is_empty() {
            set.children.insert(element, within);
        }
    }
    itself |= set.is_empty();
    Ok((set, itself))
}

fn read_element(text: &str) -> Result<Option<Element>, FieldsError> {
    let wrong = |why| FieldsError::NotAnElement(why, text.to_owned());
    let (kind, rest) = match text.as_bytes() {
        [] | [_] => return Err(wrong("key must be 2 characters long")),
        [kind, b':', ..] => (*kind, &text[2..]),
        _ => return Err(wrong("missing colon")),
    };
    let json = || serde_json::from_str(rest).map_err(|_| wrong("not JSON"));
    Ok(match kind {
        b'f' => Some(Element::field(rest)),
        b'v' => Some(Element::Value(Scalar(json()?))),
        b'k' => match json()? {
            Value::Object(fields) => {
                let fields = fields.into_iter().map(|(name, value)| (name, Scalar(value)));
                Some(Element::Key(fields.collect()))
            }
            _ => return Err(wrong("not an object")),
        },
        b'i' => Some(Element::Index(rest.parse().map_err(|_| wrong("not a number"))?)),
        _ => None,
    })
}

fn write_element(element: &Element) -> String {
    match element {
        Element::Field(name) => format!("f:{name}"),
        Element::Key(fields) => {
            let fields = fields.iter().map(|(name, value)| {
                format!("{}:{}", Value::String(name.clone()), html_safe(&value.0))
            });
            format!("k:{{{}}}", fields.collect::<Vec<_>>().join(","))
        }
        Element::Value(value) => format!("v:{}", html_safe(&value.0)),
        Element::Index(place) => format!("i:{place}"),
    }
}

/// Go writes a value's text so that it may stand in HTML.
fn html_safe(value: &Value) -> String {
    let text = value.to_string();
    text.replace('&', "\\u0026").replace('<', "\\u003c").replace('>', "\\u003e")
}
