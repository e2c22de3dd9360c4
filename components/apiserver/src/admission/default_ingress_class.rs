//! An ingress that names no class gets the cluster's default.
//!
//! Upstream: plugin/pkg/admission/network/defaultingressclass.

use super::{Attributes, Cluster, Plugin, default_storage_class::newest_default, pod::annotation};
use crate::failure::Failure;

pub(super) const PLUGIN: Plugin = Plugin {
    name: "DefaultIngressClass",
    by_default: true,
    mutate: Some(|cluster, write| Box::pin(mutate(cluster, write))),
    validate: None,
};

const GROUP: &str = "networking.k8s.io";
const DEFAULT: &str = "ingressclass.kubernetes.io/is-default-class";
/// An older way to name an ingress's class.
const CLASS: &str = "kubernetes.io/ingress.class";

async fn mutate(cluster: Cluster<'_>, write: &mut Attributes) -> Result<(), Failure> {
    if !write.is_whole(GROUP, "ingresses") || !write.creates() {
        return Ok(());
    }
    let named = write.object["spec"]["ingressClassName"].is_string();
    if named || annotation(&write.object, CLASS).is_some() {
        return Ok(());
    }
    let classes = cluster.list(GROUP, "ingressclasses", "").await?;
    if let Some(name) = newest_default(classes.iter().map(|entry| entry.value()), &[DEFAULT]) {
        write.object["spec"]["ingressClassName"] = name.into();
    }
    Ok(())
}
