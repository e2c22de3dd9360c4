//! Schemas made of schemas: all of these, one of those, not that.
//!
//! Upstream: kube-openapi's pkg/validation/validate/schema_props.go.

use super::{Outcome, run};
use crate::{structural::Structural, validation::Error};
use serde_json::Value;

/// Checks a value against what a schema combines.
pub(super) fn check(schema: &Structural, value: &Value, path: &str, out: &mut Outcome) {
    if !schema.any_of.is_empty() {
        any(&schema.any_of, value, path, out);
    }
    if !schema.one_of.is_empty() {
        one(&schema.one_of, value, path, out);
    }
    if !schema.all_of.is_empty() {
        all(&schema.all_of, value, path, out);
    }
    if let Some(not) = &schema.not
        && run(not, value, path).is_valid()
    {
        out.add(composite(path, "must not validate the schema (not)"));
    }
    out.matches += 1;
}

/// What is said of a combination as a whole names no field but in its text.
fn composite(path: &str, what: &str) -> Error {
    Error::invalid("", "", &format!("{path:?} {what}"))
}

/// The failure that had most right.
fn best(failures: Vec<Outcome>) -> Option<Outcome> {
    failures.into_iter().reduce(|best, one| if one.matches > best.matches { one } else { best })
}

fn any(schemas: &[Structural], value: &Value, path: &str, out: &mut Outcome) {
    let mut failures = Vec::new();
    for schema in schemas {
        let one = run(schema, value, path);
        if one.is_valid() {
            return out.merge(one);
        }
        failures.push(one);
    }
    out.add(composite(path, "must validate at least one schema (anyOf)"));
    if let Some(best) = best(failures) {
        out.merge(best);
    }
}

fn one(schemas: &[Structural], value: &Value, path: &str, out: &mut Outcome) {
    let results = schemas.iter().map(|schema| run(schema, value, path));
    let (mut valid, failures): (Vec<_>, Vec<_>) = results.partition(Outcome::is_valid);
    let what = "must validate one and only one schema (oneOf).";
    match valid.len() {
        1 => {
            if let Some(only) = valid.pop() {
                out.merge(only);
            }
        }
        0 => {
            out.add(composite(path, &format!("{what} Found none valid")));
            if let Some(best) = best(failures) {
                out.merge(best);
            }
        }
        several => {
            out.add(composite(path, &format!("{what} Found {several} valid alternatives")));
        }
    }
}

fn all(schemas: &[Structural], value: &Value, path: &str, out: &mut Outcome) {
    let mut valid = 0;
    for schema in schemas {
        let one = run(schema, value, path);
        valid += usize::from(one.is_valid());
        out.merge(one);
    }
    if valid != schemas.len() {
        let none = if valid == 0 { ". None validated" } else { "" };
        out.add(composite(path, &format!("must validate all the schemas (allOf){none}")));
    }
}
