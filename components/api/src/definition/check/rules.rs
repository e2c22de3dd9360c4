//! Expressions in a schema: that they compile, and that no object makes them cost too much.

use crate::{
    definition::text,
    structural::{
        path::{child, index, key},
        rules::{Wrong, compile, field_path, is_embedded},
    },
    validation::{Error, Errors},
};
use cel::{
    cost::{Cardinality, over_budget},
    environment::kubernetes::{CRD_ESTIMATE_MAX, RULE_ESTIMATE_MAX, functions},
    functions::Functions,
    schema::Schema,
};
use serde_json::{Value, json};
use std::sync::Arc;

/// Reasons that a rule may give.
const REASONS: [&str; 4] =
    ["FieldValueDuplicate", "FieldValueForbidden", "FieldValueInvalid", "FieldValueRequired"];

/// Dearest rules that are named where all together are too dear.
const NAMED_MAX: usize = 4;

/// What was found so far.
struct Search<'a> {
    functions: Arc<Functions>,
    faults: &'a mut Errors,
    /// Estimates, with where they come from.
    costs: Vec<(u64, String)>,
}

/// Checks all rules of a schema.
pub(super) fn check(schema: &Value, at: &str, faults: &mut Errors) {
    let mut search = Search { functions: functions(), faults, costs: Vec::new() };
    search.walk(schema, at, true, Cardinality::ONE, None);
    let total = search.costs.iter().fold(0_u64, |sum, (cost, _)| sum.saturating_add(*cost));
    if total <= CRD_ESTIMATE_MAX {
        return;
    }
    let mut costs = search.costs;
    costs.sort_by_key(|(cost, _)| std::cmp::Reverse(*cost));
    for (_, field) in costs.iter().take(NAMED_MAX) {
        let why = "contributed to estimated rule cost total exceeding cost limit for entire \
                   OpenAPIv3 schema";
        faults.push(Error::forbidden(field, why));
    }
    let what = "estimated rule cost total for entire OpenAPIv3 schema";
    faults.push(Error::forbidden(at, &over_budget(what, total, CRD_ESTIMATE_MAX)));
}

