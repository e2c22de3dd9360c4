//! Nobody gives away what it does not have: who writes a role or a binding must have all its rights
//! already, or the verb `escalate` on the role, or `bind` on the role that a binding names.
//!
//! Upstream: pkg/registry/rbac/escalation_check.go and the policybased storages of each resource.

use super::{GROUP, RoleRef, Rule, compact, missing, quoted};
use crate::{
    authentication::MASTERS,
    authorization::{Attributes, Requester},
    failure::{Failure, Named},
    object,
    registry::Target,
};
use serde_json::Value;

/// Members of metadata that let the garbage collector do its work; a change of these alone gives
/// nothing away.
const COLLECTORS: [&str; 4] = ["ownerReferences", "finalizers", "managedFields", "resourceVersion"];

/// Refuses a new or changed role or binding that would give more than its author has. Objects of
/// other resources give nothing, and the server itself has everything.
///
/// # Errors
/// The refusal as the client is told.
pub(crate) async fn check(
    requester: Option<&Requester>,
    target: &Target,
    new: &Value,
    present: Option<&Value>,
) -> Result<(), Failure> {
    let Some(requester) = requester.filter(|_| target.resource.kind.group == GROUP) else {
        return Ok(());
    };
    let unchanged = present.is_some_and(|present| essence(present) == essence(new));
    if unchanged || requester.user.is_in(MASTERS) {
        return Ok(());
    }
    let name = match target.name.as_str() {
        "" => object::meta(new, "name"),
        name => name,
    };
    let of = Named { group: GROUP, resource: &target.resource.plural, name };
    match target.resource.plural.as_str() {
        // Boxed: every write carries this one's room, and few are of roles.
        "roles" | "clusterroles" => Box::pin(role(requester, target, new, of)).await,
        _ => Box::pin(binding(requester, target, new, of)).await,
    }
}

async fn role(
    requester: &Requester,
    target: &Target,
    new: &Value,
    of: Named<'_>,
) -> Result<(), Failure> {
    let may = Attributes {
        verb: "escalate".into(),
        group: GROUP.into(),
        version: "v1".into(),
        resource: of.resource.into(),
        namespace: target.namespace.clone(),
        name: of.name.into(),
        ..Attributes::default()
    };
    if requester.may(may).await.is_allowed() {
        return Ok(());
    }
    held(requester, &target.namespace, &rules(&new["rules"]), of).await?;
    if !new["aggregationRule"].is_object() {
        return Ok(());
    }
    let all = held(requester, "", &Rule::everything(), of).await;
    all.map_err(|_| {
        let why = "must have cluster-admin privileges to use an aggregationRule";
        Failure::forbidden(of, why)
    })
}

async fn binding(
    requester: &Requester,
    target: &Target,
    new: &Value,
    of: Named<'_>,
) -> Result<(), Failure> {
    let text = |name: &str| new["roleRef"][name].as_str().unwrap_or_default().to_owned();
    let role = RoleRef { kind: text("kind"), name: text("name") };
    let may = Attributes {
        verb: "bind".into(),
        group: GROUP.into(),
        version: "v1".into(),
        resource: if role.kind == "Role" { "roles".into() } else { "clusterroles".into() },
        namespace: target.namespace.clone(),
        name: role.name.clone(),
        ..Attributes::default()
    };
    if requester.may(may).await.is_allowed() {
        return Ok(());
    }
    let rbac = requester.authorization.rbac();
    let rules = rbac.rules_behind(&role, &target.namespace).await?;
    held(requester, &target.namespace, &rules, of).await
}

/// Refuses what the requester does not have itself.
async fn held(
    requester: &Requester,
    namespace: &str,
    wanted: &[Rule],
    of: Named<'_>,
) -> Result<(), Failure> {
    let user = &requester.user;
    let (have, errors) = requester.authorization.rbac().rules_of(user, namespace).await;
    let missing = missing(&have, wanted);
    if missing.is_empty() {
        return Ok(());
    }
    let mut said: Vec<String> = compact(missing).iter().map(ToString::to_string).collect();
    said.sort();
    let mut why = format!(
        "user {:?} (groups={}) is attempting to grant RBAC permissions not currently held:\n{}",
        user.name,
        quoted(&user.groups),
        said.join("\n")
    );
    if !errors.is_empty() {
        why += &format!("; resolution errors: [{}]", errors.join(", "));
    }
    Err(Failure::forbidden(of, &why))
}

fn rules(value: &Value) -> Vec<Rule> {
    serde_json::from_value(value.clone()).unwrap_or_default()
}

/// The object without what only the garbage collector and the storage write.
fn essence(object: &Value) -> Value {
    let mut essence = object.clone();
    if let Some(metadata) = object::metadata_mut(&mut essence) {
        metadata.retain(|key, _| !COLLECTORS.contains(&key.as_str()));
    }
    essence
}
