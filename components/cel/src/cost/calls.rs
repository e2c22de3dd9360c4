//! What calls may cost, and how large their results may be.
//!
//! Upstream: cel-go `checker/cost.go` (`functionCost`), apiserver `pkg/cel/library/cost.go`
//! (`EstimateCallCost`).

use super::{
    AUTHORIZER_CHECK, CostEstimate, PATTERN, SizeEstimate, TRAVERSAL,
    actual::{LIST_COST, STRUCT_COST, compares_contents},
};
use crate::{ast::operator, types::Type};

/// An argument, as estimates see it.
#[derive(Clone, Debug)]
pub(super) struct Operand {
    /// What is known of its size.
    pub(super) size: SizeEstimate,
    /// Of a list, its elements' size, and whether these are strings or bytes.
    pub(super) items: Option<(SizeEstimate, bool)>,
    /// Its type.
    pub(super) of: Type,
    /// The number that it is, if it is written out.
    pub(super) number: Option<i64>,
}

impl Operand {
    pub(super) fn is_text(found: &Type) -> bool {
        matches!(found, Type::String | Type::Bytes)
    }
}

/// A call's own cost, and its result's size if that is known.
pub(super) type CallEstimate = (CostEstimate, Option<SizeEstimate>);

fn only(cost: CostEstimate) -> Option<CallEstimate> {
    Some((cost, None))
}

/// What only looks at a part of a value, or adds a part to a question.
const CHEAP: [&str; 38] = [
    "add",
    "allowed",
    "asApproximateFloat",
    "asInteger",
    "compareTo",
    "error",
    "errored",
    "family",
    "format.named",
    "getEscapedPath",
    "getHost",
    "getHostname",
    "getPort",
    "getQuery",
    "getScheme",
    "group",
    "isGlobalUnicast",
    "isGreaterThan",
    "isInteger",
    "isLessThan",
    "isLinkLocalMulticast",
    "isLinkLocalUnicast",
    "isLoopback",
    "isUnspecified",
    "major",
    "masked",
    "minor",
    "name",
    "namespace",
    "patch",
    "path",
    "prefixLength",
    "reason",
    "resource",
    "serviceAccount",
    "sign",
    "sub",
    "subresource",
];

/// Of Kubernetes' libraries; none for what they do not know.
pub(super) fn of_library(
    function: &str,
    overload: &str,
    target: Option<&Operand>,
    args: &[Operand],
) -> Option<CallEstimate> {
    let one = CostEstimate::fixed(1);
    match (function, target, args) {
        ("check", ..) => only(CostEstimate::fixed(AUTHORIZER_CHECK)),
        ("isSorted" | "sum" | "max" | "min" | "indexOf" | "lastIndexOf", Some(it), _) => {
            only(match it.items {
                Some((items, true)) => it.size.each(one.plus(items.cost(TRAVERSAL))),
                Some((_, false)) => it.size.each(one),
                None => it.size.cost(TRAVERSAL),
            })
        }
        ("url" | "jsonpatch.escapeKey", _, [text]) => {
            Some((text.size.cost(TRAVERSAL), Some(text.size)))
        }
        ("fieldSelector" | "labelSelector", _, [text]) => only(selector_cost(text.size)),
        ("validate", Some(_), [text]) => {
            let states = FORMAT_PATTERN_LENGTH_MAX * PATTERN;
            only(text.size.cost(TRAVERSAL).scaled(states))
        }
        (operator::EQUALS, _, [left, right]) if left.of == right.of => equality(&left.of),
        ("lowerAscii" | "upperAscii" | "substring" | "trim", Some(it), _) => {
            Some((it.size.cost(TRAVERSAL), Some(it.size)))
        }
        ("replace", Some(it), [from, to, ..]) => {
            let size = replaced(it.size, from.size, to.size);
            Some((it.size.cost(2.0 * TRAVERSAL), Some(size)))
        }
        ("split", Some(it), _) => {
            let limit = args.get(1).and_then(|it| it.number);
            let max = limit.map_or(it.size.max, |it| u64::try_from(it).unwrap_or(u64::MAX));
            Some((it.size.cost(2.0 * TRAVERSAL), Some(SizeEstimate { min: 0, max })))
        }
        ("join", Some(it), _) => {
            let size = joined(it, args.first());
            Some((size.cost(TRAVERSAL), Some(size)))
        }
        ("find" | "findAll", Some(it), [pattern, ..]) => {
            let size = SizeEstimate { min: 0, max: it.size.max };
            Some((pattern_cost(it.size, pattern.size), Some(size)))
        }
        ("containsIP" | "containsCIDR", Some(_), [other, ..]) => {
            only(contains(function, overload, other))
        }
        ("ip", Some(_), []) => only(one),
        ("sets.contains" | "sets.intersects", _, [left, right]) => {
            only(left.size.times(right.size).cost(1.0).plus(one))
        }
        ("sets.equivalent", _, [left, right]) => {
            only(left.size.times(right.size).cost(2.0).plus(one))
        }
        _ if CHEAP.contains(&function) => only(one),
        _ => None,
    }
}