impl Search<'_> {
    /// `uncorrelated` is the list or map whose parts cannot be told from those before.
    fn walk(
        &mut self,
        schema: &Value,
        at: &str,
        root: bool,
        often: Cardinality,
        uncorrelated: Option<&str>,
    ) {
        let rules = schema["x-kubernetes-validations"].as_array().filter(|list| !list.is_empty());
        if let Some(rules) = rules {
            let field = child(at, "x-kubernetes-validations");
            let resource = root || is_embedded(schema);
            match cel::schema::from_openapi(schema, "selfType", resource) {
                Some(shape) => {
                    for (place, rule) in rules.iter().enumerate() {
                        let field = index(&field, place);
                        self.one(rule, schema, &shape, &field, often, uncorrelated);
                    }
                }
                None => self.faults.push(no_shape(schema, &field)),
            }
        }
        let properties = schema["properties"].as_object().into_iter().flatten();
        let atomic = schema["x-kubernetes-map-type"] == "atomic";
        let own = uncorrelated.or(atomic.then_some(at));
        for (name, property) in properties {
            self.walk(property, &key(&child(at, "properties"), name), false, often, own);
        }
        for (word, most) in [("items", "maxItems"), ("additionalProperties", "maxProperties")] {
            if schema[word].is_object() {
                let often = often.of_elements(schema[most].as_u64());
                let mapped = word != "items" || schema["x-kubernetes-list-type"] == "map";
                let own = own.or((!mapped).then_some(at));
                self.walk(&schema[word], &child(at, word), false, often, own);
            }
        }
    }

    fn one(
        &mut self,
        rule: &Value,
        schema: &Value,
        shape: &Schema,
        at: &str,
        often: Cardinality,
        uncorrelated: Option<&str>,
    ) {
        if !self.written(rule, schema, at) {
            return;
        }
        let (field, message) = (child(at, "rule"), child(at, "messageExpression"));
        let compiled = match compile(&self.functions, rule, schema, shape) {
            Ok(compiled) => compiled,
            Err(Wrong::Rule(why)) => {
                return self.faults.push(Error::invalid(&field, internal(rule), &why));
            }
            Err(Wrong::Message(why)) => {
                return self.faults.push(Error::invalid(&message, internal(rule), &why));
            }
        };
        if let Some(at) = uncorrelated.filter(|_| compiled.is_transition) {
            let why = format!(
                "oldSelf cannot be used on the uncorrelatable portion of the schema within {at}"
            );
            self.faults.push(Error::invalid(&field, text(rule, "rule"), &why));
        }
        let cost = often.cost(compiled.program.estimate(shape).max, shape);
        self.pay("estimated rule cost", cost, field);
        if let Some(program) = &compiled.message_program {
            let cost = often.cost(program.estimate(shape).max, shape);
            self.pay("estimated messageExpression cost", cost, message);
        }
    }

    fn pay(&mut self, what: &str, cost: u64, field: String) {
        if cost > RULE_ESTIMATE_MAX {
            let why = over_budget(what, cost, RULE_ESTIMATE_MAX);
            self.faults.push(Error::forbidden(&field, &why));
        }
        self.costs.push((cost, field));
    }

    /// Whether a rule is complete enough to be compiled.
    fn written(&mut self, rule: &Value, schema: &Value, at: &str) -> bool {
        let said = |name: &str| text(rule, name);
        let trimmed = |name: &str| said(name).trim();
        let broken = |name: &str| trimmed(name).contains(['\n', '\r']);
        let (message, path) = (child(at, "message"), child(at, "fieldPath"));
        if trimmed("rule").is_empty() {
            self.faults.push(Error::required(&child(at, "rule"), "rule is not specified"));
            return false;
        }
        if !said("message").is_empty() && trimmed("message").is_empty() {
            let why = "message must be non-empty if specified";
            self.faults.push(Error::invalid(&message, said("message"), why));
        } else if broken("message") {
            let why = "message must not contain line breaks";
            self.faults.push(Error::invalid(&message, said("message"), why));
        } else if broken("rule") && trimmed("message").is_empty() {
            let why = "message must be specified if rule contains line breaks";
            self.faults.push(Error::required(&message, why));
        }
        if !said("messageExpression").is_empty() && trimmed("messageExpression").is_empty() {
            let why = "messageExpression must be non-empty if specified";
            self.faults.push(Error::required(&child(at, "messageExpression"), why));
        }
        let reason = said("reason");
        if !reason.is_empty() && !REASONS.contains(&reason) {
            let known = REASONS.map(str::to_owned);
            self.faults.push(Error::unsupported(&child(at, "reason"), reason, &known));
        }
        if !said("fieldPath").is_empty() {
            let wrong = match field_path(trimmed("fieldPath"), schema) {
                _ if trimmed("fieldPath").is_empty() => {
                    Some("fieldPath must be non-empty if specified".to_owned())
                }
                _ if broken("fieldPath") => Some("fieldPath must not contain line breaks".into()),
                Err(why) => Some(format!("fieldPath must be a valid path: {why}")),
                Ok(_) => None,
            };
            if let Some(why) = wrong {
                self.faults.push(Error::invalid(&path, said("fieldPath"), &why));
            }
        }
        true
    }
}

/// A rule as upstream's internal type is printed.
fn internal(rule: &Value) -> Value {
    json!({
        "Rule": text(rule, "rule"),
        "Message": text(rule, "message"),
        "MessageExpression": text(rule, "messageExpression"),
        "Reason": rule["reason"],
        "FieldPath": text(rule, "fieldPath"),
        "OptionalOldSelf": rule["optionalOldSelf"],
    })
}

/// Nothing can be said of what nothing is known of.
fn no_shape(schema: &Value, field: &str) -> Error {
    let free = schema["x-kubernetes-preserve-unknown-fields"] == true;
    let why = format!(
        "rule declared on schema that does not support validation rules type: '{}' \
         x-kubernetes-preserve-unknown-fields: '{free}'",
        text(schema, "type")
    );
    Error::invalid(field, "", &why)
}
