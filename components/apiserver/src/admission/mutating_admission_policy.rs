//! Policies in the cluster's own words that change objects: by laying an object over them, or by
//! patches.
//!
//! Upstream: apiserver/pkg/admission/plugin/policy/mutating.

use super::{
    Attributes, Cluster, Plugin,
    compiling::{self, Compiler},
    expressions::{Asking, Inputs, ROUNDS_MAX, Scope, conditions_hold, own_question, request},
    params,
    pod::{items, text},
    policies::{Bound, concerned},
    validating_admission_policy::Expression,
};
use crate::{failure::Failure, object, registry::Registry};
use api::patch::json_patch::JsonPatch;
use cel::{
    environment::kubernetes::{Admission, RUN_COST_MAX},
    types::Type,
};
use http::StatusCode;
use serde_json::Value;
use std::{collections::BTreeMap, sync::Arc};

pub(super) const PLUGIN: Plugin = Plugin {
    name: "MutatingAdmissionPolicy",
    by_default: true,
    mutate: Some(|cluster, write| Box::pin(mutate(cluster, write))),
    validate: None,
};

/// A policy whose expressions are compiled.
#[derive(Debug)]
pub(super) struct Mutation {
    /// What cannot be done is a refusal.
    fails: bool,
    wants_more: bool,
    variables: BTreeMap<String, Expression>,
    conditions: Vec<(String, Expression)>,
    steps: Vec<Step>,
}

#[derive(Debug)]
enum Step {
    /// `ApplyConfiguration`: an object that is laid over.
    Over(Expression),
    /// `JSONPatch`: operations.
    Patch(Expression),
}

impl Mutation {
    pub(super) fn compile(policy: &Value) -> Self {
        let spec = &policy["spec"];
        let params = spec["paramKind"].is_object();
        let options = Admission { params, authorizer: true, mutation: true };
        let (compiler, variables) = Compiler::new(options).with_variables(&spec["variables"]);
        let step = |one: &Value| match text(&one["patchType"]) {
            "JSONPatch" => {
                let wanted = [Type::list(Type::Object("JSONPatch".into()))];
                Step::Patch(compiler.compile(text(&one["jsonPatch"]["expression"]), &wanted))
            }
            _ => {
                let wanted = [Type::Object("Object".into())];
                let expression = text(&one["applyConfiguration"]["expression"]);
                Step::Over(compiler.compile(expression, &wanted))
            }
        };
        Self {
            fails: spec["failurePolicy"] != "Ignore",
            wants_more: spec["reinvocationPolicy"] == "IfNeeded",
            steps: items(&spec["mutations"]).map(step).collect(),
            variables,
            conditions: compiling::conditions(
                Admission { mutation: false, ..options },
                &spec["matchConditions"],
            ),
        }
    }
}

async fn mutate(cluster: Cluster<'_>, write: &mut Attributes) -> Result<(), Failure> {
    let kinds = ("mutatingadmissionpolicies", "mutatingadmissionpolicybindings");
    let all = concerned(cluster, write, kinds.0, kinds.1).await?;
    if all.is_empty() {
        return Ok(());
    }
    let namespace = params::namespace(cluster, write).await?;
    for bound in all {
        let policy = cluster.memory.mutation(&bound.policy);
        let params = match &bound.params {
            Ok(params) => params,
            Err(why) if policy.fails => return Err(refusal(write, &bound, why)),
            Err(_) => continue,
        };
        for params in params {
            let name = object::meta(params, "name");
            let identity =
                format!("policy/{}/{}/{name}", bound.policy_name(), bound.binding_name());
            if !write.rounds.is_due(&identity) {
                continue;
            }
            let other = write.told_as(cluster.registry, &bound.seen).await?;
            let told = other.as_ref().unwrap_or(write);
            match apply(cluster, told, &policy, params, &namespace).await {
                Ok(None) => continue,
                Ok(Some(new)) if new != told.object => {
                    let registry = cluster.registry;
                    write.object = registry.as_version(&write.resource, &new).await?;
                    write.rounds.changed();
                }
                Ok(Some(_)) => {}
                Err(why) if policy.fails => return Err(refusal(write, &bound, &why)),
                Err(_) => {}
            }
            if policy.wants_more {
                write.rounds.asked(identity);
            }
        }
    }
    Ok(())
}

