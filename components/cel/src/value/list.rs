//! Lists: of JSON with its schema, or of values.
//!
//! Upstream: cel-go `common/types/list.go`; for sets and maps by keys apiserver
//! `pkg/cel/common/values.go` (`unstructuredSetList`, `unstructuredMapList`).

use super::{EvalError, Outcome, Value};
use crate::schema::{ListType, Schema};
use std::sync::Arc;

/// A list.
#[derive(Clone, Debug)]
pub struct List<'a> {
    items: Items<'a>,
    kind: Option<&'a ListType>,
}

#[derive(Clone, Debug)]
enum Items<'a> {
    Json(&'a [serde_json::Value], Option<&'a Schema>),
    Values(Arc<Vec<Value<'a>>>),
}

impl<'a> From<Vec<Value<'a>>> for List<'a> {
    fn from(items: Vec<Value<'a>>) -> Self {
        Self { items: Items::Values(Arc::new(items)), kind: None }
    }
}

impl<'a> List<'a> {
    pub(super) fn json(
        items: &'a [serde_json::Value],
        schema: Option<&'a Schema>,
        kind: Option<&'a ListType>,
    ) -> Self {
        Self { items: Items::Json(items, schema), kind }
    }

    /// How many elements it has.
    #[allow(clippy::len_without_is_empty)]
    pub fn len(&self) -> usize {
        match &self.items {
            Items::Json(items, _) => items.len(),
            Items::Values(items) => items.len(),
        }
    }

    /// The element at a place.
    ///
    /// # Errors
    /// Of an element that does not fit its schema; none where there is no element.
    pub fn get(&self, at: usize) -> Option<Outcome<'a>> {
        match &self.items {
            Items::Json(items, schema) => items.get(at).map(|it| Value::from_json(it, *schema)),
            Items::Values(items) => items.get(at).cloned().map(Ok),
        }
    }

    /// Every element.
    pub fn iter(&self) -> impl Iterator<Item = Outcome<'a>> + '_ {
        (0..self.len()).filter_map(|at| self.get(at))
    }

    /// Every element, or the first error.
    ///
    /// # Errors
    /// Of an element that does not fit its schema.
    pub fn values(&self) -> Result<Vec<Value<'a>>, EvalError> {
        self.iter().collect()
    }

    /// Whether a value is among its elements.
    ///
    /// # Errors
    /// Of an element that does not fit its schema.
    pub fn contains(&self, value: &Value<'_>) -> Result<bool, EvalError> {
        for item in self.iter() {
            if item?.equals(value)? {
                return Ok(true);
            }
        }
        Ok(false)
    }

    /// `self + other`; in place where nothing else holds this list. A set keeps its elements unique,
    /// a list by keys replaces elements with equal keys.
    ///
    /// # Errors
    /// Of an element that does not fit its schema.
    pub fn concat(self, other: &List<'a>) -> Result<List<'a>, EvalError> {
        let kind = self.kind;
        let mut items = match self.items {
            Items::Values(items) => items,
            Items::Json(..) => Arc::new(self.values()?),
        };
        let own = Arc::make_mut(&mut items);
        for item in other.iter() {
            add(own, item?, kind)?;
        }
        Ok(List { items: Items::Values(items), kind })
    }

    /// Whether both have the same elements: in the same order, unless they are sets or by keys.
    ///
    /// # Errors
    /// Of an element that does not fit its schema.
    pub fn equals(&self, other: &List<'_>) -> Result<bool, EvalError> {
        if self.len() != other.len() {
            return Ok(false);
        }
        let unordered = |it: Option<&ListType>| it.is_some_and(|it| *it != ListType::Atomic);
        if unordered(self.kind) || unordered(other.kind) {
            return self.same_elements(other);
        }
        for (one, another) in self.iter().zip(other.iter()) {
            if !one?.equals(&another?)? {
                return Ok(false);
            }
        }
        Ok(true)
    }

    fn same_elements(&self, other: &List<'_>) -> Result<bool, EvalError> {
        for item in self.iter() {
            if !other.contains(&item?)? {
                return Ok(false);
            }
        }
        Ok(true)
    }
}

fn add<'a>(
    own: &mut Vec<Value<'a>>,
    item: Value<'a>,
    kind: Option<&ListType>,
) -> Result<(), EvalError> {
    let place = match kind {
        None | Some(ListType::Atomic) => None,
        Some(ListType::Set) => position(own, |it| it.equals(&item))?,
        Some(ListType::Map(keys)) => position(own, |it| same_keys(it, &item, keys))?,
    };
    match place.and_then(|at| own.get_mut(at)) {
        Some(place) => *place = item,
        None => own.push(item),
    }
    Ok(())
}

fn position<'a>(
    items: &[Value<'a>],
    same: impl Fn(&Value<'a>) -> Result<bool, EvalError>,
) -> Result<Option<usize>, EvalError> {
    for (at, item) in items.iter().enumerate() {
        if same(item)? {
            return Ok(Some(at));
        }
    }
    Ok(None)
}

fn same_keys(one: &Value<'_>, other: &Value<'_>, keys: &[String]) -> Result<bool, EvalError> {
    let (Value::Map(one), Value::Map(other)) = (one, other) else { return Ok(false) };
    for key in keys {
        let same = match (one.property(key), other.property(key)) {
            (None, None) => true,
            (Some(one), Some(other)) => one?.equals(&other?)?,
            (None, Some(_)) | (Some(_), None) => false,
        };
        if !same {
            return Ok(false);
        }
    }
    Ok(true)
}
