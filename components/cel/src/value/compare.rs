//! Equality and order, across the types of numbers.
//!
//! Upstream: cel-go `common/types/compare.go`; values of other types are unequal, not an error.

use super::{EvalError, Value};
use std::cmp::Ordering;

impl Value<'_> {
    /// `==`.
    ///
    /// # Errors
    /// Of an element that does not fit its schema.
    pub fn equals(&self, other: &Value<'_>) -> Result<bool, EvalError> {
        Ok(match (self, other) {
            (Value::Null, Value::Null) => true,
            (Value::Bool(one), Value::Bool(other)) => one == other,
            (Value::String(one), Value::String(other)) => **one == **other,
            (Value::Bytes(one), Value::Bytes(other)) => one == other,
            (Value::Timestamp(one), Value::Timestamp(other)) => one == other,
            (Value::Duration(one), Value::Duration(other)) => one == other,
            (Value::List(one), Value::List(other)) => one.equals(other)?,
            (Value::Map(one), Value::Map(other)) => one.equals(other)?,
            (Value::Type(one), Value::Type(other)) => one.name() == other.name(),
            (Value::Optional(None), Value::Optional(None)) => true,
            (Value::Optional(Some(one)), Value::Optional(Some(other))) => one.equals(other)?,
            (Value::Opaque(one), Value::Opaque(other)) => one.equals(other.as_ref()),
            (Value::Struct(one), Value::Struct(other)) => {
                let same_names = one.fields.keys().eq(other.fields.keys());
                let mut same = one.type_name == other.type_name && same_names;
                for (one, other) in one.fields.values().zip(other.fields.values()) {
                    same = same && one.equals(other)?;
                }
                same
            }
            _ => matches!(numbers(self, other), Some(Some(Ordering::Equal))),
        })
    }

    /// How it stands to another; none if one of them is not a number.
    ///
    /// # Errors
    /// If they have no order.
    pub fn compare(&self, other: &Value<'_>) -> Result<Option<Ordering>, EvalError> {
        Ok(match (self, other) {
            (Value::Bool(one), Value::Bool(other)) => Some(one.cmp(other)),
            (Value::String(one), Value::String(other)) => Some((**one).cmp(&**other)),
            (Value::Bytes(one), Value::Bytes(other)) => Some(one.cmp(other)),
            (Value::Timestamp(one), Value::Timestamp(other)) => Some(one.cmp(other)),
            (Value::Duration(one), Value::Duration(other)) => Some(one.cmp(other)),
            _ => numbers(self, other).ok_or_else(EvalError::no_overload)?,
        })
    }
}

/// None if one of them is no number; inside, none if one is NaN.
fn numbers(one: &Value<'_>, other: &Value<'_>) -> Option<Option<Ordering>> {
    if let (Value::Double(one), Value::Double(other)) = (one, other) {
        return Some(one.partial_cmp(other));
    }
    match (whole(one), whole(other)) {
        (Some(one), Some(other)) => Some(Some(one.cmp(&other))),
        (Some(one), None) => real(other).map(|other| against(one, other)),
        (None, Some(other)) => real(one).map(|one| against(other, one).map(Ordering::reverse)),
        (None, None) => None,
    }
}

fn whole(value: &Value<'_>) -> Option<i128> {
    match value {
        Value::Int(it) => Some(i128::from(*it)),
        Value::Uint(it) => Some(i128::from(*it)),
        _ => None,
    }
}

fn real(value: &Value<'_>) -> Option<f64> {
    match value {
        Value::Double(it) => Some(*it),
        _ => None,
    }
}

/// Exact: a whole number beyond 2^53 is not rounded to compare it.
fn against(whole: i128, real: f64) -> Option<Ordering> {
    if real.is_nan() {
        return None;
    }
    let order = whole.cmp(&(real.trunc() as i128));
    Some(order.then_with(|| 0.0_f64.partial_cmp(&real.fract()).unwrap_or(Ordering::Equal)))
}
