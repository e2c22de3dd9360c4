//! Policies in the cluster's own words: expressions that writes must satisfy.
//!
//! Upstream: apiserver/pkg/admission/plugin/policy/validating.

mod judge;

use super::{
    Attributes, Cluster, Plugin, expressions,
    matching::{constraints_take, is_exempt},
    params,
    pod::{items, text},
};
use crate::{failure::Failure, object};
use cel::program::Program;
use http::StatusCode;
use judge::{Denial, Policy};
use serde_json::{Value, json};
use std::sync::Arc;

pub(super) const PLUGIN: Plugin = Plugin {
    name: "ValidatingAdmissionPolicy",
    by_default: true,
    mutate: None,
    validate: Some(|cluster, write| Box::pin(validate(cluster, write))),
};

const GROUP: &str = "admissionregistration.k8s.io";
const NOTE: &str = "validation.policy.admission.k8s.io/validation_failure";

async fn validate(cluster: Cluster<'_>, write: &Attributes) -> Result<(), Failure> {
    if is_exempt(write) {
        return Ok(());
    }
    let policies = cluster.list(GROUP, "validatingadmissionpolicies", "").await?;
    if policies.is_empty() {
        return Ok(());
    }
    let bindings = cluster.list(GROUP, "validatingadmissionpolicybindings", "").await?;
    let mut verdict = Verdict::default();
    for entry in &policies {
        let policy = entry.value();
        let name = object::meta(policy, "name");
        let constraints = &policy["spec"]["matchConstraints"];
        let mut own = bindings.iter().map(|binding| binding.value());
        let bound = own.any(|binding| binding["spec"]["policyName"] == name);
        if !bound || !constraints_take(cluster, write, constraints, true).await? {
            continue;
        }
        let compiled = cluster.memory.policy(&entry.key, entry.revision, policy);
        let own = bindings.iter().map(|binding| binding.value());
        for binding in own.filter(|binding| binding["spec"]["policyName"] == name) {
            bound_policy(cluster, write, (policy, &compiled), binding, &mut verdict).await?;
        }
    }
    verdict.tell(write)
}

/// One policy as one of its bindings has it.
async fn bound_policy(
    cluster: Cluster<'_>,
    write: &Attributes,
    (policy, compiled): (&Value, &Arc<Policy>),
    binding: &Value,
    verdict: &mut Verdict,
) -> Result<(), Failure> {
    let spec = &binding["spec"];
    if !constraints_take(cluster, write, &spec["matchResources"], false).await? {
        return Ok(());
    }
    let all =
        match params::of(cluster, write, &policy["spec"]["paramKind"], &spec["paramRef"]).await {
            Ok(all) => all,
            Err(why) if compiled.fails => {
                verdict.add(policy, binding, Denial::plain(why), &json!(["Deny"]));
                return Ok(());
            }
            Err(_) => return Ok(()),
        };
    let namespace = params::namespace(cluster, write).await?;
    for params in all {
        let judged = judge::all(write, compiled, &params, &namespace).await;
        for (key, value) in judged.notes {
            let name = object::meta(policy, "name");
            write.notes.annotate(format!("{name}/{key}"), value);
        }
        for denial in judged.denials {
            verdict.add(policy, binding, denial, &spec["validationActions"]);
        }
    }
    Ok(())
}

/// What all policies together say.
#[derive(Debug, Default)]
struct Verdict {
    denied: Option<(String, Denial)>,
    warned: Vec<String>,
    audited: Vec<Value>,
}

impl Verdict {
    fn add(&mut self, policy: &Value, binding: &Value, denial: Denial, actions: &Value) {
        let (policy, bound) = (object::meta(policy, "name"), object::meta(binding, "name"));
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
