//! `isSorted`, `sum`, `min`, `max`, `indexOf`, `lastIndexOf` of lists.
//!
//! Upstream: apiserver `pkg/cel/library/lists.go`.

use super::arguments::{list, value};
use crate::{
    functions::Functions,
    types::Type,
    value::{Duration, EvalError, Outcome, Value},
};
use std::cmp::Ordering;

/// Types whose values have an order, and what each is called in ids.
const ORDERED: [(Type, [&str; 3]); 8] = [
    (Type::Int, ["list_int_is_sorted_bool", "list_int_min_int", "list_int_max_int"]),
    (Type::Uint, ["list_uint_is_sorted_bool", "list_uint_min_uint", "list_uint_max_uint"]),
    (
        Type::Double,
        ["list_double_is_sorted_bool", "list_double_min_double", "list_double_max_double"],
    ),
    (Type::Bool, ["list_bool_is_sorted_bool", "list_bool_min_bool", "list_bool_max_bool"]),
    (
        Type::Duration,
        [
            "list_duration_is_sorted_bool",
            "list_duration_min_duration",
            "list_duration_max_duration",
        ],
    ),
    (
        Type::Timestamp,
        [
            "list_timestamp_is_sorted_bool",
            "list_timestamp_min_timestamp",
            "list_timestamp_max_timestamp",
        ],
    ),
    (
        Type::String,
        ["list_string_is_sorted_bool", "list_string_min_string", "list_string_max_string"],
    ),
    (Type::Bytes, ["list_bytes_is_sorted_bool", "list_bytes_min_bytes", "list_bytes_max_bytes"]),
];

pub(super) fn declare(f: &mut Functions) {
    for (of, [sorted, min, max]) in ORDERED {
        let elements = [Type::list(of.clone())];
        f.member("isSorted", sorted, &elements, Type::Bool, is_sorted);
        f.member("min", min, &elements, of.clone(), |args| extreme(args, "min", Ordering::Less));
        f.member("max", max, &elements, of, |args| extreme(args, "max", Ordering::Greater));
    }
    let mut sum = |id, of: Type, run| f.member("sum", id, &[Type::list(of.clone())], of, run);
    sum("list_int_sum_int", Type::Int, |args| total(args, Value::Int(0)));
    sum("list_uint_sum_uint", Type::Uint, |args| total(args, Value::Uint(0)));
    sum("list_double_sum_double", Type::Double, |args| total(args, Value::Double(0.0)));
    sum("list_duration_sum_duration", Type::Duration, |args| {
        total(args, Value::Duration(Duration::default()))
    });
    let search = [Type::list(Type::Param("T")), Type::Param("T")];
    f.member("indexOf", "list_a_index_of_int", &search, Type::Int, |args| position(args, false));
    let id = "list_a_last_index_of_int";
    f.member("lastIndexOf", id, &search, Type::Int, |args| position(args, true));
}

fn is_sorted<'a>(args: &mut [Value<'a>]) -> Outcome<'a> {
    let mut last: Option<Value<'_>> = None;
    for item in list(args, 0)?.iter() {
        let item = item?;
        if let Some(last) = &last
            && last.compare(&item)?.is_none_or(Ordering::is_gt)
        {
            return Ok(Value::Bool(false));
        }
        last = Some(item);
    }
    Ok(Value::Bool(true))
}

fn extreme<'a>(args: &mut [Value<'a>], name: &str, wanted: Ordering) -> Outcome<'a> {
    let mut best: Option<Value<'a>> = None;
    for item in list(args, 0)?.iter() {
        let item = item?;
        let better = match &best {
            None => true,
            Some(best) => item.compare(best)? == Some(wanted),
        };
        if better {
            best = Some(item);
        }
    }
    best.ok_or_else(|| EvalError::new(format!("{name} called on empty list")))
}

fn total<'a>(args: &mut [Value<'a>], zero: Value<'a>) -> Outcome<'a> {
    let mut sum = zero;
    for item in list(args, 0)?.iter() {
        sum = match (sum, item?) {
            (Value::Int(sum), Value::Int(it)) => {
                Value::Int(sum.checked_add(it).ok_or_else(EvalError::integer_overflow)?)
            }
            (Value::Uint(sum), Value::Uint(it)) => {
                Value::Uint(sum.checked_add(it).ok_or_else(EvalError::unsigned_overflow)?)
            }
            (Value::Double(sum), Value::Double(it)) => Value::Double(sum + it),
            (Value::Duration(sum), Value::Duration(it)) => {
                let nanos = sum.nanos.checked_add(it.nanos);
                let nanos = nanos.ok_or_else(|| EvalError::new("duration overflow"))?;
                Value::Duration(Duration { nanos })
            }
            _ => return Err(EvalError::no_overload()),
        };
    }
    Ok(sum)
}

fn position<'a>(args: &mut [Value<'a>], last: bool) -> Outcome<'a> {
    let wanted = value(args, 1)?;
    let mut found = -1;
    for (at, item) in list(args, 0)?.iter().enumerate() {
        if item?.equals(wanted)? {
            found = i64::try_from(at).unwrap_or(i64::MAX);
            if !last {
                break;
            }
        }
    }
    Ok(Value::Int(found))
}
