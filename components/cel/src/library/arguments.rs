//! How functions take their arguments apart.
//!
//! A call is only dispatched to an overload that takes its arguments' types, so a failure here is a
//! value inside of a list or map that its type did not tell.

use crate::value::{EvalError, List, Map, Opaque, Value};
use std::sync::Arc;

/// A string may become so long: more than any request holds.
const STRING_BYTES_MAX: usize = 16 << 20;
/// A list may become so long.
const LIST_ITEMS_MAX: usize = 1 << 20;

pub(super) fn text<'v>(args: &'v [Value<'_>], at: usize) -> Result<&'v str, EvalError> {
    args.get(at).and_then(Value::as_str).ok_or_else(EvalError::no_overload)
}

pub(super) fn int(args: &[Value<'_>], at: usize) -> Result<i64, EvalError> {
    match args.get(at) {
        Some(Value::Int(it)) => Ok(*it),
        _ => Err(EvalError::no_overload()),
    }
}

pub(super) fn boolean(args: &[Value<'_>], at: usize) -> Result<bool, EvalError> {
    match args.get(at) {
        Some(Value::Bool(it)) => Ok(*it),
        _ => Err(EvalError::no_overload()),
    }
}

pub(super) fn list<'v, 'a>(args: &'v [Value<'a>], at: usize) -> Result<&'v List<'a>, EvalError> {
    match args.get(at) {
        Some(Value::List(it)) => Ok(it),
        _ => Err(EvalError::no_overload()),
    }
}

pub(super) fn map<'v, 'a>(args: &'v [Value<'a>], at: usize) -> Result<&'v Map<'a>, EvalError> {
    match args.get(at) {
        Some(Value::Map(it)) => Ok(it),
        _ => Err(EvalError::no_overload()),
    }
}

pub(super) fn optional<'v, 'a>(
    args: &'v [Value<'a>],
    at: usize,
) -> Result<&'v Option<Arc<Value<'a>>>, EvalError> {
    match args.get(at) {
        Some(Value::Optional(it)) => Ok(it),
        _ => Err(EvalError::no_overload()),
    }
}

pub(super) fn opaque<'v, T: Opaque>(args: &'v [Value<'_>], at: usize) -> Result<&'v T, EvalError> {
    args.get(at).and_then(Value::downcast).ok_or_else(EvalError::no_overload)
}

pub(super) fn value<'v, 'a>(args: &'v [Value<'a>], at: usize) -> Result<&'v Value<'a>, EvalError> {
    args.get(at).ok_or_else(EvalError::no_overload)
}

/// Takes an argument out, so that it can be changed in place.
pub(super) fn taken<'a>(args: &mut [Value<'a>], at: usize) -> Value<'a> {
    args.get_mut(at).map_or(Value::Null, |it| std::mem::replace(it, Value::Null))
}

/// Refuses a string before it is made.
pub(super) fn fitting_string(bytes: usize) -> Result<(), EvalError> {
    match bytes > STRING_BYTES_MAX {
        true => Err(EvalError::new("string size exceeds limit")),
        false => Ok(()),
    }
}

/// Refuses a list before it is made.
pub(super) fn fitting_list(items: usize) -> Result<(), EvalError> {
    match items > LIST_ITEMS_MAX {
        true => Err(EvalError::new("list size exceeds limit")),
        false => Ok(()),
    }
}
