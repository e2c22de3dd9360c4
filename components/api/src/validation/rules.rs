//! Checks that most kinds need, of one field each.

use super::{error::Errors, field::Field};
use crate::names::{self, Faults, out_of_range};
use serde_json::Value;
use std::collections::BTreeSet;

pub(super) const NEGATIVE: &str = "must be greater than or equal to 0";
pub(super) const NOT_POSITIVE: &str = "must be greater than zero";
pub(super) const IMMUTABLE: &str = "field is immutable";

impl Field<'_> {
    /// What a rule of names says of the text.
    pub(super) fn check(&self, rule: impl Fn(&str) -> Faults, errors: &mut Errors) {
        let text = self.text();
        errors.extend(rule(text).into_iter().map(|why| self.invalid_as(text, why)));
    }

    /// A rule of names for what need not be there.
    pub(super) fn check_some(&self, rule: impl Fn(&str) -> Faults, errors: &mut Errors) {
        if !self.is_empty() {
            self.check(rule, errors);
        }
    }

    /// Whether there is something; a complaint if not.
    pub(super) fn need(&self, errors: &mut Errors) -> bool {
        if self.is_empty() {
            errors.push(self.required(""));
        }
        !self.is_empty()
    }

    /// A rule of names for what must be there.
    pub(super) fn need_checked(&self, rule: impl Fn(&str) -> Faults, errors: &mut Errors) {
        if self.need(errors) {
            self.check(rule, errors);
        }
    }

    /// One of these texts. Upstream sorts the list, where it is a set there.
    pub(super) fn one_of(&self, supported: &[&str], errors: &mut Errors) {
        if !supported.contains(&self.text()) {
            errors.push(self.not_supported(supported));
        }
    }

    /// One of these texts, where there is one.
    pub(super) fn some_of(&self, supported: &[&str], errors: &mut Errors) {
        if self.is_set() {
            self.one_of(supported, errors);
        }
    }

    /// One of these texts, which must be there.
    pub(super) fn need_one_of(&self, supported: &[&str], errors: &mut Errors) {
        if self.need(errors) {
            self.one_of(supported, errors);
        }
    }

    pub(super) fn not_negative(&self, errors: &mut Errors) {
        if self.number() < 0 {
            errors.push(self.invalid(NEGATIVE));
        }
    }

    pub(super) fn not_negative_amount(&self, errors: &mut Errors) {
        if self.quantity().sign() < 0 {
            errors.push(self.invalid_as(self.quantity().to_string(), NEGATIVE));
        }
    }

    pub(super) fn positive_amount(&self, errors: &mut Errors) {
        if self.quantity().sign() <= 0 {
            errors.push(self.invalid_as(self.quantity().to_string(), NOT_POSITIVE));
        }
    }

    /// Between two numbers, where there is one.
    pub(super) fn within(&self, least: i64, most: i64, errors: &mut Errors) {
        if self.integer().is_some_and(|number| !(least..=most).contains(&number)) {
            errors.push(self.invalid(out_of_range(least, most)));
        }
    }

    /// What it was before.
    pub(super) fn unchanged(&self, old: &Field<'_>, errors: &mut Errors) {
        if !same(self.value, old.value) {
            errors.push(self.invalid(IMMUTABLE));
        }
    }

    /// No more items than so many.
    pub(super) fn at_most(&self, most: usize, errors: &mut Errors) {
        if self.len() > most {
            errors.push(self.too_many(most));
        }
    }
}

/// Whether two values mean the same: nothing is as good as an empty list or map.
///
/// Upstream: apimachinery/pkg/api/equality.
pub(super) fn same(a: &Value, b: &Value) -> bool {
    match (a, b) {
        (Value::Object(a), Value::Object(b)) => {
            let known =
                a.iter().all(|(name, value)| same(value, b.get(name).unwrap_or(&Value::Null)));
            known && b.iter().all(|(name, value)| a.contains_key(name) || is_nothing(value))
        }
        (Value::Array(a), Value::Array(b)) => {
            a.len() == b.len() && a.iter().zip(b).all(|(a, b)| same(a, b))
        }
        (a, b) => a == b || (is_nothing(a) && is_nothing(b)),
    }
}

fn is_nothing(value: &Value) -> bool {
    match value {
        Value::Null => true,
        Value::Array(list) => list.is_empty(),
        Value::Object(map) => map.is_empty(),
        Value::Bool(_) | Value::Number(_) | Value::String(_) => false,
    }
}

/// A domain and a path below it: `example.com/a/b` (IsDomainPrefixedPath).
pub(super) fn domain_and_path(field: &Field<'_>, errors: &mut Errors) {
    let text = field.text();
    let (domain, path) = match text.split_once('/') {
        _ if text.is_empty() => {
            errors.push(field.required(""));
            return;
        }
        Some((domain, path)) if !domain.is_empty() && !path.is_empty() => (domain, path),
        _ => {
            let why = "must be a domain-prefixed path (such as \"acme.io/foo\")";
            errors.push(field.invalid(why));
            return;
        }
    };
    let faults = names::dns_subdomain(domain).into_iter();
    errors.extend(faults.map(|why| field.invalid_as(domain, why)));
    let plain = |it: char| it.is_ascii_alphanumeric() || "/-._~%!$&'()*+,;=:".contains(it);
    if !path.chars().all(plain) {
        let why = names::malformed("Invalid path", r"[A-Za-z0-9/\-._~%!$&'()*+,;=:]+", &[]);
        errors.push(field.invalid_as(path, why));
    }
}

/// A domain of at least so many parts.
pub(super) fn domain_of(field: &Field<'_>, parts: usize, why: &str, errors: &mut Errors) {
    if !field.need(errors) {
        return;
    }
    let before = errors.len();
    field.check(names::dns_subdomain, errors);
    if errors.len() == before && field.text().split('.').count() < parts {
        errors.push(field.invalid(why));
    }
}

/// Complains of the first of two equal texts, by a name that each item has.
pub(super) fn unique<'a>(fields: impl Iterator<Item = Field<'a>>, errors: &mut Errors) {
    let mut seen = BTreeSet::new();
    for field in fields {
        if !seen.insert(field.text()) {
            errors.push(field.duplicate());
        }
    }
}

/// What differs between two specs, a line for what was and one for what is.
///
/// Upstream prints a difference of Go structs here, which says the same and cannot be parsed either.
pub(super) fn differences(now: &Value, before: &Value) -> String {
    let names =
        now.as_object().into_iter().chain(before.as_object()).flatten().map(|(name, _)| name);
    let names: BTreeSet<_> = names.collect();
    let nothing = Value::Null;
    let mut text = String::new();
    for name in names {
        let (new, old) = (now.get(name).unwrap_or(&nothing), before.get(name).unwrap_or(&nothing));
        if !same(new, old) {
            text += &format!("- {name}: {old}\n+ {name}: {new}\n");
        }
    }
    text
}

#[cfg(test)]
mod tests {
    use super::*;
    use serde_json::json;

    #[test]
    fn nothing_equals_empty() {
        let cases = [
            (json!({"a": []}), json!({}), true),
            (json!({}), json!({"a": {"b": 1}}), false),
            (json!({"a": ""}), json!({}), false),
            (json!([{"a": null}]), json!([{}]), true),
            (json!([]), json!(null), true),
            (json!([1]), json!([1, 2]), false),
        ];
        for (a, b, expected) in cases {
            assert_eq!((same(&a, &b), same(&b, &a)), (expected, expected), "{a} {b}");
        }
    }
}
