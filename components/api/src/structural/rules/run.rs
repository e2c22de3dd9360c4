//! Runs rules over an object, and over what it was before.
//!
//! Upstream: apiextensions-apiserver's pkg/apiserver/schema/cel/validation.go.

use super::{Compiled, Rules};
use crate::{
    schema::ListKind,
    structural::path::{child, index, key},
    validation::{Error, Errors},
};
use cel::{
    environment::kubernetes::{CALL_COST_MAX, RUN_COST_MAX},
    program::Program,
    value::Value as Cel,
};
use serde_json::Value;
use std::collections::BTreeMap;

/// The longest text that an expression may give as a message.
const MESSAGE_BYTES_MAX: usize = 5 * 1024;

const EXHAUSTED: &str =
    "validation failed due to running out of cost budget, no further validation rules will be run";

/// One run over one object.
struct Run {
    faults: Errors,
    /// What is left to spend; none: no further rule is run.
    budget: Option<u64>,
}

/// The value before, as far as one can be told from the other.
#[derive(Clone, Copy)]
struct Before<'a> {
    /// The same value before; none where it is new or cannot be found.
    value: Option<&'a Value>,
    /// It is what it was, or is in something that is.
    same: bool,
}

impl Rules {
    /// Checks an object against all rules; `present` is what is stored.
    pub fn check(&self, object: &Value, present: Option<&Value>) -> Errors {
        let mut run = Run { faults: Vec::new(), budget: Some(RUN_COST_MAX) };
        let before = Before { value: present, same: present == Some(object) };
        self.walk(object, before, "", &mut run);
        run.faults
    }

    fn walk(&self, value: &Value, before: Before<'_>, path: &str, run: &mut Run) {
        if value.is_null() {
            return;
        }
        for rule in &self.rules {
            if run.budget.is_none() {
                return;
            }
            self.one(rule, value, before, path, run);
        }
        match value {
            Value::Object(members) => {
                for (name, member) in members {
                    let (rules, at) = match (self.properties.get(name), &self.additional) {
                        (Some(rules), _) => (rules, child(path, name)),
                        (None, Some(rules)) => (&**rules, key(path, name)),
                        (None, None) => continue,
                    };
                    let old = before.value.filter(|_| !self.atomic).and_then(|old| old.get(name));
                    rules.walk(member, before.below(member, old), &at, run);
                }
            }
            Value::Array(items) => {
                let Some(rules) = &self.items else { return };
                for (place, item) in items.iter().enumerate() {
                    let old =
                        before.value.and_then(|old| counterpart(self.list.as_ref(), item, old));
                    rules.walk(item, before.below(item, old), &index(path, place), run);
                }
            }
            Value::Bool(_) | Value::Number(_) | Value::String(_) | Value::Null => {}
        }
    }

    fn one(&self, rule: &Compiled, value: &Value, before: Before<'_>, path: &str, run: &mut Run) {
        // A transition is judged only where there was something to come from.
        if rule.is_transition && before.value.is_none() && !rule.optional_old {
            return;
        }
        let found = self.bindings(rule, value, before).and_then(|bindings| {
            let outcome = run.spend(&rule.program, &bindings)?;
            match outcome {
                Ok(Cel::Bool(true)) => Ok(()),
                Ok(_) => Err(Stop::Fault(self.complaint(rule, &bindings, path, run))),
                Err(why) => {
                    Err(Stop::Fault(Error::invalid(path, self.kind.as_str(), &told(rule, &why))))
                }
            }
        });
        match found {
            Ok(()) => {}
            Err(Stop::Exhausted) => {
                run.faults.push(Error::invalid(path, self.kind.as_str(), EXHAUSTED));
                run.budget = None;
            }
            // What was wrong already may stay so while nobody touches it.
            Err(_) if before.same && !rule.is_transition => {}
            Err(Stop::Fault(fault)) => run.faults.push(fault),
        }
    }

