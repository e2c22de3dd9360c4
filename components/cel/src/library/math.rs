//! `math.least` and its kin, which Kubernetes does not offer.
//!
//! Upstream: cel-go `ext/math.go`, version 1 and the bits of version 0.

use super::arguments::{int, list, value};
use crate::{
    functions::Functions,
    types::Type,
    value::{EvalError, Outcome, Value},
};
use std::cmp::Ordering;

pub(super) fn declare(f: &mut Functions) {
    use Type::{Bool, Double, Dyn, Int};
    for count in 1..=4 {
        let args = vec![Dyn; count];
        f.global("math.least", "math_@min", &args, Dyn, |args| extreme(args, Ordering::Less));
        f.global("math.greatest", "math_@max", &args, Dyn, |args| extreme(args, Ordering::Greater));
    }
    macro_rules! real {
        ($name:literal, $id:literal, $apply:expr) => {
            f.global($name, $id, &[Double], Double, |args| {
                let apply: fn(f64) -> f64 = $apply;
                Ok(Value::Double(apply(double(args)?)))
            });
        };
    }
    real!("math.ceil", "math_ceil_double", f64::ceil);
    real!("math.floor", "math_floor_double", f64::floor);
    real!("math.round", "math_round_double", f64::round);
    real!("math.trunc", "math_trunc_double", f64::trunc);
    f.global("math.isNaN", "math_isNaN_double", &[Double], Bool, |args| {
        Ok(Value::Bool(double(args)?.is_nan()))
    });
    f.global("math.isInf", "math_isInf_double", &[Double], Bool, |args| {
        Ok(Value::Bool(double(args)?.is_infinite()))
    });
    f.global("math.isFinite", "math_isFinite_double", &[Double], Bool, |args| {
        Ok(Value::Bool(double(args)?.is_finite()))
    });
    f.global("math.abs", "math_abs_int", &[Int], Int, |args| {
        int(args, 0)?.checked_abs().map(Value::Int).ok_or_else(EvalError::integer_overflow)
    });
    real!("math.abs", "math_abs_double", f64::abs);
    f.global("math.sign", "math_sign_int", &[Int], Int, |args| {
        Ok(Value::Int(int(args, 0)?.signum()))
    });
    declare_bits(f);
}

fn declare_bits(f: &mut Functions) {
    use Type::Int;
    macro_rules! bits {
        ($name:literal, $id:literal, $apply:expr) => {
            f.global($name, $id, &[Int, Int], Int, |args| {
                let apply: fn(i64, i64) -> i64 = $apply;
                Ok(Value::Int(apply(int(args, 0)?, int(args, 1)?)))
            });
        };
    }
    bits!("math.bitAnd", "math_bitAnd_int_int", |one, other| one & other);
    bits!("math.bitOr", "math_bitOr_int_int", |one, other| one | other);
    bits!("math.bitXor", "math_bitXor_int_int", |one, other| one ^ other);
    f.global("math.bitNot", "math_bitNot_int_int", &[Int], Int, |args| {
        Ok(Value::Int(!int(args, 0)?))
    });
}

fn double(args: &[Value<'_>]) -> Result<f64, EvalError> {
    match value(args, 0)? {
        Value::Double(it) => Ok(*it),
        _ => Err(EvalError::no_overload()),
    }
}

/// Of the arguments, or of the elements of one list.
fn extreme<'a>(args: &mut [Value<'a>], wanted: Ordering) -> Outcome<'a> {
    let items = match list(args, 0) {
        Ok(list) if args.len() == 1 => list.values()?,
        _ => args.to_vec(),
    };
    let mut best: Option<Value<'a>> = None;
    for item in items {
        if !matches!(item, Value::Int(_) | Value::Uint(_) | Value::Double(_)) {
            return Err(EvalError::no_overload());
        }
        let better = match &best {
            None => true,
            Some(best) => item.compare(best)? == Some(wanted),
        };
        if better {
            best = Some(item);
        }
    }
    best.ok_or_else(|| EvalError::new("math.@min(list) argument must not be empty"))
}
