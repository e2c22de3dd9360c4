//! Ranges of what containers, pods and claims may ask for: least, most, defaults and ratios.

use super::resources;
use crate::{
    names,
    quantity::Quantity,
    validation::{error::Errors, field::Field},
};
use std::collections::BTreeSet;

const KINDS: [&str; 3] = ["Pod", "Container", "PersistentVolumeClaim"];
const LISTS: [&str; 5] = ["max", "min", "default", "defaultRequest", "maxLimitRequestRatio"];

pub(super) fn whole(object: &Field<'_>, errors: &mut Errors) {
    let mut seen = BTreeSet::new();
    for limit in object.down(&["spec", "limits"]).items() {
        let kind = limit.get("type");
        let before = errors.len();
        kind.check(names::qualified_name, errors);
        if errors.len() == before && !kind.text().contains('/') && !KINDS.contains(&kind.text()) {
            errors.push(kind.invalid("must be a standard limit type or fully qualified"));
        }
        if !seen.insert(kind.text()) {
            errors.push(kind.duplicate());
        }
        lists(&limit, errors);
        let keys = LISTS.iter().flat_map(|list| limit.get(list).entries().map(|(key, _)| key));
        keys.collect::<BTreeSet<_>>().into_iter().for_each(|key| compared(&limit, key, errors));
    }
}

fn lists(limit: &Field<'_>, errors: &mut Errors) {
    let kind = limit.get("type").text();
    for name in LISTS {
        let list = limit.get(name);
        if kind == "Pod" && name.starts_with("default") {
            if !list.is_empty() {
                errors.push(list.forbidden("may not be specified when `type` is 'Pod'"));
            }
            continue;
        }
        for (key, value) in list.entries() {
            match kind {
                "Pod" | "Container" => resources::container_name(&value, key, errors),
                _ => resources::name(&value, key, errors),
            }
        }
    }
    let storage = ["min", "max"].iter().any(|list| limit.get(list).key("storage").is_set());
    if kind == "PersistentVolumeClaim" && !storage {
        let why = "either minimum or maximum storage value is required, but neither was provided";
        errors.push(limit.get("limits").required(why));
    }
}

/// The amounts that a range tells of one resource.
fn compared(limit: &Field<'_>, key: &str, errors: &mut Errors) {
    let field = |list: &str| limit.get(list).key(key);
    let amount = |list: &str| Some(field(list)).filter(Field::is_set).map(|it| it.quantity());
    let is_pod = limit.get("type").text() == "Pod";
    let default = |list: &str| amount(list).filter(|_| !is_pod);
    let (min, max, ratio) = (amount("min"), amount("max"), amount("maxLimitRequestRatio"));
    let (own, request) = (default("default"), default("defaultRequest"));
    // The list complained of, the smaller amount with its name, the greater one with its.
    let orders = [
        ("min", "min", min, "max", max, min),
        ("defaultRequest", "min", min, "default request", request, request),
        ("defaultRequest", "default request", request, "max", max, request),
        ("defaultRequest", "default request", request, "default limit", own, request),
        ("default", "min", min, "default", own, min),
        ("default", "default", own, "max", max, max),
    ];
    for (list, small_name, small, large_name, large, told) in orders {
        if let (Some(small), Some(large), Some(told)) = (small, large, told)
            && small > large
        {
            let head = format!("{small_name} value {small} is greater than");
            let why = format!("{head} {large_name} value {large}");
            errors.push(field(list).invalid_as(told.to_string(), why));
        }
    }
    if let Some(ratio) = ratio {
        ratios(&field("maxLimitRequestRatio"), ratio, min.zip(max), errors);
    }
    if let Some((own, request)) = own.zip(request).filter(|(own, request)| own != request)
        && !resources::is_overcommitted(key)
    {
        let why =
            format!("default value {own} must equal to defaultRequest value {request} in {key}");
        errors.push(field("defaultRequest").invalid_as(request.to_string(), why));
    }
}

fn ratios(
    field: &Field<'_>,
    ratio: Quantity,
    bounds: Option<(Quantity, Quantity)>,
    errors: &mut Errors,
) {
    if ratio < Quantity::whole(1) {
        errors.push(field.invalid(format!("ratio {ratio} is less than 1")));
    }
    let Some((min, max)) = bounds else { return };
    // Milli-units are exact where they do not overflow.
    #[expect(clippy::cast_precision_loss, reason = "as upstream compares them")]
    let (most, told) =
        (max.milli_value() as f64 / min.milli_value() as f64, ratio.milli_value() as f64 / 1000.0);
    if told > most {
        errors.push(field.invalid(format!("ratio {ratio} is greater than max/min = {most:.6}")));
    }
}
