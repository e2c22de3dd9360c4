//! Which objects are meant: by their labels, or by some of their fields.
//!
//! Upstream: `apimachinery/pkg/labels/selector.go`, `apis/meta/v1/helpers.go`.

mod fields;
mod parse;

pub use fields::{FieldSelector, FieldTerm};

use crate::names;
use serde_json::Value;
use std::{
    collections::{BTreeMap, BTreeSet},
    fmt,
};
use thiserror::Error;

/// Why a selector is none, in upstream's words.
#[derive(Clone, PartialEq, Eq, Debug, Error)]
#[error("{0}")]
pub struct SelectorError(pub String);

/// How a requirement's values relate to an object's.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub enum Operator {
    /// `=`
    Equals,
    /// `==`
    DoubleEquals,
    /// `!=`
    NotEquals,
    /// `in`
    In,
    /// `notin`
    NotIn,
    /// A key alone.
    Exists,
    /// `!`
    DoesNotExist,
    /// `>`
    GreaterThan,
    /// `<`
    LessThan,
}

/// What one label must be like.
#[derive(Clone, PartialEq, Eq, Debug)]
pub struct Requirement {
    key: String,
    operator: Operator,
    values: BTreeSet<String>,
}

impl Requirement {
    /// A requirement whose key and values are such as labels have.
    ///
    /// # Errors
    /// A key or a value that no label has; too few or too many values.
    pub fn new(
        key: &str,
        operator: Operator,
        values: BTreeSet<String>,
    ) -> Result<Self, SelectorError> {
        let mut faults = Vec::new();
        faults.extend(key_fault("key", key));
        faults.extend(values_fault(operator, &values));
        for (place, value) in values.iter().enumerate() {
            let told = names::label_value(value);
            if !told.is_empty() {
                let told = told.join("; ");
                faults.push(format!("values[{place}][{key}]: Invalid value: {value:?}: {told}"));
            }
        }
        match faults.as_slice() {
            [] => Ok(Self { key: key.to_owned(), operator, values }),
            [one] => Err(SelectorError(one.clone())),
            many => Err(SelectorError(format!("[{}]", many.join(", ")))),
        }
    }

    /// The label.
    pub fn key(&self) -> &str {
        &self.key
    }

    /// How its values relate to an object's.
    pub fn operator(&self) -> Operator {
        self.operator
    }

    /// Its values, in order.
    pub fn values(&self) -> impl Iterator<Item = &str> {
        self.values.iter().map(String::as_str)
    }

    /// Whether labels are so.
    pub fn matches(&self, labels: &BTreeMap<String, String>) -> bool {
        self.matches_value(labels.get(&self.key).map(String::as_str))
    }

    fn matches_value(&self, value: Option<&str>) -> bool {
        match self.operator {
            Operator::Equals | Operator::DoubleEquals | Operator::In => {
                value.is_some_and(|value| self.values.contains(value))
            }
            Operator::NotEquals | Operator::NotIn => {
                value.is_none_or(|value| !self.values.contains(value))
            }
            Operator::Exists => value.is_some(),
            Operator::DoesNotExist => value.is_none(),
            Operator::GreaterThan => self.compare(value).is_some_and(|(own, bound)| own > bound),
            Operator::LessThan => self.compare(value).is_some_and(|(own, bound)| own < bound),
        }
    }

    /// The label's number and the requirement's.
    fn compare(&self, value: Option<&str>) -> Option<(i64, i64)> {
        Some((value?.parse().ok()?, self.values.first()?.parse().ok()?))
    }
}

/// What is wrong with a key; the place is a field's path, or `<nil>`.
fn key_fault(place: &str, key: &str) -> Option<String> {
    let told = names::qualified_name(key);
    (!told.is_empty()).then(|| format!("{place}: Invalid value: {key:?}: {}", told.join("; ")))
}

fn values_fault(operator: Operator, values: &BTreeSet<String>) -> Option<String> {
    let (right, rule) = match operator {
        Operator::In | Operator::NotIn => {
            (!values.is_empty(), "for 'in', 'notin' operators, values set can't be empty")
        }
        Operator::Equals | Operator::DoubleEquals | Operator::NotEquals => {
            (values.len() == 1, "exact-match compatibility requires one single value")
        }
        Operator::Exists | Operator::DoesNotExist => {
            (values.is_empty(), "values set must be empty for exists and does not exist")
        }
        Operator::GreaterThan | Operator::LessThan => {
            (values.len() == 1, "for 'Gt', 'Lt' operators, exactly one value is required")
        }
    };
    if !right {
        return Some(format!("values: Invalid value: {}: {rule}", told(values)));
    }
    let number = matches!(operator, Operator::GreaterThan | Operator::LessThan);
    let bad = values.iter().find(|value| number && value.parse::<i64>().is_err())?;
    let rule = "for 'Gt', 'Lt' operators, the value must be an integer";
    Some(format!("values[0]: Invalid value: {bad:?}: {rule}"))
}