/// The longest pattern of a named format (apiserver `MaxNameFormatRegexSize`).
const FORMAT_PATTERN_LENGTH_MAX: f64 = 128.0;
/// The longest name of a format (apiserver `MaxFormatSize`).
const FORMAT_LENGTH_MAX: u64 = 64;

/// Libraries' values are compared at once, whatever their size.
fn equality(of: &Type) -> Option<CallEstimate> {
    let Type::Opaque(name, inner) = of else { return None };
    match &**name {
        "kubernetes.NamedFormat" => {
            only(CostEstimate { min: 1, max: FORMAT_LENGTH_MAX }.scaled(TRAVERSAL))
        }
        "kubernetes.URL" => only(CostEstimate::fixed(1).scaled(TRAVERSAL)),
        _ if inner.is_empty() => only(CostEstimate::fixed(1)),
        _ => None,
    }
}

/// A selector is read and becomes a list of requirements, one for every two characters at most.
pub(super) fn selector_cost(length: SizeEstimate) -> CostEstimate {
    let requirements = length.cost(0.5).scaled((LIST_COST + STRUCT_COST) as f64);
    CostEstimate::fixed(LIST_COST).plus(length.cost(TRAVERSAL)).plus(requirements)
}

/// Two prefixes are compared byte by byte, four or sixteen of them.
fn contains(function: &str, overload: &str, other: &Operand) -> CostEstimate {
    let bytes = SizeEstimate { min: 4, max: 16 };
    let mut cost = bytes.plus(bytes).cost(TRAVERSAL);
    if function == "containsCIDR" {
        cost = cost.plus(bytes.cost(TRAVERSAL)).plus(CostEstimate::fixed(1));
    }
    if overload.ends_with("_string") {
        cost = cost.plus(other.size.cost(TRAVERSAL));
    }
    cost
}

/// The shortest and the longest that replacing can give.
fn replaced(size: SizeEstimate, from: SizeEstimate, to: SizeEstimate) -> SizeEstimate {
    let times = |length: u64, by: u64| (length as f64 / by as f64).ceil() as u64;
    let (count_max, kept_max) = if from.min == 0 {
        (size.max.saturating_add(1), size.max)
    } else if to.max <= from.min {
        (0, size.max)
    } else {
        (times(size.max, from.min), 0)
    };
    let (count_min, kept_min) = if from.max == 0 {
        (size.min.saturating_add(1), size.min)
    } else if from.max <= to.min {
        (0, size.min)
    } else {
        (times(size.min, from.max), 0)
    };
    let count = SizeEstimate { min: count_min, max: count_max };
    count.times(to).plus(SizeEstimate { min: kept_min, max: kept_max })
}

fn joined(list: &Operand, separator: Option<&Operand>) -> SizeEstimate {
    let items = list.items.map_or(SizeEstimate::fixed(0), |it| list.size.times(it.0));
    let Some(separator) = separator else { return items };
    let between =
        SizeEstimate { min: list.size.min.saturating_sub(1), max: list.size.max.saturating_sub(1) };
    items.plus(separator.size.times(between))
}

fn pattern_cost(text: SizeEstimate, pattern: SizeEstimate) -> CostEstimate {
    text.plus(SizeEstimate::fixed(1)).cost(TRAVERSAL).times(pattern.cost(PATTERN))
}

/// Of the language's own functions.
pub(super) fn of_overload(
    overload: &str,
    target: Option<&Operand>,
    args: &[Operand],
) -> CallEstimate {
    let known = match (overload, target, args) {
        ("string_to_bytes", _, [it]) => {
            let size = SizeEstimate { min: it.size.min, max: it.size.max.saturating_mul(4) };
            Some((it.size.cost(TRAVERSAL), Some(size)))
        }
        ("bytes_to_string", _, [it]) => {
            let size = SizeEstimate { min: it.size.min / 4, max: it.size.max };
            Some((it.size.cost(TRAVERSAL), Some(size)))
        }
        ("strings_quote", _, [it]) => {
            let max = it.size.max.saturating_mul(2).saturating_add(2);
            let size = SizeEstimate { min: it.size.min.saturating_add(2), max };
            Some((it.size.cost(TRAVERSAL), Some(size)))
        }
        ("string_format", Some(it), _) => only(it.size.cost(TRAVERSAL)),
        ("starts_with_string" | "ends_with_string", _, [it]) => only(it.size.cost(TRAVERSAL)),
        ("in_list", _, [_, list]) => only(list.size.cost(1.0)),
        ("matches_string", Some(it), [pattern]) => only(pattern_cost(it.size, pattern.size)),
        ("contains_string", Some(it), [part]) => {
            only(it.size.cost(TRAVERSAL).times(part.size.cost(TRAVERSAL)))
        }
        ("add_string" | "add_bytes", _, [left, right]) => {
            let size = left.size.plus(right.size);
            Some((size.cost(TRAVERSAL), Some(size)))
        }
        ("add_list", _, [left, right]) => {
            Some((CostEstimate::fixed(1), Some(left.size.plus(right.size))))
        }
        (overload, _, [left, right]) if compares_contents(overload) => {
            let max = left.size.max.min(right.size.max);
            only(CostEstimate { min: u64::from(max > 0), max }.scaled(TRAVERSAL))
        }
        _ => None,
    };
    known.unwrap_or((CostEstimate::fixed(1), None))
}
