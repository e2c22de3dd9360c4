//! What else a policy's expressions look at: objects of parameters, and the write's namespace.
//!
//! Upstream: apiserver/pkg/admission/plugin/policy/generic/policy_dispatcher.go (CollectParams).

use super::{Attributes, Cluster, Wanted, pod::text};
use crate::{
    failure::Failure,
    object,
    registry::{Freshness, Reading},
    selection::Selection,
};
use api::{resources::Resource, selector::LabelSelector};
use serde_json::{Map, Value};
use std::sync::Arc;

/// The objects that a binding names as parameters; one null where the policy takes none.
///
/// # Errors
/// There are none, and the binding says that this is a denial; the kind is not served.
pub(super) async fn of(
    cluster: Cluster<'_>,
    write: &Attributes,
    kind: &Value,
    reference: &Value,
) -> Result<Vec<Value>, String> {
    if !kind.is_object() || !reference.is_object() {
        return Ok(vec![Value::Null]);
    }
    let resource = resource(cluster, kind)?;
    let namespace = namespace_of(&resource, write, reference)?;
    let failed = |failure: Failure| failure.to_string();
    let name = text(&reference["name"]);
    let found = match name {
        "" => selected(cluster, &resource, &namespace, &reference["selector"]).await?,
        name => {
            let cached = cluster.registry.cached_object(&resource, &namespace, name).await;
            match cached.map_err(failed)? {
                Some(entry) => vec![entry.value().clone()],
                None => {
                    let stored = cluster.registry.stored(&resource, &namespace, name).await;
                    stored.map_err(failed)?.into_iter().collect()
                }
            }
        }
    };
    match found.is_empty() && reference["parameterNotFoundAction"] == "Deny" {
        true => {
            Err("no params found for policy binding with `Deny` parameterNotFoundAction".into())
        }
        false => Ok(found),
    }
}

fn resource(cluster: Cluster<'_>, kind: &Value) -> Result<Arc<Resource>, String> {
    let api_version = text(&kind["apiVersion"]);
    let (group, version) = api_version.split_once('/').unwrap_or(("", api_version));
    let name = text(&kind["kind"]);
    let found = cluster.registry.resource_of_kind(group, version, name);
    found.ok_or_else(|| {
        format!("failed to find resource referenced by paramKind: '{api_version}, Kind={name}'")
    })
}

fn namespace_of(
    resource: &Resource,
    write: &Attributes,
    reference: &Value,
) -> Result<String, String> {
    let said = text(&reference["namespace"]);
    match (resource.namespaced, said) {
        (false, "") => Ok(String::new()),
        (false, _) => Err("paramRef.namespace must not be provided for a cluster-scoped \
                           `paramKind`"
            .into()),
        (true, "") if write.namespace.is_empty() => {
            Err("cannot use namespaced paramRef in policy binding that matches cluster-scoped \
                 resources"
                .into())
        }
        (true, "") => Ok(write.namespace.clone()),
        (true, said) => Ok(said.to_owned()),
    }
}

async fn selected(
    cluster: Cluster<'_>,
    resource: &Arc<Resource>,
    namespace: &str,
    selector: &Value,
) -> Result<Vec<Value>, String> {
    let selector = LabelSelector::of(Some(selector)).map_err(|error| error.to_string())?;
    let reading = Reading {
        freshness: Freshness::Any,
        selection: Selection::default(),
        ..Reading::default()
    };
    let listed = cluster.registry.list(resource, namespace, &reading).await;
    let listed = listed.map_err(|failure| failure.to_string())?;
    let taken = listed.entries.iter().filter(|entry| selector.matches(&entry.labels));
    Ok(taken.map(|entry| entry.value().clone()).collect())
}

/// The parts of the write's namespace that expressions see; null where it is in none.
pub(super) async fn namespace(cluster: Cluster<'_>, write: &Attributes) -> Result<Value, Failure> {
    if write.namespace.is_empty() || write.is("", "namespaces") {
        return Ok(Value::Null);
    }
    let found = cluster.found(Wanted::namespace(&write.namespace)).await?;
    let Some(namespace) = found else { return Ok(Value::Null) };
    let mut seen = Map::new();
    for part in ["metadata", "spec", "status"] {
        seen.insert(part.into(), namespace[part].clone());
    }
    let mut seen = Value::Object(seen);
    if let Some(metadata) = object::metadata_mut(&mut seen) {
        metadata.retain(|name, _| !matches!(name.as_str(), "managedFields" | "ownerReferences"));
    }
    Ok(seen)
}
