//! Which policies a write concerns: a policy counts as often as it is bound, each time with the
//! parameters that the binding names.
//!
//! Upstream: apiserver/pkg/admission/plugin/policy/generic/policy_dispatcher.go.

use super::{
    Attributes, Cluster,
    matching::{is_exempt, taken_as},
    params,
};
use crate::{cache::Entry, failure::Failure, object};
use api::resources::Resource;
use serde_json::Value;
use std::sync::Arc;

const GROUP: &str = "admissionregistration.k8s.io";

/// A policy as one of its bindings has it.
#[derive(Clone, Debug)]
pub(super) struct Bound {
    pub(super) policy: Arc<Entry>,
    pub(super) binding: Arc<Entry>,
    /// The version in which the policy wants to be told of the write.
    pub(super) seen: Arc<Resource>,
    /// Objects of parameters, one null where the policy takes none; why there are none.
    pub(super) params: Result<Vec<Value>, String>,
}

impl Bound {
    pub(super) fn policy_name(&self) -> &str {
        object::meta(self.policy.value(), "name")
    }

    pub(super) fn binding_name(&self) -> &str {
        object::meta(self.binding.value(), "name")
    }
}

/// The bound policies of a kind that take the write, in order of their names.
pub(super) async fn concerned(
    cluster: Cluster<'_>,
    write: &Attributes,
    policies: &str,
    bindings: &str,
) -> Result<Vec<Bound>, Failure> {
    let mut found = Vec::new();
    if is_exempt(write) {
        return Ok(found);
    }
    let policies = cluster.list(GROUP, policies, "").await?;
    if policies.is_empty() {
        return Ok(found);
    }
    let bindings = cluster.list(GROUP, bindings, "").await?;
    for policy in policies {
        let name = object::meta(policy.value(), "name").to_owned();
        let of_policy = |binding: &&Arc<Entry>| binding.value()["spec"]["policyName"] == *name;
        let own: Vec<_> = bindings.iter().filter(of_policy).cloned().collect();
        let spec = &policy.value()["spec"];
        if own.is_empty() {
            continue;
        }
        let seen = taken_as(cluster, write, &spec["matchConstraints"], true).await?;
        let Some(seen) = seen else { continue };
        for binding in own {
            let bound = &binding.value()["spec"];
            if taken_as(cluster, write, &bound["matchResources"], false).await?.is_some() {
                let params = params::of(cluster, write, &spec["paramKind"], &bound["paramRef"]);
                let params = params.await;
                let (policy, seen) = (policy.clone(), seen.clone());
                found.push(Bound { policy, binding, seen, params });
            }
        }
    }
    Ok(found)
}
