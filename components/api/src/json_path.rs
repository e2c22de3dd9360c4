//! JSONPath as Kubernetes knows it: `.status.conditions[?(@.type=="Ready")].status`.
//!
//! Upstream: client-go's util/jsonpath. Here is what columns of custom resources need: fields,
//! indices, wildcards, descent and filters, but no ranges and no unions.

mod parse;

use serde_json::Value;
use thiserror::Error;

/// No more values are looked for: descents within descents find the same ones over and over.
const MAX_FOUND: usize = 10_000;

/// A text that is no path.
#[derive(Clone, PartialEq, Eq, Debug, Error)]
#[error("{0}")]
pub struct JsonPathError(String);

/// A way to values within a value.
#[derive(Clone, PartialEq, Debug)]
pub struct JsonPath {
    steps: Vec<Step>,
}

#[derive(Clone, PartialEq, Debug)]
enum Step {
    /// `.name`, `['name']`.
    Field(String),
    /// `[0]`; `[-1]` is the last.
    Index(i64),
    /// `.*`, `[*]`.
    Each,
    /// `..`: the value and all within it.
    Descend,
    /// `[?(@.name=="value")]`.
    Filter(Filter),
}

#[derive(Clone, PartialEq, Debug)]
struct Filter {
    path: Vec<Step>,
    test: Option<(Operator, Value)>,
}

#[derive(Clone, Copy, PartialEq, Eq, Debug)]
enum Operator {
    Equal,
    NotEqual,
    Less,
    LessOrEqual,
    Greater,
    GreaterOrEqual,
}

impl JsonPath {
    /// Reads a path; the braces that templates have around it are not part of it.
    ///
    /// # Errors
    /// If it is none.
    pub fn parse(text: &str) -> Result<Self, JsonPathError> {
        Ok(Self { steps: parse::steps(text)? })
    }

    /// The values that it leads to, in their order; none where there is nothing.
    pub fn find<'v>(&self, value: &'v Value) -> Vec<&'v Value> {
        follow(&self.steps, value)
    }
}

fn follow<'v>(steps: &[Step], value: &'v Value) -> Vec<&'v Value> {
    steps.iter().fold(vec![value], |found, step| {
        found.into_iter().flat_map(|value| step.take(value)).take(MAX_FOUND).collect()
    })
}

impl Step {
    fn take<'v>(&self, value: &'v Value) -> Vec<&'v Value> {
        match (self, value) {
            (Self::Field(name), Value::Object(fields)) => fields.get(name).into_iter().collect(),
            (Self::Index(place), Value::Array(items)) => {
                let from_end = |back: u64| items.len().checked_sub(usize::try_from(back).ok()?);
                let place = match place {
                    0.. => usize::try_from(*place).ok(),
                    _ => from_end(place.unsigned_abs()),
                };
                place.and_then(|place| items.get(place)).into_iter().collect()
            }
            (Self::Each, value) => inside(value),
            (Self::Descend, value) => {
                let within = inside(value).into_iter().flat_map(|it| self.take(it));
                std::iter::once(value).chain(within).collect()
            }
            (Self::Filter(filter), Value::Array(items)) => {
                items.iter().filter(|item| filter.holds(item)).collect()
            }
            _ => Vec::new(),
        }
    }
}

fn inside(value: &Value) -> Vec<&Value> {
    match value {
        Value::Object(fields) => fields.values().collect(),
        Value::Array(items) => items.iter().collect(),
        _ => Vec::new(),
    }
}

impl Filter {
    fn holds(&self, item: &Value) -> bool {
        let found = follow(&self.path, item).into_iter().next();
        match (&self.test, found) {
            (None, found) => found.is_some(),
            (Some((operator, wanted)), Some(found)) => operator.holds(found, wanted),
            (Some(_), None) => false,
        }
    }
}

impl Operator {
    /// Values of different types are neither equal nor in any order.
    fn holds(self, found: &Value, wanted: &Value) -> bool {
        let order = match (found, wanted) {
            (Value::String(found), Value::String(wanted)) => Some(found.cmp(wanted)),
            (Value::Bool(found), Value::Bool(wanted)) => Some(found.cmp(wanted)),
            (Value::Number(found), Value::Number(wanted)) => {
                found.as_f64().zip(wanted.as_f64()).and_then(|(one, other)| one.partial_cmp(&other))
            }
            _ => None,
        };
        order.is_some_and(|order| match self {
            Self::Equal => order.is_eq(),
            Self::NotEqual => order.is_ne(),
            Self::Less => order.is_lt(),
            Self::LessOrEqual => order.is_le(),
            Self::Greater => order.is_gt(),
            Self::GreaterOrEqual => order.is_ge(),
        })
    }
}