fn refusal(write: &Attributes, bound: &Bound, why: &str) -> Failure {
    let (policy, binding) = (bound.policy_name(), bound.binding_name());
    let text = format!("policy '{policy}' with binding '{binding}' denied request: {why}");
    let mut failure = write.forbidden(text);
    (failure.code, failure.reason) = (StatusCode::UNPROCESSABLE_ENTITY, "Invalid");
    failure
}

/// What a policy makes of the object; none: its conditions do not hold, or there is no object.
async fn apply(
    cluster: Cluster<'_>,
    write: &Attributes,
    policy: &Arc<Mutation>,
    params: &Value,
    namespace: &Value,
) -> Result<Option<Value>, String> {
    if write.object.is_null() {
        return Ok(None);
    }
    let mut object = write.object.clone();
    // The place before the first step is the match conditions'.
    for place in 0..=policy.steps.len() {
        let (request, asking) = (request(write), Arc::new(Asking::default()));
        let inputs =
            Inputs { request: &request, object: &object, old: &write.old, params, namespace };
        let mut made = Err("authorization was asked too often".to_owned());
        for _ in 0..ROUNDS_MAX {
            made = {
                let own = own_question(write);
                let scope = Scope::new(&inputs, &policy.variables, &asking, own, RUN_COST_MAX);
                step(cluster.registry, policy, place, &scope, (write, &object))
            };
            if !asking.answer(write.requester.as_ref()).await {
                break;
            }
        }
        match made? {
            Some(new) => object = new,
            None => return Ok(None),
        }
    }
    Ok(Some(object))
}

fn step(
    registry: &Registry,
    policy: &Mutation,
    place: usize,
    scope: &Scope<'_>,
    (write, object): (&Attributes, &Value),
) -> Result<Option<Value>, String> {
    let Some(step) = place.checked_sub(1).and_then(|place| policy.steps.get(place)) else {
        let holds = conditions_hold(scope, &policy.conditions)?;
        return Ok(holds.then(|| object.clone()));
    };
    let (Step::Over(program) | Step::Patch(program)) = step;
    let program = program.as_ref().map_err(Clone::clone)?;
    let value = scope.run(program).and_then(|value| value.to_json());
    let value = value.map_err(|error| error.to_string())?;
    let changed = match step {
        Step::Over(_) => registry.laid_over(&write.resource, &write.kind, object, &value),
        Step::Patch(_) => patched(object, &value),
    };
    let changed = changed.and_then(|changed| registry.conformed(&write.kind, changed));
    changed.map(Some).map_err(|failure| failure.to_string())
}

fn patched(object: &Value, patch: &Value) -> Result<Value, Failure> {
    let refused = |error| crate::registry::refused(&error);
    let patch = JsonPatch::decode(patch, false).map_err(refused)?;
    patch.apply(object.clone()).map_err(refused)
}

#[cfg(test)]
mod tests {
    use super::*;
    use serde_json::json;

    #[test]
    fn expressions_are_checked_for_what_they_make() {
        let compiled = |mutation: Value| {
            let policy = json!({"spec": {"mutations": [mutation]}});
            let (Step::Over(program) | Step::Patch(program)) =
                Mutation::compile(&policy).steps.remove(0);
            program.map(drop)
        };
        let over = |text: &str| {
            compiled(json!({"patchType": "ApplyConfiguration",
                "applyConfiguration": {"expression": text}}))
        };
        let patch = |text: &str| {
            compiled(json!({"patchType": "JSONPatch", "jsonPatch": {"expression": text}}))
        };
        assert_eq!(over("Object{spec: Object.spec{replicas: 2}}"), Ok(()));
        assert!(over("1").is_err());
        assert_eq!(patch("[JSONPatch{op: 'add', path: '/metadata/labels/a', value: 'b'}]"), Ok(()));
        assert!(patch("'text'").is_err());
    }
}
