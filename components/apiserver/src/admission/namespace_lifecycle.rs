//! Nothing is created in a namespace that is not there, or is on its way out.
//!
//! Upstream: apiserver/pkg/admission/plugin/namespace/lifecycle.

use super::{Attributes, Cluster, Plugin, Wanted};
use crate::{
    failure::{Cause, Failure, Named},
    object,
};

pub(super) const PLUGIN: Plugin = Plugin {
    name: "NamespaceLifecycle",
    by_default: true,
    mutate: Some(|cluster, write| Box::pin(admit(cluster, write))),
    validate: None,
};

/// Namespaces that stay as long as the cluster does.
const IMMORTAL: [&str; 3] = ["default", "kube-system", "kube-public"];

async fn admit(cluster: Cluster<'_>, write: &Attributes) -> Result<(), Failure> {
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
    // A birth is decided on what the storage holds: a cache that lags would let an object in after
    // the last look of whoever empties the namespace.
    let namespace = match write.creates() {
        true => cluster.stored(Wanted::namespace(name)).await?,
        false => cluster.found(Wanted::namespace(name)).await?,
    };
    let Some(namespace) = namespace else {
        return Err(Failure::not_found(Named { group: "", resource: "namespaces", name }));
    };
    if !write.creates() || object::meta(&namespace, "deletionTimestamp").is_empty() {
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
