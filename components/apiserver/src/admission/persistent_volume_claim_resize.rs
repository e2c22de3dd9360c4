//! A claim grows only if it is bound and its storage class lets it.
//!
//! Upstream: plugin/pkg/admission/storage/persistentvolume/resize.

use super::{
    Attributes, Cluster, Plugin, Wanted, default_storage_class,
    pod::{annotation, quantity, text},
};
use crate::failure::Failure;
use api::quantity::Quantity;
use serde_json::Value;

pub(super) const PLUGIN: Plugin = Plugin {
    name: "PersistentVolumeClaimResize",
    by_default: true,
    mutate: None,
    validate: Some(|cluster, write| Box::pin(validate(cluster, write))),
};

async fn validate(cluster: Cluster<'_>, write: &Attributes) -> Result<(), Failure> {
    if !write.is_whole("", "persistentvolumeclaims") || !write.updates() {
        return Ok(());
    }
    let size = |claim: &Value| {
        quantity(&claim["spec"]["resources"]["requests"]["storage"]).unwrap_or(Quantity::ZERO)
    };
    if size(&write.object) <= size(&write.old) {
        return Ok(());
    }
    if write.old["status"]["phase"] != "Bound" {
        return Err(write.forbidden("Only bound persistent volume claims can be expanded"));
    }
    let name = match annotation(&write.object, default_storage_class::CLASS) {
        Some(name) => name,
        None => text(&write.object["spec"]["storageClassName"]),
    };
    let class = match name {
        "" => None,
        name => {
            let class = Wanted::of_cluster("storage.k8s.io", "storageclasses", name);
            cluster.found(class).await?
        }
    };
    if class.is_some_and(|class| class["allowVolumeExpansion"] == true) {
        return Ok(());
    }
    Err(write.forbidden(
        "only dynamically provisioned pvc can be resized and the storageclass that provisions the \
         pvc must support resize",
    ))
}
