//! Labels, and selectors of them.
//!
//! Upstream: apimachinery/pkg/apis/meta/v1/validation/validation.go.

use super::{error::Errors, field::Field};
use crate::{names, selector::LabelSelector};
use serde_json::Value;

/// Keys and values of labels. Messages name the map, not the key.
pub(super) fn labels(labels: &Field<'_>, errors: &mut Errors) {
    for (key, value) in labels.entries() {
        let keys = names::qualified_name(key).into_iter();
        errors.extend(keys.map(|why| labels.invalid_as(key, why)));
        let values = names::label_value(value.text()).into_iter();
        errors.extend(values.map(|why| labels.invalid_as(value.text(), why)));
    }
}

/// `metav1.LabelSelector`, which may be absent.
pub(super) fn selector(selector: &Field<'_>, errors: &mut Errors) {
    labels(&selector.get("matchLabels"), errors);
    selector.get("matchExpressions").items().for_each(|one| requirement(&one, errors));
}

fn requirement(one: &Field<'_>, errors: &mut Errors) {
    let (operator, values) = (one.get("operator"), one.get("values"));
    match operator.text() {
        "In" | "NotIn" if values.is_empty() => {
            let why = "must be specified when `operator` is 'In' or 'NotIn'";
            errors.push(values.required(why));
        }
        "Exists" | "DoesNotExist" if !values.is_empty() => {
            let why = "may not be specified when `operator` is 'Exists' or 'DoesNotExist'";
            errors.push(values.forbidden(why));
        }
        "In" | "NotIn" | "Exists" | "DoesNotExist" => {}
        _ => errors.push(operator.invalid_as(operator.text(), "not a valid selector operator")),
    }
    one.get("key").check(names::qualified_name, errors);
    values.items().for_each(|value| value.check(names::label_value, errors));
}

/// Whether a selector asks for nothing.
pub(super) fn is_empty(selector: &Field<'_>) -> bool {
    selector.get("matchLabels").is_empty() && selector.get("matchExpressions").is_empty()
}

/// A selector that must be there and ask for something.
pub(super) fn need(selector: &Field<'_>, empty: &str, errors: &mut Errors) {
    if !selector.is_set() {
        errors.push(selector.required(""));
        return;
    }
    self::selector(selector, errors);
    if is_empty(selector) {
        errors.push(selector.invalid(empty));
    }
}

/// Whether a selector chooses such labels; none where it is no selector.
pub(super) fn chooses(selector: &Field<'_>, labels: &Value) -> Option<bool> {
    let found = LabelSelector::of(Some(selector.value)).ok()?;
    Some(found.matches_value(Some(labels)))
}
