//! Maps: JSON objects with their schema, or entries of values.
//!
//! Upstream: cel-go `common/types/map.go`, apiserver `pkg/cel/common/values.go` (`unstructuredMap`).

use super::{EvalError, Outcome, Text, Value};
use crate::schema::{Schema, Shape, escape, unescape};
use std::{borrow::Cow, cmp::Ordering, collections::BTreeMap, sync::Arc};

/// A map, or an object whose fields are read by name.
#[derive(Clone, Debug)]
pub struct Map<'a>(Entries<'a>);

#[derive(Clone, Debug)]
enum Entries<'a> {
    Json(&'a serde_json::Map<String, serde_json::Value>, Option<&'a Schema>),
    Values(Arc<BTreeMap<Key<'a>, Value<'a>>>),
}

/// What may be a key. Numbers are equal whatever their type.
#[derive(Clone, Debug)]
pub enum Key<'a> {
    Bool(bool),
    Int(i64),
    Uint(u64),
    String(Text<'a>),
}

impl<'a> Key<'a> {
    /// The key that a value is; a double is one if it is whole.
    pub fn new(value: &Value<'a>) -> Option<Self> {
        Some(match value {
            Value::Bool(it) => Key::Bool(*it),
            Value::Int(it) => Key::Int(*it),
            Value::Uint(it) => Key::Uint(*it),
            Value::String(it) => Key::String(it.clone()),
            Value::Double(it) if it.fract() == 0.0 && it.abs() < 9.2e18 => Key::Int(*it as i64),
            _ => return None,
        })
    }

    /// The value that it is.
    pub fn value(&self) -> Value<'a> {
        match self {
            Key::Bool(it) => Value::Bool(*it),
            Key::Int(it) => Value::Int(*it),
            Key::Uint(it) => Value::Uint(*it),
            Key::String(it) => Value::String(it.clone()),
        }
    }

    fn rank(&self) -> (u8, i128, &str) {
        match self {
            Key::Bool(it) => (0, i128::from(*it), ""),
            Key::Int(it) => (1, i128::from(*it), ""),
            Key::Uint(it) => (1, i128::from(*it), ""),
            Key::String(it) => (2, 0, it),
        }
    }
}

impl PartialEq for Key<'_> {
    fn eq(&self, other: &Self) -> bool {
        self.rank() == other.rank()
    }
}

impl Eq for Key<'_> {}

impl PartialOrd for Key<'_> {
    fn partial_cmp(&self, other: &Self) -> Option<Ordering> {
        Some(self.cmp(other))
    }
}

impl Ord for Key<'_> {
    fn cmp(&self, other: &Self) -> Ordering {
        self.rank().cmp(&other.rank())
    }
}

impl<'a> From<BTreeMap<Key<'a>, Value<'a>>> for Map<'a> {
    fn from(entries: BTreeMap<Key<'a>, Value<'a>>) -> Self {
        Self(Entries::Values(Arc::new(entries)))
    }
}

impl<'a> Map<'a> {
    pub(super) fn json(
        entries: &'a serde_json::Map<String, serde_json::Value>,
        schema: Option<&'a Schema>,
    ) -> Self {
        Self(Entries::Json(entries, schema))
    }

    /// Whether a schema says what is in it.
    pub(crate) fn is_typed(&self) -> bool {
        matches!(self.0, Entries::Json(_, Some(_)))
    }

    /// How many entries it has.
    #[allow(clippy::len_without_is_empty)]
    pub fn len(&self) -> usize {
        match &self.0 {
            Entries::Json(entries, _) => entries.len(),
            Entries::Values(entries) => entries.len(),
        }
    }

