//! Policies in the cluster's own words: expressions that writes must satisfy.
//!
//! Upstream: apiserver/pkg/admission/plugin/policy/validating.

mod judge;

use super::{
    Attributes, Cluster, Plugin, expressions, params,
    pod::{items, text},
    policies::{Bound, concerned},
};
use crate::failure::Failure;
use cel::program::Program;
use http::StatusCode;
use judge::{Denial, Policy};
use serde_json::{Value, json};

pub(super) const PLUGIN: Plugin = Plugin {
    name: "ValidatingAdmissionPolicy",
    by_default: true,
    mutate: None,
    validate: Some(|cluster, write| Box::pin(validate(cluster, write))),
};

const NOTE: &str = "validation.policy.admission.k8s.io/validation_failure";

async fn validate(cluster: Cluster<'_>, write: &Attributes) -> Result<(), Failure> {
    let kinds = ("validatingadmissionpolicies", "validatingadmissionpolicybindings");
    let all = concerned(cluster, write, kinds.0, kinds.1).await?;
    if all.is_empty() {
        return Ok(());
    }
    let namespace = params::namespace(cluster, write).await?;
    let mut verdict = Verdict::default();
    for bound in all {
        let compiled = cluster.memory.policy(&bound.policy);
        let params = match &bound.params {
            Ok(params) => params,
            Err(why) if compiled.fails => {
                verdict.add(&bound, Denial::plain(why.clone()), &json!(["Deny"]));
                continue;
            }
            Err(_) => continue,
        };
        let told = write.told_as(cluster.registry, &bound.seen).await?;
        let told = told.as_ref().unwrap_or(write);
        for params in params {
            let judged = judge::all(told, &compiled, params, &namespace).await;
            for (key, value) in judged.notes {
                write.notes.annotate(format!("{}/{key}", bound.policy_name()), value);
            }
            for denial in judged.denials {
                verdict.add(&bound, denial, &bound.binding.value()["spec"]["validationActions"]);
            }
        }
    }
    verdict.tell(write)
}

/// What all policies together say.
#[derive(Debug, Default)]
struct Verdict {
    denied: Option<(String, Denial)>,
    warned: Vec<String>,
    audited: Vec<Value>,
}

impl Verdict {
    fn add(&mut self, bound: &Bound, denial: Denial, actions: &Value) {
        let (policy, bound) = (bound.policy_name(), bound.binding_name());
        let acts: Vec<&str> = items(actions).map(text).collect();
        let message = &denial.message;
        if acts.contains(&"Warn") {
            self.warned.push(format!(
                "Validation failed for ValidatingAdmissionPolicy '{policy}' with binding \
                 '{bound}': {message}"
            ));
        }
        if acts.contains(&"Audit") {
            self.audited.push(json!({
                "message": message, "policy": policy, "binding": bound,
                "expressionIndex": denial.index, "validationActions": actions,
            }));
        }
        if acts.contains(&"Deny") && self.denied.is_none() {
            let text = format!(
                "ValidatingAdmissionPolicy '{policy}' with binding '{bound}' denied request: \
                 {message}"
            );
            self.denied = Some((text, denial));
        }
    }

    fn tell(self, write: &Attributes) -> Result<(), Failure> {
        for warning in self.warned {
            write.notes.warn(warning);
        }
        if !self.audited.is_empty() {
            write.notes.annotate(NOTE, Value::Array(self.audited).to_string());
        }
        let Some((text, denial)) = self.denied else { return Ok(()) };
        let mut failure = write.forbidden(&text);
        (failure.code, failure.reason) = code(&denial.reason);
        let cause = crate::failure::Cause { reason: "", message: text, field: String::new() };
        Err(failure.because(&[cause]))
    }
}

/// HTTP's code of a reason (policy/validating's reasonToCode).
fn code(reason: &str) -> (StatusCode, &'static str) {
    match reason {
        "Forbidden" => (StatusCode::FORBIDDEN, "Forbidden"),
        "Unauthorized" => (StatusCode::UNAUTHORIZED, "Unauthorized"),
        "RequestEntityTooLarge" => (StatusCode::PAYLOAD_TOO_LARGE, "RequestEntityTooLarge"),
        _ => (StatusCode::UNPROCESSABLE_ENTITY, "Invalid"),
    }
}

/// A policy as it is remembered.
pub(super) type Compiled = Policy;

/// A text that could not be compiled, or what it was compiled to.
pub(super) type Expression = Result<Program, String>;

#[cfg(test)]
mod tests;