    fn bindings<'a>(
        &'a self,
        rule: &Compiled,
        value: &'a Value,
        before: Before<'a>,
    ) -> Result<BTreeMap<&'static str, Cel<'a>>, Stop> {
        let read = |value: &'a Value| {
            Cel::from_json(value, Some(&self.schema)).map_err(|error| {
                Stop::Fault(Error::invalid("", self.kind.as_str(), &error.to_string()))
            })
        };
        let mut bindings = BTreeMap::from([("self", read(value)?)]);
        if rule.is_transition {
            let old = before.value.map(read).transpose()?;
            let old = match (rule.optional_old, old) {
                (false, Some(old)) => old,
                (true, Some(old)) => old.some(),
                (_, None) => Cel::Optional(None),
            };
            bindings.insert("oldSelf", old);
        }
        Ok(bindings)
    }

    /// What is said of a value for which a rule does not hold.
    fn complaint(
        &self,
        rule: &Compiled,
        bindings: &BTreeMap<&str, Cel<'_>>,
        path: &str,
        run: &mut Run,
    ) -> Error {
        let field = match rule.field_path.is_empty() {
            true => path.to_owned(),
            false => child(path, &rule.field_path),
        };
        let made = rule.message_program.as_ref().and_then(|program| {
            let outcome = run.spend(program, bindings).ok()?.ok()?;
            let text = outcome.as_str()?.trim().to_owned();
            let fits = text.len() <= MESSAGE_BYTES_MAX && !text.contains('\n');
            (fits && !text.is_empty()).then_some(text)
        });
        let detail = made.unwrap_or_else(|| match rule.message.is_empty() {
            true => format!("failed rule: {}", rule.rule),
            false => rule.message.clone(),
        });
        match rule.reason.as_str() {
            "FieldValueForbidden" => Error::forbidden(&field, &detail),
            "FieldValueRequired" => Error::required(&field, &detail),
            "FieldValueDuplicate" => Error::duplicate(&field, self.kind.as_str()),
            _ => Error::invalid(&field, self.kind.as_str(), &detail),
        }
    }
}

/// Why a rule does not hold.
enum Stop {
    Fault(Error),
    /// Nothing is left to pay with.
    Exhausted,
}

impl Run {
    /// Runs an expression and pays for it.
    fn spend<'a>(
        &mut self,
        program: &Program,
        bindings: &BTreeMap<&str, Cel<'a>>,
    ) -> Result<Result<Cel<'a>, String>, Stop> {
        let left = self.budget.ok_or(Stop::Exhausted)?;
        let run = program.run(bindings, CALL_COST_MAX);
        self.budget = Some(left.checked_sub(run.cost).ok_or(Stop::Exhausted)?);
        Ok(run.value.map_err(|error| error.to_string()))
    }
}

impl<'a> Before<'a> {
    fn below(self, value: &Value, old: Option<&'a Value>) -> Self {
        let same = old.map_or(self.same, |old| old == value);
        Self { value: old, same }
    }
}

/// An error while a rule ran, as clients are told of it.
fn told(rule: &Compiled, why: &str) -> String {
    let text = if rule.message.is_empty() { &rule.rule } else { &rule.message };
    if why.starts_with("no such overload") {
        return format!(
            "'{why}': call arguments did not match a supported operator, function or macro \
             signature for rule: {text}"
        );
    }
    if why.starts_with("operation cancelled: actual cost limit exceeded") {
        return format!(
            "'{why}': no further validation rules will be run due to call cost exceeds limit for \
             rule: {text}"
        );
    }
    format!("{why} evaluating rule: {text}")
}

/// The item of a list before that has the same keys; none where items have none.
pub(in crate::structural) fn counterpart<'a>(
    list: Option<&ListKind>,
    item: &Value,
    before: &'a Value,
) -> Option<&'a Value> {
    let Some(ListKind::Map(keys)) = list else { return None };
    let same = |old: &&Value| keys.iter().all(|name| old.get(name) == item.get(name));
    before.as_array()?.iter().find(same)
}