fn told(values: &BTreeSet<String>) -> String {
    let values: Vec<_> = values.iter().map(|value| format!("{value:?}")).collect();
    format!("[{}]", values.join(","))
}

impl fmt::Display for Requirement {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let key = &self.key;
        let values = self.values.iter().map(String::as_str).collect::<Vec<_>>().join(",");
        match self.operator {
            Operator::Equals => write!(f, "{key}={values}"),
            Operator::DoubleEquals => write!(f, "{key}=={values}"),
            Operator::NotEquals => write!(f, "{key}!={values}"),
            Operator::In => write!(f, "{key} in ({values})"),
            Operator::NotIn => write!(f, "{key} notin ({values})"),
            Operator::Exists => write!(f, "{key}"),
            Operator::DoesNotExist => write!(f, "!{key}"),
            Operator::GreaterThan => write!(f, "{key}>{values}"),
            Operator::LessThan => write!(f, "{key}<{values}"),
        }
    }
}

/// Which labels objects must have.
#[derive(Clone, PartialEq, Eq, Debug)]
pub struct LabelSelector {
    /// In order of their keys; no requirements at all where nothing is selected.
    requirements: Option<Vec<Requirement>>,
}

impl LabelSelector {
    /// Selects everything.
    pub fn everything() -> Self {
        Self { requirements: Some(Vec::new()) }
    }

    /// Selects nothing.
    pub fn nothing() -> Self {
        Self { requirements: None }
    }

    /// What all must hold; nothing where nothing is selected.
    pub fn requirements(&self) -> &[Requirement] {
        self.requirements.as_deref().unwrap_or_default()
    }

    /// Reads `a=b,c in (d,e),!f`.
    ///
    /// # Errors
    /// A text of another form, keys and values that no label has.
    pub fn parse(text: &str) -> Result<Self, SelectorError> {
        let mut requirements = parse::requirements(text)?;
        requirements.sort_by(|a, b| a.key.cmp(&b.key));
        Ok(Self { requirements: Some(requirements) })
    }

    /// Reads `metav1.LabelSelector`. An absent one selects nothing, an empty one everything.
    ///
    /// # Errors
    /// An unknown operator, keys and values that no label has.
    pub fn of(selector: Option<&Value>) -> Result<Self, SelectorError> {
        let Some(selector) = selector.filter(|selector| !selector.is_null()) else {
            return Ok(Self::nothing());
        };
        let mut requirements = Vec::new();
        for (key, value) in selector["matchLabels"].as_object().into_iter().flatten() {
            let value = value.as_str().unwrap_or_default().to_owned();
            requirements.push(Requirement::new(key, Operator::Equals, BTreeSet::from([value]))?);
        }
        for expression in selector["matchExpressions"].as_array().into_iter().flatten() {
            requirements.push(self::expression(expression)?);
        }
        requirements.sort_by(|a, b| a.key.cmp(&b.key));
        Ok(Self { requirements: Some(requirements) })
    }

    /// Selects objects that have these labels.
    ///
    /// # Errors
    /// Keys and values that no label has.
    pub fn of_labels(labels: &BTreeMap<String, String>) -> Result<Self, SelectorError> {
        let one = |(key, value): (&String, &String)| {
            Requirement::new(key, Operator::Equals, BTreeSet::from([value.clone()]))
        };
        let requirements = labels.iter().map(one).collect::<Result<_, _>>()?;
        Ok(Self { requirements: Some(requirements) })
    }

    /// Whether an object with such labels is meant.
    pub fn matches(&self, labels: &BTreeMap<String, String>) -> bool {
        self.requirements.as_ref().is_some_and(|all| all.iter().all(|one| one.matches(labels)))
    }

    /// Whether an object is meant, whose `metadata.labels` these are.
    pub fn matches_value(&self, labels: Option<&Value>) -> bool {
        let value = |key: &str| labels?.get(key)?.as_str();
        let matches = |one: &Requirement| one.matches_value(value(&one.key));
        self.requirements.as_ref().is_some_and(|all| all.iter().all(matches))
    }

    /// Whether every object is meant.
    pub fn is_everything(&self) -> bool {
        self.requirements.as_ref().is_some_and(Vec::is_empty)
    }
}

fn expression(expression: &Value) -> Result<Requirement, SelectorError> {
    let operator = match expression["operator"].as_str().unwrap_or_default() {
        "In" => Operator::In,
        "NotIn" => Operator::NotIn,
        "Exists" => Operator::Exists,
        "DoesNotExist" => Operator::DoesNotExist,
        other => {
            let text = format!("{other:?} is not a valid label selector operator");
            return Err(SelectorError(text));
        }
    };
    let values = expression["values"].as_array().into_iter().flatten();
    let values = values.filter_map(Value::as_str).map(str::to_owned).collect();
    Requirement::new(expression["key"].as_str().unwrap_or_default(), operator, values)
}

impl fmt::Display for LabelSelector {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let all = self.requirements.iter().flatten();
        let all: Vec<String> = all.map(ToString::to_string).collect();
        f.write_str(&all.join(","))
    }
}
