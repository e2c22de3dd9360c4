//! Brings the roles and bindings that every cluster has into the cluster, at every start.
//!
//! What is there and says that it may be updated gets back what it lacks; what somebody added to it
//! stays. A binding that names another role is made anew, since that can never be changed.
//!
//! Upstream: pkg/registry/rbac/rest/storage_rbac.go, component-helpers/auth/rbac/reconciliation.

use super::{GROUP, Rule, missing, policy};
use crate::{
    failure::Failure,
    object,
    registry::{Deletion, Reading, Registry, Target, Writing},
};
use api::resources::Resource;
use futures_util::{StreamExt, TryStreamExt, stream};
use serde_json::Value;
use std::{collections::BTreeMap, sync::Arc};

/// The annotation that lets an object be updated; anything but `true` keeps it as it is.
pub(super) const AUTO_UPDATE: &str = "rbac.authorization.kubernetes.io/autoupdate";

/// Writes under way at one time: the storage writes those that come together at once.
const WRITES_MAX: usize = 32;

/// Makes or completes all of them.
///
/// # Errors
/// The first that cannot be.
pub(crate) async fn run(registry: &Registry) -> Result<(), Failure> {
    let mut found = BTreeMap::new();
    for plural in ["clusterroles", "clusterrolebindings", "roles", "rolebindings"] {
        let resource = resource(registry, plural)?;
        let listed = registry.list(&resource, "", &Reading::default()).await?;
        for entry in listed.entries {
            let object = entry.value().clone();
            found.insert(identity(&object), object);
        }
    }
    let roles = policy::roles();
    let wanted = roles.iter().flat_map(|role| [Some(role.role()), role.binding()]).flatten();
    let steps = wanted.map(|wanted| {
        let step = found.remove(&identity(&wanted)).map_or(Step::Create, |it| step(it, &wanted));
        (step, wanted)
    });
    let steps: Vec<_> = steps.filter(|(step, _)| *step != Step::Keep).collect();
    stream::iter(steps)
        .map(|(step, wanted)| carry_out(registry, step, wanted))
        .buffer_unordered(WRITES_MAX)
        .try_collect()
        .await
}

fn resource(registry: &Registry, plural: &str) -> Result<Arc<Resource>, Failure> {
    registry.resource(GROUP, "v1", plural).ok_or_else(Failure::no_such_resource)
}

/// Kind, namespace and name.
fn identity(object: &Value) -> [String; 3] {
    let meta = |name| object::meta(object, name).to_owned();
    [object["kind"].as_str().unwrap_or_default().to_owned(), meta("namespace"), meta("name")]
}

async fn carry_out(registry: &Registry, step: Step, wanted: Value) -> Result<(), Failure> {
    let [kind, namespace, name] = identity(&wanted);
    let resource = resource(registry, &format!("{}s", kind.to_lowercase()))?;
    let target = Target { resource, namespace, name, subresource: String::new() };
    let how = Writing { manager: "kube-apiserver".into(), ..Writing::default() };
    let done = match step {
        Step::Keep => return Ok(()),
        Step::Create => registry.create(&target, wanted, &how).await.map(drop),
        Step::Update(new) => registry.update(&target, new, &how).await.map(drop),
        Step::Replace => {
            registry.delete(&target, &Deletion::default(), &how).await?;
            registry.create(&target, wanted, &how).await.map(drop)
        }
    };
    match done {
        // Another server was first: what it wrote is as good.
        Err(failure) if matches!(failure.reason, "AlreadyExists" | "Conflict") => Ok(()),
        done => done,
    }
}

#[derive(Clone, PartialEq, Debug)]
enum Step {
    Create,
    Keep,
    Update(Value),
    /// Deleted, and made anew.
    Replace,
}

/// What is to be done with what was found.
fn step(found: Value, wanted: &Value) -> Step {
    let allowed = found["metadata"]["annotations"][AUTO_UPDATE].as_str();
    if allowed.is_some_and(|allowed| allowed != "true") {
        return Step::Keep;
    }
    if found["roleRef"] != wanted["roleRef"] {
        return Step::Replace;
    }
    let mut new = found.clone();
    for part in ["labels", "annotations"] {
        for (key, value) in wanted["metadata"][part].as_object().into_iter().flatten() {
            if new["metadata"][part].get(key).is_none() {
                new["metadata"][part][key] = value.clone();
            }
        }
    }
    // What is gathered from other roles is whoever gathers' to write.
    if wanted.get("aggregationRule").is_some() {
        complete(
            &mut new["aggregationRule"]["clusterRoleSelectors"],
            &wanted["aggregationRule"]["clusterRoleSelectors"],
        );
    } else if wanted.get("rules").is_some() {
        complete_rules(&mut new["rules"], &wanted["rules"]);
    }
    if wanted.get("subjects").is_some() {
        complete(&mut new["subjects"], &wanted["subjects"]);
    }
    if new == found { Step::Keep } else { Step::Update(new) }
}

/// Adds what a list lacks.
fn complete(have: &mut Value, wanted: &Value) {
    let mut all = have.as_array().cloned().unwrap_or_default();
    for one in wanted.as_array().into_iter().flatten() {
        if !all.contains(one) {
            all.push(one.clone());
        }
    }
    *have = all.into();
}

/// Adds the rules that those there do not cover.
fn complete_rules(have: &mut Value, wanted: &Value) {
    let rules =
        |value: &Value| -> Vec<Rule> { serde_json::from_value(value.clone()).unwrap_or_default() };
    let lacking = missing(&rules(have), &rules(wanted));
    let mut all = have.as_array().cloned().unwrap_or_default();
    all.extend(lacking.iter().map(|rule| serde_json::json!(rule)));
    *have = all.into();
}

#[cfg(test)]
mod tests {
    use super::*;
    use serde_json::json;

    #[test]
    fn what_lacks_is_added_and_what_was_added_stays() {
        let rule =
            |verbs: &[&str]| json!({"apiGroups": [""], "resources": ["pods"], "verbs": verbs});
        let role = |rules: Value, update: &str| {
            let annotations = json!({AUTO_UPDATE: update});
            json!({"metadata": {"annotations": annotations}, "rules": rules})
        };
        let wanted = role(json!([rule(&["get", "list"])]), "true");
        assert_eq!(step(wanted.clone(), &wanted), Step::Keep);
        assert_eq!(step(role(json!([]), "false"), &wanted), Step::Keep);
        let more = role(json!([rule(&["get", "list", "watch"])]), "true");
        assert_eq!(step(more, &wanted), Step::Keep);
        let less = role(json!([rule(&["get"])]), "true");
        let completed = role(json!([rule(&["get"]), rule(&["list"])]), "true");
        assert_eq!(step(less, &wanted), Step::Update(completed));
    }

    #[test]
    fn a_binding_of_another_role_is_made_anew() {
        let binding = |role: &str, users: &[&str]| json!({"metadata": {}, "roleRef": role, "subjects": users});
        let wanted = binding("a", &["u"]);
        assert_eq!(step(binding("b", &["u"]), &wanted), Step::Replace);
        let both = Step::Update(binding("a", &["v", "u"]));
        assert_eq!(step(binding("a", &["v"]), &wanted), both);
    }
}
