//! Limits of numbers.
//!
//! Upstream: kube-openapi's pkg/validation/validate/validator.go (numberValidator) and values.go.

use super::{Outcome, wrong};
use crate::structural::Structural;
use serde_json::Value;

/// Checks a number.
pub(super) fn check(schema: &Structural, value: &Value, path: &str, out: &mut Outcome) {
    let limits = &schema.limits;
    let Some(number) = value.as_f64() else { return };
    if let Some(factor) = limits.multiple_of
        && !is_multiple(value, number, factor)
    {
        out.add(wrong(path, value, &format!("should be a multiple of {factor}")));
    }
    if let Some(most) = limits.maximum {
        let exclusive = limits.exclusive_maximum;
        if number > most || (exclusive && number >= most) {
            let than = if exclusive { "less than" } else { "less than or equal to" };
            out.add(wrong(path, value, &format!("should be {than} {most}")));
        }
    }
    if let Some(least) = limits.minimum {
        let exclusive = limits.exclusive_minimum;
        if number < least || (exclusive && number <= least) {
            let than = if exclusive { "greater than" } else { "greater than or equal to" };
            out.add(wrong(path, value, &format!("should be {than} {least}")));
        }
    }
    out.matches += 1;
}

/// Whole numbers exactly, others as floating point does it.
fn is_multiple(value: &Value, number: f64, factor: f64) -> bool {
    #[allow(clippy::cast_possible_truncation)]
    let whole = (factor.fract() == 0.0 && factor.abs() < 1e15).then_some(factor as i64);
    match (value.as_i64(), whole) {
        (Some(value), Some(factor)) if factor != 0 => value % factor == 0,
        _ => (number / factor).fract() == 0.0,
    }
}
