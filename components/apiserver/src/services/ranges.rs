//! The ranges that services' addresses come from: `ServiceCIDR` objects, the first of them our own.
//!
//! Upstream: pkg/controlplane/controller/defaultservicecidr and
//! pkg/registry/core/service/ipallocator/cidrallocator.go.

use super::{Cidr, Services};
use crate::{
    failure::Failure,
    object,
    registry::{Registry, Target, Writing, metadata},
};
use api::resources::Resource;
use serde_json::{Value, json};
use std::sync::Arc;

/// The object that says what the servers' flag says.
const OURS: &str = "kubernetes";

fn resource(registry: &Registry) -> Result<Arc<Resource>, Failure> {
    let found = registry.resource("networking.k8s.io", "v1", "servicecidrs");
    found.ok_or_else(|| Failure::internal("there is no resource of service ranges"))
}

/// All ranges that new addresses may come from, our own first.
pub(super) async fn all(registry: &Registry, services: &Services) -> Result<Vec<Cidr>, Failure> {
    let mut ranges = services.ranges.clone();
    let others = registry.all_cached(&resource(registry)?, "").await?;
    for range in others.iter().map(|entry| entry.value()).filter(|range| is_ready(range)) {
        let texts = range["spec"]["cidrs"].as_array().into_iter().flatten();
        let read = texts.filter_map(|text| text.as_str()?.parse::<Cidr>().ok());
        let new: Vec<Cidr> = read.filter(|range| !ranges.contains(range)).collect();
        ranges.extend(new);
    }
    Ok(ranges)
}

fn is_ready(range: &Value) -> bool {
    let conditions = range["status"]["conditions"].as_array().into_iter().flatten();
    let mut ready = conditions.filter(|one| one["type"] == "Ready");
    object::meta(range, "deletionTimestamp").is_empty() && ready.any(|one| one["status"] == "True")
}

/// Makes our own range's object where there is none, and says that it is ready.
pub(super) async fn keep_own(registry: &Registry, services: &Services) -> Result<(), Failure> {
    let resource = resource(registry)?;
    if registry
        .cached_object(&resource, "", OURS)
        .await?
        .is_some_and(|entry| is_ready(entry.value()))
    {
        return Ok(());
    }
    let target = |name: &str| Target {
        resource: resource.clone(),
        namespace: String::new(),
        name: name.into(),
        subresource: String::new(),
    };
    let cidrs: Vec<String> = services.ranges.iter().map(Cidr::to_string).collect();
    let range = json!({
        "kind": "ServiceCIDR", "apiVersion": "networking.k8s.io/v1",
        "metadata": {"name": OURS}, "spec": {"cidrs": cidrs},
    });
    match registry.create(&target(""), range, &Writing::own()).await {
        Err(failure) if failure.reason != "AlreadyExists" => return Err(failure),
        _ => {}
    }
    let now = metadata::time(registry.host.clock.wall());
    let decide = |present: &Value| {
        let mut new = present.clone();
        // Who made it with another range has to deal with it himself.
        if is_ready(&new) || present["spec"]["cidrs"] != json!(cidrs) {
            return Ok(new);
        }
        new["status"]["conditions"] = json!([{
            "type": "Ready", "status": "True", "reason": "", "lastTransitionTime": now,
            "message": "Kubernetes default Service CIDR is ready",
        }]);
        Ok(new)
    };
    registry.rewrite(&target(OURS), false, decide).await.map(drop)
}
