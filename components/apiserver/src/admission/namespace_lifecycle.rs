//! Nothing is created in a namespace that is not there, or is on its way out.
//!
//! Upstream: apiserver/pkg/admission/plugin/namespace/lifecycle.

use super::{Attributes, Cluster, Plugin, Wanted};
use crate::{
    failure::{Cause, Failure, Named},
    object,
    registry::{Registry, place},
    storage::Ground,
};
use serde_json::Value;

pub(super) const PLUGIN: Plugin = Plugin {
    name: "NamespaceLifecycle",
    by_default: true,
    mutate: Some(|cluster, write| Box::pin(admit(cluster, write))),
    validate: None,
};

/// Namespaces that stay as long as the cluster does.
const IMMORTAL: [&str; 3] = ["default", "kube-system", "kube-public"];

async fn admit(cluster: Cluster<'_>, write: &mut Attributes) -> Result<(), Failure> {
    let about_namespace = write.is("", "namespaces");
    if write.deletes() && about_namespace && IMMORTAL.contains(&write.name.as_str()) {
        return Err(write.forbidden("this namespace may not be deleted"));
    }
    let free = write.namespace.is_empty() || about_namespace || write.deletes();
    // Whoever asks what they may do is not told which namespaces there are.
    let review = write.is("authorization.k8s.io", "localsubjectaccessreviews");
    if free || review {
        return Ok(());
    }
    let name = write.namespace.as_str();
    let mut namespace = cluster.found(Wanted::namespace(name)).await?;
    if !write.creates() {
        return namespace.map(drop).ok_or_else(|| missing(name));
    }
    // A cache that lags may still show the end of one that was made anew.
    if namespace.as_ref().is_some_and(|one| !is_alive(one)) {
        namespace = cluster.stored(Wanted::namespace(name)).await?;
    }
    let namespace = namespace.ok_or_else(|| missing(name))?;
    // K11 (kubernetes #36891): what the cache says of the namespace is enough.
    write.grounded = !cluster.registry.host.defects.has("K11");
    if_alive(&namespace, write)
}

/// What a birth stands on: its namespace as the storage holds it. A cache that lags would let an
/// object in after the last look of whoever empties the namespace, and so would a look at the storage
/// that is followed by a pause; upstream gives servers five seconds to hear of the namespace's end.
///
/// # Errors
/// It is not there, or on its way out.
pub(crate) async fn ground(registry: &Registry, write: &Attributes) -> Result<Ground, Failure> {
    let name = write.namespace.as_str();
    let resource = registry.resource("", "v1", "namespaces");
    let resource = resource.ok_or_else(|| Failure::internal("there are no namespaces"))?;
    let found = registry.stored(&resource, "", name).await?;
    let namespace = found.ok_or_else(|| missing(name))?;
    if_alive(&namespace, write)?;
    let key = registry.storage().key(&place::key(&resource, "", name));
    let revision = object::meta(&namespace, "resourceVersion").parse().unwrap_or(0);
    Ok(Ground { key, revision })
}

fn missing(name: &str) -> Failure {
    Failure::not_found(Named { group: "", resource: "namespaces", name })
}

fn is_alive(namespace: &Value) -> bool {
    object::meta(namespace, "deletionTimestamp").is_empty()
}

fn if_alive(namespace: &Value, write: &Attributes) -> Result<(), Failure> {
    let name = write.namespace.as_str();
    if is_alive(namespace) {
        return Ok(());
    }
    let why =
        format!("unable to create new content in namespace {name} because it is being terminated");
    let cause = Cause {
        reason: "NamespaceTerminating",
        message: format!("namespace {name} is being terminated"),
        field: "metadata.namespace".into(),
    };
    Err(write.forbidden(why).because(&[cause]))
}
