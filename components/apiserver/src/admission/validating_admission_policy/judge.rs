//! What a policy says of one write, for one object of parameters.
//!
//! Upstream: apiserver/pkg/admission/plugin/policy/validating/validator.go.

use super::{
    Expression,
    expressions::{Asking, Inputs, ROUNDS_MAX, Scope, conditions_hold, own_question, request},
};
use crate::admission::{
    Attributes,
    compiling::{self, Compiler},
    pod::{items, text},
};
use cel::{
    environment::kubernetes::{Admission, RUN_COST_MAX},
    types::Type,
    value::Value,
};
use serde_json::Value as Json;
use std::{collections::BTreeMap, sync::Arc};

/// A message that an expression makes is not longer (MaxEvaluatedMessageExpressionSizeBytes).
const MESSAGE_BYTES_MAX: usize = 5 * 1024;
/// Nor is an annotation for the audit log (maxAuditAnnotationValueLength).
const NOTE_BYTES_MAX: usize = 10 * 1024;

/// A policy whose expressions are compiled.
#[derive(Debug)]
pub(crate) struct Policy {
    /// What cannot be decided is denied.
    pub(super) fails: bool,
    variables: BTreeMap<String, Expression>,
    conditions: Vec<(String, Expression)>,
    validations: Vec<Validation>,
    notes: Vec<(String, Expression)>,
}

#[derive(Debug)]
struct Validation {
    text: String,
    program: Expression,
    message: String,
    message_program: Option<Expression>,
    reason: String,
}

/// Why a write is not let through.
#[derive(Clone, PartialEq, Eq, Debug)]
pub(super) struct Denial {
    pub(super) message: String,
    /// `Invalid` and the like; empty where the policy does not say.
    pub(super) reason: String,
    /// Which of the policy's validations.
    pub(super) index: usize,
}

impl Denial {
    pub(super) fn plain(message: String) -> Self {
        Self { message, reason: String::new(), index: 0 }
    }
}

/// All that a policy says.
#[derive(Clone, PartialEq, Eq, Debug, Default)]
pub(super) struct Judged {
    pub(super) denials: Vec<Denial>,
    pub(super) notes: Vec<(String, String)>,
}

impl Policy {
    pub(crate) fn compile(policy: &Json) -> Self {
        let spec = &policy["spec"];
        let params = spec["paramKind"].is_object();
        let options = Admission { params, authorizer: true, mutation: false };
        let (compiler, variables) = Compiler::new(options).with_variables(&spec["variables"]);
        let plain = Admission { params, authorizer: true, mutation: false };
        let conditions = compiling::conditions(plain, &spec["matchConditions"]);
        let validations = items(&spec["validations"]).map(|one| {
            let message = text(&one["messageExpression"]);
            Validation {
                text: text(&one["expression"]).trim().to_owned(),
                program: compiler.compile(text(&one["expression"]), &[Type::Bool]),
                message: text(&one["message"]).to_owned(),
                message_program: (!message.trim().is_empty())
                    .then(|| compiler.compile(message, &[Type::String])),
                reason: text(&one["reason"]).to_owned(),
            }
        });
        let notes = items(&spec["auditAnnotations"]).map(|one| {
            let program =
                compiler.compile(text(&one["valueExpression"]), &[Type::String, Type::Null]);
            (text(&one["key"]).to_owned(), program)
        });
        Self {
            fails: spec["failurePolicy"] != "Ignore",
            variables,
            conditions,
            validations: validations.collect(),
            notes: notes.collect(),
        }
    }

    fn fault(&self, message: String, index: usize) -> Option<Denial> {
        self.fails.then(|| Denial { message, reason: String::new(), index })
    }

    fn judge(&self, scope: &Scope<'_>) -> Judged {
        let mut judged = Judged::default();
        match conditions_hold(scope, &self.conditions) {
            Ok(true) => {}
            Ok(false) => return judged,
            Err(why) => {
                judged.denials.extend(self.fault(why, 0));
                return judged;
            }
        }
        for (index, validation) in self.validations.iter().enumerate() {
            let outcome = match &validation.program {
                Ok(program) => scope.run(program).map_err(|error| error.to_string()),
                Err(why) => Err(why.clone()),
            };
            let denial = match outcome {
                Ok(Value::Bool(true)) => None,
                Ok(_) => Some(Denial {
                    message: validation.said(scope),
                    reason: validation.reason.clone(),
                    index,
                }),
                Err(why) => {
                    let text = &validation.text;
                    self.fault(format!("expression '{text}' resulted in error: {why}"), index)
                }
            };
            judged.denials.extend(denial);
        }
        for (key, program) in &self.notes {
            let value = program.as_ref().ok().and_then(|program| scope.run(program).ok());
            if let Some(Value::String(text)) = value {
                let mut text = text.to_string();
                text.truncate(text.floor_char_boundary(NOTE_BYTES_MAX));
                judged.notes.push((key.clone(), text));
            }
        }
        judged
    }
}

impl Validation {
    /// What the client is told: an expression's text if it gives a good one, or else the policy's.
    fn said(&self, scope: &Scope<'_>) -> String {
        let made = self.message_program.as_ref().and_then(|program| program.as_ref().ok());
        if let Some(Ok(Value::String(text))) = made.map(|program| scope.run(program)) {
            let text = text.trim();
            let good = !text.is_empty() && text.len() <= MESSAGE_BYTES_MAX;
            if good && !text.contains('\n') {
                return text.to_owned();
            }
        }
        match self.message.trim() {
            "" => format!("failed expression: {}", self.text),
            message => message.to_owned(),
        }
    }
}

/// Judges until authorization has answered everything that the expressions ask of it.
pub(super) async fn all(
    write: &Attributes,
    policy: &Arc<Policy>,
    params: &Json,
    namespace: &Json,
) -> Judged {
    let (request, asking) = (request(write), Arc::new(Asking::default()));
    let inputs =
        Inputs { request: &request, object: &write.object, old: &write.old, params, namespace };
    for _ in 0..ROUNDS_MAX {
        let judged = {
            let own = own_question(write);
            let scope = Scope::new(&inputs, &policy.variables, &asking, own, RUN_COST_MAX);
            policy.judge(&scope)
        };
        if !asking.answer(write.requester.as_ref()).await {
            return judged;
        }
    }
    let why = "authorization was asked too often".to_owned();
    Judged { denials: policy.fault(why, 0).into_iter().collect(), notes: Vec::new() }
}
