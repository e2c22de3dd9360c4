//! Whether a value has its shape, in the words of upstream's typed/validate.go.

use super::{
    Typed,
    atom::{Atom, List, Object},
};
use crate::{
    patch::{fields::Element, go},
    schema::{ListKind, Shape},
};
use serde_json::{Map, Value};
use std::{collections::BTreeSet, fmt};

/// What is wrong with a value, field by field; never empty.
#[derive(Clone, PartialEq, Eq, Debug)]
pub(in crate::patch) struct Complaints(Vec<(String, String)>);

impl Complaints {
    pub(super) fn one(why: String) -> Self {
        Self(vec![(String::new(), why)])
    }

    /// The same, seen from one step further out.
    pub(super) fn within(self, element: &Element) -> Self {
        let prefix = element.to_string();
        Self(self.0.into_iter().map(|(path, why)| (format!("{prefix}{path}"), why)).collect())
    }
}

impl fmt::Display for Complaints {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let line = |(path, why): &(String, String)| match path.is_empty() {
            true => why.clone(),
            false => format!("{path}: {why}"),
        };
        match self.0.as_slice() {
            [one] => f.write_str(&line(one)),
            many => {
                f.write_str("errors:")?;
                many.iter().try_for_each(|one| write!(f, "\n  {}", line(one)))
            }
        }
    }
}

impl<'a> Typed<'a> {
    /// Checks a value. An object that is stored may hold an item twice; one that is applied may
    /// not.
    pub(in crate::patch) fn validate(
        self,
        shape: &'a Shape,
        value: &Value,
        repeats: bool,
    ) -> Result<(), Complaints> {
        let mut found = Vec::new();
        self.check(shape, value, repeats, &mut String::new(), &mut found);
        match found.is_empty() {
            true => Ok(()),
            false => Err(Complaints(found)),
        }
    }

    fn check(
        self,
        shape: &'a Shape,
        value: &Value,
        repeats: bool,
        path: &mut String,
        found: &mut Vec<(String, String)>,
    ) {
        let complaint = match (self.atom(shape, Some(value)), value) {
            (Atom::Object(_) | Atom::List(_), Value::Null) => None,
            (Atom::Object(object), Value::Object(fields)) => {
                return self.check_object(object, fields, repeats, path, found);
            }
            (Atom::List(list), Value::Array(items)) => {
                return self.check_list(list, items, repeats, path, found);
            }
            (Atom::Object(_), other) => {
                Some(format!("expected map, got &{{{}}}", go::plain(other)))
            }
            (Atom::List(_), other) => Some(format!("expected list, got &{{{}}}", go::plain(other))),
            (Atom::Scalar(scalar), value) => scalar.complaint(Some(value)),
        };
        found.extend(complaint.map(|why| (path.clone(), why)));
    }

    /// Stops at a field that the type does not have, as upstream does it.
    fn check_object(
        self,
        object: Object<'a>,
        fields: &Map<String, Value>,
        repeats: bool,
        path: &mut String,
        found: &mut Vec<(String, String)>,
    ) {
        for (name, value) in fields {
            let end = path.len();
            path.push('.');
            path.push_str(name);
            match object.allowed(name) {
                Some(shape) => self.check(shape, value, repeats, path, found),
                None => {
                    found.push((path.clone(), "field not declared in schema".to_owned()));
                    path.truncate(end);
                    return;
                }
            }
            path.truncate(end);
        }
    }

    fn check_list(
        self,
        list: List<'a>,
        items: &[Value],
        repeats: bool,
        path: &mut String,
        found: &mut Vec<(String, String)>,
    ) {
        let mut seen = BTreeSet::new();
        for (place, item) in items.iter().enumerate() {
            let element = match (list.kind, self.element(list, item)) {
                (ListKind::Atomic, _) => Element::Index(i64::try_from(place).unwrap_or(i64::MAX)),
                (_, Ok(element)) => element,
                (_, Err(why)) => {
                    found.push((path.clone(), format!("element {place}: {why}")));
                    return;
                }
            };
            if !seen.insert(element.clone()) && !repeats {
                found.push((path.clone(), format!("duplicate entries for key {element}")));
            }
            let end = path.len();
            path.push_str(&element.to_string());
            self.check(list.item, item, repeats, path, found);
            path.truncate(end);
        }
    }
}
