//! `+`, `-`, `*`, `/`, `%`.
//!
//! Upstream: cel-go `common/types`, with its overflows and its divisions by zero.

use crate::{
    ast::operator,
    functions::Functions,
    library::arguments::{fitting_list, fitting_string, taken},
    types::Type,
    value::{Duration, EvalError, Outcome, Timestamp, Value},
};

pub(super) fn declare(f: &mut Functions) {
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
