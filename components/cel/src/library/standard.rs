//! The language's own operators, conversions and functions of strings and time.
//!
//! Upstream: cel-spec `doc/langdef.md` (Standard Definitions), cel-go `common/stdlib/standard.go`;
//! ids are those of `common/overloads`.

use super::arguments::{boolean, fitting_list, fitting_string, taken, text, value};
use crate::{
    ast::operator,
    functions::Functions,
    pattern,
    types::Type,
    value::{Duration, EvalError, Outcome, Timestamp, Value},
};
use std::cmp::Ordering;

pub(super) fn declare(f: &mut Functions) {
    declare_logic(f);
    declare_arithmetic(f);
    declare_order(f);
    declare_conversions(f);
    declare_strings(f);
}

/// What is evaluated by rules of its own; the checker needs the types, nobody runs these.
fn declare_logic(f: &mut Functions) {
    let t = || Type::Param("T");
    f.global(operator::AND, "logical_and", &[Type::Bool, Type::Bool], Type::Bool, unreached);
    f.global(operator::OR, "logical_or", &[Type::Bool, Type::Bool], Type::Bool, unreached);
    f.global(operator::CONDITIONAL, "conditional", &[Type::Bool, t(), t()], t(), unreached);
    let strict = operator::NOT_STRICTLY_FALSE;
    f.global(strict, "not_strictly_false", &[Type::Bool], Type::Bool, unreached);
    f.global(operator::NOT, "logical_not", &[Type::Bool], Type::Bool, |args| {
        Ok(Value::Bool(!boolean(args, 0)?))
    });
    f.global(operator::EQUALS, "equals", &[t(), t()], Type::Bool, |args| {
        Ok(Value::Bool(value(args, 0)?.equals(value(args, 1)?)?))
    });
    f.global(operator::NOT_EQUALS, "not_equals", &[t(), t()], Type::Bool, |args| {
        Ok(Value::Bool(!value(args, 0)?.equals(value(args, 1)?)?))
    });
}

pub(super) fn unreached<'a>(_: &mut [Value<'a>]) -> Outcome<'a> {
    Err(EvalError::no_overload())
}

fn declare_arithmetic(f: &mut Functions) {
    use Type::{Bytes, Double, Duration, Int, String, Timestamp, Uint};
    let elements = Type::list(Type::Param("A"));
    let mut two = |name, id, left: Type, right: Type, result, run| {
        f.global(name, id, &[left, right], result, run);
    };
    two(operator::ADD, "add_bytes", Bytes, Bytes, Bytes, add);
    two(operator::ADD, "add_double", Double, Double, Double, add);
    two(operator::ADD, "add_duration_duration", Duration, Duration, Duration, add);
    two(operator::ADD, "add_duration_timestamp", Duration, Timestamp, Timestamp, add);
    two(operator::ADD, "add_timestamp_duration", Timestamp, Duration, Timestamp, add);
    two(operator::ADD, "add_int64", Int, Int, Int, add);
    two(operator::ADD, "add_list", elements.clone(), elements.clone(), elements, add);
    two(operator::ADD, "add_string", String, String, String, add);
    two(operator::ADD, "add_uint64", Uint, Uint, Uint, add);
    two(operator::SUBTRACT, "subtract_double", Double, Double, Double, subtract);
    two(operator::SUBTRACT, "subtract_duration_duration", Duration, Duration, Duration, subtract);
    two(operator::SUBTRACT, "subtract_int64", Int, Int, Int, subtract);
    let id = "subtract_timestamp_duration";
    two(operator::SUBTRACT, id, Timestamp, Duration, Timestamp, subtract);
    let id = "subtract_timestamp_timestamp";
    two(operator::SUBTRACT, id, Timestamp, Timestamp, Duration, subtract);
    two(operator::SUBTRACT, "subtract_uint64", Uint, Uint, Uint, subtract);
    two(operator::MULTIPLY, "multiply_double", Double, Double, Double, multiply);
    two(operator::MULTIPLY, "multiply_int64", Int, Int, Int, multiply);
    two(operator::MULTIPLY, "multiply_uint64", Uint, Uint, Uint, multiply);
    two(operator::DIVIDE, "divide_double", Double, Double, Double, divide);
    two(operator::DIVIDE, "divide_int64", Int, Int, Int, divide);
    two(operator::DIVIDE, "divide_uint64", Uint, Uint, Uint, divide);
    two(operator::MODULO, "modulo_int64", Int, Int, Int, modulo);
    two(operator::MODULO, "modulo_uint64", Uint, Uint, Uint, modulo);
    f.global(operator::NEGATE, "negate_int64", &[Int], Int, negate);
    f.global(operator::NEGATE, "negate_double", &[Double], Double, negate);
}

