//! The language's own operators, conversions and functions of strings and time.
//!
//! Upstream: cel-spec `doc/langdef.md` (Standard Definitions), cel-go `common/stdlib/standard.go`;
//! ids are those of `common/overloads`.

mod arithmetic;
mod conversions;
mod time;

use super::arguments::{boolean, text, value};
use crate::{
    ast::operator,
    functions::Functions,
    pattern,
    types::Type,
    value::{EvalError, Outcome, Value},
};
use std::cmp::Ordering;

pub(super) fn declare(f: &mut Functions) {
    declare_logic(f);
    arithmetic::declare(f);
    declare_order(f);
    conversions::declare(f);
    declare_strings(f);
    time::declare(f);
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
