//! Which requests a webhook is asked about: expressions over the review that it would be sent.
//!
//! Upstream: apiserver/pkg/authorization/cel.

use super::settings::Condition;
use crate::faults::{duplicate, invalid, required, too_many};
use api::validation::Errors;
use cel::{
    environment::{
        Environment,
        kubernetes::{self, MATCH_CONDITIONS_COST_MAX},
    },
    program::Program,
    types::Type,
    value::Value,
};
use serde_json::Value as Json;
use std::{
    collections::{BTreeMap, BTreeSet},
    sync::Arc,
};

/// A webhook may have so many.
const CONDITIONS_MAX: usize = 64;

/// Expressions with their texts.
#[derive(Clone, Debug, Default)]
pub(super) struct Conditions(Arc<Vec<(String, Program)>>);

impl Conditions {
    /// Compiles those that are good; what is wrong with the others.
    pub(super) fn compile(list: &[Condition], field: &str) -> (Self, Errors) {
        let mut faults = Errors::new();
        let field = format!("{field}.matchConditions");
        if list.len() > CONDITIONS_MAX {
            faults.push(too_many(&field, list.len(), CONDITIONS_MAX));
            return (Self::default(), faults);
        }
        let environment = kubernetes::authorization(&kubernetes::functions());
        let (mut compiled, mut seen) = (Vec::new(), BTreeSet::new());
        for (at, condition) in list.iter().enumerate() {
            let (field, text) = (format!("{field}[{at}].expression"), &condition.expression);
            if text.trim().is_empty() {
                faults.push(required(&field, ""));
                continue;
            }
            if !seen.insert(text) {
                faults.push(duplicate(&field, text));
                continue;
            }
            match program(text, &environment) {
                Ok(program) => compiled.push((text.clone(), program)),
                Err(why) => faults.push(invalid(&field, text.as_str(), why)),
            }
        }
        (Self(Arc::new(compiled)), faults)
    }

    /// Whether all hold of a review's spec. One that does not decides, whatever is wrong with
    /// others.
    ///
    /// # Errors
    /// Those that cannot be decided.
    pub(super) fn hold(&self, spec: &Json) -> Result<bool, String> {
        if self.0.is_empty() {
            return Ok(true);
        }
        let request = Value::from_json(spec, None).map_err(|error| error.to_string())?;
        let bindings = BTreeMap::from([("request", request)]);
        let (mut left, mut faults) = (MATCH_CONDITIONS_COST_MAX, Vec::new());
        for (text, program) in &*self.0 {
            let done = program.run(&bindings, left);
            left = left.saturating_sub(done.cost);
            match done.value {
                Ok(Value::Bool(true)) => {}
                Ok(Value::Bool(false)) => return Ok(false),
                Ok(_) => faults.push("cel evaluation error: it gives no truth value".to_owned()),
                Err(why) => faults.push(format!(
                    "cel evaluation error: expression '{text}' resulted in error: {why}"
                )),
            }
        }
        crate::configuration::aggregate(&faults).map_or(Ok(true), Err)
    }
}

fn program(text: &str, environment: &Environment) -> Result<Program, String> {
    let program = Program::compile(text, environment)
        .map_err(|issues| format!("compilation failed: {issues}"))?;
    match program.result_type() {
        Type::Bool => Ok(program),
        other => Err(format!("must evaluate to bool but got {other}")),
    }
}