/// Whole numbers of both kinds, or an overflow.
fn whole<'a>(
    args: &[Value<'a>],
    int: fn(i64, i64) -> Option<i64>,
    uint: fn(u64, u64) -> Option<u64>,
) -> Outcome<'a> {
    match args {
        [Value::Int(one), Value::Int(other)] => {
            int(*one, *other).map(Value::Int).ok_or_else(EvalError::integer_overflow)
        }
        [Value::Uint(one), Value::Uint(other)] => {
            uint(*one, *other).map(Value::Uint).ok_or_else(EvalError::unsigned_overflow)
        }
        _ => Err(EvalError::no_overload()),
    }
}

fn timestamp<'a>(found: Option<Timestamp>) -> Outcome<'a> {
    found.map(Value::Timestamp).ok_or_else(|| EvalError::new("timestamp overflow"))
}

fn duration<'a>(nanos: Option<i64>) -> Outcome<'a> {
    let nanos = nanos.ok_or_else(|| EvalError::new("duration overflow"))?;
    Ok(Value::Duration(Duration { nanos }))
}

fn add<'a>(args: &mut [Value<'a>]) -> Outcome<'a> {
    match &*args {
        [Value::List(one), Value::List(other)] => {
            fitting_list(one.len().saturating_add(other.len()))?;
        }
        [Value::Double(one), Value::Double(other)] => return Ok(Value::Double(one + other)),
        [Value::String(one), Value::String(other)] => {
            fitting_string(one.len().saturating_add(other.len()))?;
            return Ok(Value::string([&**one, &**other].concat()));
        }
        [Value::Bytes(one), Value::Bytes(other)] => {
            fitting_string(one.len().saturating_add(other.len()))?;
            return Ok(Value::Bytes([&**one, &**other].concat().into()));
        }
        [Value::Duration(one), Value::Duration(other)] => {
            return duration(one.nanos.checked_add(other.nanos));
        }
        [Value::Duration(span), Value::Timestamp(at)]
        | [Value::Timestamp(at), Value::Duration(span)] => return timestamp(at.plus(*span)),
        numbers => return whole(numbers, i64::checked_add, u64::checked_add),
    }
    match (taken(args, 0), taken(args, 1)) {
        (Value::List(one), Value::List(other)) => Ok(Value::List(one.concat(&other)?)),
        _ => Err(EvalError::no_overload()),
    }
}

fn subtract<'a>(args: &mut [Value<'a>]) -> Outcome<'a> {
    match &*args {
        [Value::Double(one), Value::Double(other)] => Ok(Value::Double(one - other)),
        [Value::Duration(one), Value::Duration(other)] => {
            duration(one.nanos.checked_sub(other.nanos))
        }
        [Value::Timestamp(at), Value::Duration(span)] => {
            let back = span.nanos.checked_neg().map(|nanos| Duration { nanos });
            timestamp(back.and_then(|it| at.plus(it)))
        }
        [Value::Timestamp(one), Value::Timestamp(other)] => {
            duration(one.since(*other).map(|it| it.nanos))
        }
        numbers => whole(numbers, i64::checked_sub, u64::checked_sub),
    }
}

fn multiply<'a>(args: &mut [Value<'a>]) -> Outcome<'a> {
    match &*args {
        [Value::Double(one), Value::Double(other)] => Ok(Value::Double(one * other)),
        numbers => whole(numbers, i64::checked_mul, u64::checked_mul),
    }
}

fn divide<'a>(args: &mut [Value<'a>]) -> Outcome<'a> {
    match &*args {
        [Value::Double(one), Value::Double(other)] => Ok(Value::Double(one / other)),
        [_, Value::Int(0) | Value::Uint(0)] => Err(EvalError::new("division by zero")),
        numbers => whole(numbers, i64::checked_div, u64::checked_div),
    }
}