    /// The value of a key.
    ///
    /// # Errors
    /// Of a value that does not fit its schema; none where there is no such key.
    pub fn get(&self, key: &Key<'_>) -> Option<Outcome<'a>> {
        match (&self.0, key) {
            (Entries::Values(entries), _) => entries.get(key).cloned().map(Ok),
            (Entries::Json(..), Key::String(name)) => self.property(name),
            (Entries::Json(..), Key::Bool(_) | Key::Int(_) | Key::Uint(_)) => None,
        }
    }

    /// The value of a string key; of an object, by the field's escaped name.
    pub(crate) fn property(&self, name: &str) -> Option<Outcome<'a>> {
        let (entries, schema) = match &self.0 {
            Entries::Values(entries) => {
                let key = Key::String(Text::Borrowed(name));
                return entries.get(&key).cloned().map(Ok);
            }
            Entries::Json(entries, schema) => (entries, *schema),
        };
        let Some(schema) = schema else {
            return entries.get(name).map(|it| Value::from_json(it, None));
        };
        if let Shape::Object { fields, .. } = &schema.shape {
            let known = || fields.get(&format!("__{name}__"));
            let field = fields.get(name).or_else(known)?;
            let property =
                if name.contains("__") { unescape(name)?.into() } else { Cow::Borrowed(name) };
            return entries.get(&*property).map(|it| Value::from_json(it, Some(field)));
        }
        entries.get(name).map(|it| Value::from_json(it, schema.items()))
    }

    /// Every key, in their order.
    pub fn keys(&self) -> Vec<Key<'a>> {
        match &self.0 {
            Entries::Values(entries) => entries.keys().cloned().collect(),
            Entries::Json(entries, schema) => {
                let object = schema.is_some_and(|it| matches!(it.shape, Shape::Object { .. }));
                let spelt = |name: &'a String| match object {
                    true => Text::Shared(escape(name).unwrap_or_default().into()),
                    false => Text::Borrowed(name.as_str()),
                };
                entries.keys().map(|name| Key::String(spelt(name))).collect()
            }
        }
    }

    /// Every entry, in the order of keys. An object's entries that its schema does not know are left
    /// out.
    pub fn iter(&self) -> impl Iterator<Item = (Key<'a>, Outcome<'a>)> + '_ {
        self.keys().into_iter().filter_map(|key| {
            let value = self.get(&key)?;
            Some((key, value))
        })
    }

    /// With one more entry; in place where nothing else holds this map.
    ///
    /// # Errors
    /// If there is such a key.
    pub(crate) fn insert(self, key: Key<'a>, value: Value<'a>) -> Result<Map<'a>, EvalError> {
        let mut entries = match self.0 {
            Entries::Values(entries) => entries,
            Entries::Json(..) => {
                let all = self.iter().map(|(key, value)| Ok((key, value?)));
                Arc::new(all.collect::<Result<_, EvalError>>()?)
            }
        };
        if entries.contains_key(&key) {
            let message = format!("insert failed: key {} already exists", key.value());
            return Err(EvalError::new(message));
        }
        Arc::make_mut(&mut entries).insert(key, value);
        Ok(Map(Entries::Values(entries)))
    }

    /// Whether a property is one that the schema tells of.
    fn knows(&self, property: &str) -> bool {
        match &self.0 {
            Entries::Json(_, Some(Schema { shape: Shape::Object { fields, .. }, .. })) => {
                escape(property).is_some_and(|it| fields.contains_key(&it))
            }
            Entries::Json(..) | Entries::Values(_) => true,
        }
    }

    /// Whether both have the same entries; properties that no schema tells of count as well.
    ///
    /// # Errors
    /// Of a value that does not fit its schema.
    pub fn equals(&self, other: &Map<'_>) -> Result<bool, EvalError> {
        if self.len() != other.len() {
            return Ok(false);
        }
        if let (Entries::Json(own, _), Entries::Json(others, _)) = (&self.0, &other.0) {
            let unknown = own.iter().filter(|it| !self.knows(it.0));
            if unknown.into_iter().any(|(name, value)| others.get(name) != Some(value)) {
                return Ok(false);
            }
        }
        for (key, value) in self.iter() {
            let same = match other.get(&key) {
                Some(another) => value?.equals(&another?)?,
                None => false,
            };
            if !same {
                return Ok(false);
            }
        }
        Ok(true)
    }
}
