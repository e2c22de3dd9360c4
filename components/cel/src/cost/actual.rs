//! What a call costs, by what it is given.
//!
//! Upstream: cel-go `interpreter/runtimecost.go` (`costCall`), apiserver `pkg/cel/library/cost.go`
//! (`CallCost`).

use super::{
    AUTHORIZER_CHECK, PATTERN, SizeEstimate, TRAVERSAL, calls::selector_cost, range::scaled,
};
use crate::{ast::operator, value::Value};

/// Of a list that is written out.
pub(crate) const LIST_COST: u64 = 10;
/// Of a map that is written out.
pub(crate) const MAP_COST: u64 = 30;
/// Of an object that is written out.
pub(crate) const STRUCT_COST: u64 = 40;

/// What a call costs before its result is known.
pub(crate) fn of_call(function: &str, overload: &str, args: &[Value<'_>]) -> u64 {
    let size = |at: usize| args.get(at).map_or(1, Value::size);
    let traversal = |at: usize| scaled(size(at), TRAVERSAL);
    let twice = |at: usize| scaled(size(at), 2.0 * TRAVERSAL);
    match function {
        "check" => AUTHORIZER_CHECK,
        "isSorted" | "sum" | "max" | "min" | "indexOf" | "lastIndexOf" => {
            args.first().map_or(0, whole_traversal)
        }
        "url" | "lowerAscii" | "upperAscii" | "substring" | "trim" => traversal(0),
        "replace" | "split" => twice(0),
        "join" => 0,
        "jsonpatch.escapeKey" => traversal(0),
        "fieldSelector" | "labelSelector" => {
            let of = SizeEstimate::fixed(size(1));
            selector_cost(of).max
        }
        operator::EQUALS if matches!(args.first(), Some(Value::Opaque(_))) => 1,
        "find" | "findAll" => pattern_cost(size(0), size(1)),
        "cidr" | "isIP" | "isCIDR" | "quantity" | "isQuantity" | "semver" | "isSemver" => {
            traversal(0)
        }
        "ip" if overload != "cidr_ip" => traversal(0),
        "ip.isCanonical" => twice(0),
        "containsIP" => {
            let parsed = if overload.ends_with("_string") { traversal(1) } else { 0 };
            scaled(2 * size(0), TRAVERSAL) + parsed
        }
        "containsCIDR" => {
            let parsed = if overload.ends_with("_string") { traversal(1) } else { 0 };
            scaled(2 * size(0), TRAVERSAL) + traversal(0) + 1 + parsed
        }
        "sets.contains" | "sets.intersects" => size(0).saturating_mul(size(1)).saturating_add(1),
        "sets.equivalent" => size(0).saturating_mul(size(1)).saturating_mul(2).saturating_add(1),
        "validate" => pattern_cost(size(1), size(0)),
        _ => of_overload(overload, size(0), || size(1)),
    }
}

/// The part of a call's cost that its result decides.
pub(crate) fn of_result(function: &str, result: &Value<'_>) -> u64 {
    match function {
        "join" => scaled(result.size(), 2.0 * TRAVERSAL),
        _ => 0,
    }
}

fn of_overload(overload: &str, first: u64, second: impl Fn() -> u64) -> u64 {
    match overload {
        "starts_with_string" | "ends_with_string" | "string_to_bytes" | "bytes_to_string" => {
            scaled(first, TRAVERSAL)
        }
        "in_list" => second(),
        _ if compares_contents(overload) => scaled(first.min(second()), TRAVERSAL),
        "add_string" | "add_bytes" => scaled(first.saturating_add(second()), TRAVERSAL),
        "matches" | "matches_string" => pattern_cost(first, second()),
        "contains_string" => scaled(first, TRAVERSAL).saturating_mul(scaled(second(), TRAVERSAL)),
        _ => 1,
    }
}

/// Whether an overload looks at both of its values up to the shorter one's end.
pub(super) fn compares_contents(overload: &str) -> bool {
    matches!(
        overload,
        "less_string"
            | "greater_string"
            | "less_equals_string"
            | "greater_equals_string"
            | "less_bytes"
            | "greater_bytes"
            | "less_equals_bytes"
            | "greater_equals_bytes"
            | "equals"
            | "not_equals"
    )
}

/// A string of no length still costs: the pattern is compiled.
fn pattern_cost(text: u64, pattern: u64) -> u64 {
    scaled(text.saturating_add(1), TRAVERSAL).saturating_mul(scaled(pattern, PATTERN))
}

/// Every part of a value, strings by their bytes.
fn whole_traversal(value: &Value<'_>) -> u64 {
    let sum = |costs: &mut dyn Iterator<Item = u64>| costs.fold(0_u64, u64::saturating_add);
    match value {
        Value::String(it) => (it.len() as f64 * TRAVERSAL) as u64,
        Value::Bytes(it) => (it.len() as f64 * TRAVERSAL) as u64,
        Value::List(it) => sum(&mut it.iter().map(|it| it.as_ref().map_or(1, whole_traversal))),
        Value::Map(it) => sum(&mut it.iter().map(|(key, it)| {
            whole_traversal(&key.value()) + it.as_ref().map_or(1, whole_traversal)
        })),
        _ => 1,
    }
}