fn modulo<'a>(args: &mut [Value<'a>]) -> Outcome<'a> {
    match &*args {
        [_, Value::Int(0) | Value::Uint(0)] => Err(EvalError::new("modulus by zero")),
        numbers => whole(numbers, i64::checked_rem, u64::checked_rem),
    }
}

fn negate<'a>(args: &mut [Value<'a>]) -> Outcome<'a> {
    match &*args {
        [Value::Int(it)] => {
            it.checked_neg().map(Value::Int).ok_or_else(EvalError::integer_overflow)
        }
        [Value::Double(it)] => Ok(Value::Double(-it)),
        _ => Err(EvalError::no_overload()),
    }
}

/// `<` and its like: within a type, and between types of numbers.
fn declare_order(f: &mut Functions) {
    use Type::{Bool, Bytes, Double, Duration, Int, String, Timestamp, Uint};
    macro_rules! order {
        ($name:expr, $id:literal, $fits:expr) => {
            let run: crate::functions::Run = |args| {
                let order = value(args, 0)?.compare(value(args, 1)?)?;
                let fits: fn(Ordering) -> bool = $fits;
                Ok(Value::Bool(order.is_some_and(fits)))
            };
            for (id, left, right) in [
                (concat!($id, "_bool"), Bool, Bool),
                (concat!($id, "_int64"), Int, Int),
                (concat!($id, "_int64_double"), Int, Double),
                (concat!($id, "_int64_uint64"), Int, Uint),
                (concat!($id, "_uint64"), Uint, Uint),
                (concat!($id, "_uint64_double"), Uint, Double),
                (concat!($id, "_uint64_int64"), Uint, Int),
                (concat!($id, "_double"), Double, Double),
                (concat!($id, "_double_int64"), Double, Int),
                (concat!($id, "_double_uint64"), Double, Uint),
                (concat!($id, "_string"), String, String),
                (concat!($id, "_bytes"), Bytes, Bytes),
                (concat!($id, "_timestamp"), Timestamp, Timestamp),
                (concat!($id, "_duration"), Duration, Duration),
            ] {
                f.global($name, id, &[left, right], Bool, run);
            }
        };
    }
    order!(operator::LESS, "less", Ordering::is_lt);
    order!(operator::LESS_EQUALS, "less_equals", Ordering::is_le);
    order!(operator::GREATER, "greater", Ordering::is_gt);
    order!(operator::GREATER_EQUALS, "greater_equals", Ordering::is_ge);
}

fn declare_conversions(f: &mut Functions) {
    use Type::{Bool, Bytes, Double, Duration, Dyn, Int, String, Timestamp, Uint};
    macro_rules! convert {
        ($name:literal, $result:expr, $run:ident, $($id:literal $from:expr),+) => {
            $(f.global($name, $id, &[$from], $result, |args| value(args, 0)?.$run());)+
        };
    }
    convert!("bool", Bool, to_bool, "bool_to_bool" Bool, "string_to_bool" String);
    convert!("bytes", Bytes, to_bytes, "bytes_to_bytes" Bytes, "string_to_bytes" String);
    convert!("double", Double, to_double, "double_to_double" Double, "int64_to_double" Int,
        "string_to_double" String, "uint64_to_double" Uint);
    convert!("duration", Duration, to_duration, "duration_to_duration" Duration,
        "int64_to_duration" Int, "string_to_duration" String);
    convert!("int", Int, to_int, "int64_to_int64" Int, "double_to_int64" Double,
        "duration_to_int64" Duration, "string_to_int64" String, "timestamp_to_int64" Timestamp,
        "uint64_to_int64" Uint);
    convert!("string", String, to_text, "string_to_string" String, "bool_to_string" Bool,
        "bytes_to_string" Bytes, "double_to_string" Double, "duration_to_string" Duration,
        "int64_to_string" Int, "timestamp_to_string" Timestamp, "uint64_to_string" Uint);
    convert!("timestamp", Timestamp, to_timestamp, "timestamp_to_timestamp" Timestamp,
        "int64_to_timestamp" Int, "string_to_timestamp" String);
    convert!("uint", Uint, to_uint, "uint64_to_uint64" Uint, "double_to_uint64" Double,
        "int64_to_uint64" Int, "string_to_uint64" String);
    let a = || Type::Param("A");
    f.global("dyn", "to_dyn", &[a()], Dyn, |args| Ok(taken(args, 0)));
    f.global("type", "type", &[a()], Type::of(a()), |args| {
        Ok(Value::Type(value(args, 0)?.type_of()))
    });
}

fn declare_strings(f: &mut Functions) {
    use Type::{Bool, String};
    let two = [String, String];
    f.member("contains", "contains_string", &two, Bool, |args| {
        Ok(Value::Bool(text(args, 0)?.contains(text(args, 1)?)))
    });
    f.member("startsWith", "starts_with_string", &two, Bool, |args| {
        Ok(Value::Bool(text(args, 0)?.starts_with(text(args, 1)?)))
    });
    f.member("endsWith", "ends_with_string", &two, Bool, |args| {
        Ok(Value::Bool(text(args, 0)?.ends_with(text(args, 1)?)))
    });
    f.global("matches", "matches", &two, Bool, matches);
    f.member("matches", "matches_string", &two, Bool, matches);
}

fn matches<'a>(args: &mut [Value<'a>]) -> Outcome<'a> {
    let pattern = pattern::of(value(args, 1)?)?;
    Ok(Value::Bool(pattern.regex().is_match(text(args, 0)?)))
}

/// The parts of moments and spans.
pub(super) fn declare_time(f: &mut Functions) {
    use Type::{Duration, Int, String, Timestamp};
    macro_rules! part {
        ($name:literal, $id:literal, $id_zone:literal, $part:expr) => {
            f.member($name, $id, &[Timestamp], Int, |args| civil(args, $part));
            f.member($name, $id_zone, &[Timestamp, String], Int, |args| civil(args, $part));
        };
    }
    part!("getFullYear", "timestamp_to_year", "timestamp_to_year_with_tz", |it| it.year);
    part!("getMonth", "timestamp_to_month", "timestamp_to_month_with_tz", |it| it.month - 1);
    part!("getDayOfYear", "timestamp_to_day_of_year", "timestamp_to_day_of_year_with_tz", |it| {
        it.day_of_year
    });
    part!(
        "getDayOfMonth",
        "timestamp_to_day_of_month",
        "timestamp_to_day_of_month_with_tz",
        |it| it.day - 1
    );
    part!(
        "getDate",
        "timestamp_to_day_of_month_1_based",
        "timestamp_to_day_of_month_1_based_with_tz",
        |it| it.day
    );
    part!("getDayOfWeek", "timestamp_to_day_of_week", "timestamp_to_day_of_week_with_tz", |it| {
        it.weekday
    });
    part!("getHours", "timestamp_to_hours", "timestamp_to_hours_with_tz", |it| it.hour);
    part!("getMinutes", "timestamp_to_minutes", "timestamp_to_minutes_tz", |it| it.minute);
    part!("getSeconds", "timestamp_to_seconds", "timestamp_to_seconds_tz", |it| it.second);
    part!(
        "getMilliseconds",
        "timestamp_to_milliseconds",
        "timestamp_to_milliseconds_with_tz",
        |it| { i64::from(it.nanos / 1_000_000) }
    );
    macro_rules! span {
        ($name:literal, $id:literal, $unit:expr) => {
            f.member($name, $id, &[Duration], Int, |args| match args {
                [Value::Duration(it)] => Ok(Value::Int(it.nanos / $unit)),
                _ => Err(EvalError::no_overload()),
            });
        };
    }
    span!("getHours", "duration_to_hours", 3_600_000_000_000);
    span!("getMinutes", "duration_to_minutes", 60_000_000_000);
    span!("getSeconds", "duration_to_seconds", 1_000_000_000);
    span!("getMilliseconds", "duration_to_milliseconds", 1_000_000);
}

fn civil<'a>(args: &[Value<'a>], part: fn(crate::value::time::Civil) -> i64) -> Outcome<'a> {
    let (at, zone) = match args {
        [Value::Timestamp(at)] => (at, ""),
        [Value::Timestamp(at), Value::String(zone)] => (at, &**zone),
        _ => return Err(EvalError::no_overload()),
    };
    let unknown = || EvalError::new(format!("unknown time zone {zone}"));
    Ok(Value::Int(part(at.civil(zone).ok_or_else(unknown)?)))
}
