//! Namespaces hold no more than their quotas let them, however many servers let objects in.
//!
//! Usage is charged before the object is written, on the quota as the storage holds it: a quota that
//! somebody else has charged meanwhile is looked at again. What is deleted is credited by a
//! controller, which also says what a quota's status is at first.
//!
//! Upstream: apiserver/pkg/admission/plugin/resourcequota.

mod scopes;
mod usage;

use super::{
    Attributes, Cluster, Plugin, Wanted,
    pod::{Amounts, add, amounts},
};
use crate::{
    failure::{Failure, Named},
    object,
};
use api::quantity::Quantity;
use serde_json::{Value, json};
use std::collections::BTreeSet;

pub(super) const PLUGIN: Plugin = Plugin {
    name: "ResourceQuota",
    by_default: true,
    mutate: None,
    validate: Some(|cluster, write| Box::pin(validate(cluster, write))),
};

/// A quota that many charge at the same time is tried so often.
const ATTEMPTS_MAX: u32 = 10;

async fn validate(cluster: Cluster<'_>, write: &Attributes) -> Result<(), Failure> {
    let own_namespace = write.is("", "namespaces");
    if write.deletes() || write.namespace.is_empty() || own_namespace || !usage::handles(write) {
        return Ok(());
    }
    let quotas = cluster.list("", "resourcequotas", &write.namespace).await?;
    let known: Vec<&Value> = quotas.iter().map(|entry| entry.value()).collect();
    let concerned = |quota: &&&Value| scopes::matches(quota, write);
    let names: Vec<&str> =
        known.iter().filter(concerned).map(|quota| object::meta(quota, "name")).collect();
    if names.is_empty() {
        return Ok(());
    }
    // Those of this server come one after the other; those of other servers are told by revisions.
    let turn = cluster.memory.quota_turn(&write.namespace);
    let _turn = turn.lock().await;
    for name in names {
        charge(cluster, write, name).await?;
    }
    Ok(())
}

/// Charges one quota with what the write adds.
async fn charge(cluster: Cluster<'_>, write: &Attributes, name: &str) -> Result<(), Failure> {
    let resource = cluster.resource("", "resourcequotas")?;
    for _ in 0..ATTEMPTS_MAX {
        let stored = cluster.registry.stored(&resource, &write.namespace, name).await?;
        // A quota that is gone limits nothing.
        let Some(mut quota) = stored.filter(|quota| scopes::matches(quota, write)) else {
            return Ok(());
        };
        // K10a (kubernetes #24494): it is decided on cached usage, and written over what others charged.
        let cached = match cluster.registry.host.defects.has("K10a") {
            true => cluster.cached(Wanted::core("resourcequotas", &write.namespace, name)).await?,
            false => None,
        };
        let used = decide(cached.as_ref().unwrap_or(&quota), write);
        let used = used.map_err(|why| write.forbidden(why))?;
        let Some(used) = used.filter(|_| !write.dry_run) else { return Ok(()) };
        let used = used.iter().map(|(name, amount)| (name.clone(), json!(amount.to_string())));
        quota["status"]["used"] = Value::Object(used.collect());
        if cluster.registry.replace(&resource, &quota).await? {
            return Ok(());
        }
    }
    let of = Named { group: "", resource: "resourcequotas", name };
    Err(Failure::modified(of))
}

/// What a quota's usage becomes; none: as it is.
///
/// # Errors
/// Why the quota does not let the write in.
fn decide(quota: &Value, write: &Attributes) -> Result<Option<Amounts>, String> {
    let name = object::meta(quota, "name");
    let (hard, used) = (amounts(&quota["status"]["hard"]), amounts(&quota["status"]["used"]));
    let limited: BTreeSet<&str> =
        hard.keys().map(String::as_str).filter(|resource| usage::counts(write, resource)).collect();
    if limited.is_empty() {
        return Ok(None);
    }
    if let Some(why) = usage::missing(write, &limited) {
        return Err(format!("failed quota: {name}: {why}"));
    }
    let unknown: Vec<&str> =
        limited.iter().filter(|resource| !used.contains_key(**resource)).copied().collect();
    if !unknown.is_empty() {
        return Err(format!("status unknown for quota: {name}, resources: {}", unknown.join(",")));
    }
    let mut asked = usage::added(write);
    asked.retain(|resource, amount| limited.contains(resource.as_str()) && amount.sign() > 0);
    if asked.is_empty() {
        return Ok(None);
    }
    let mut total = used.clone();
    add(&mut total, &asked);
    let exceeded: BTreeSet<&str> = asked
        .keys()
        .map(String::as_str)
        .filter(|resource| total[*resource] > hard[*resource])
        .collect();
    if exceeded.is_empty() {
        return Ok(Some(total));
    }
    Err(format!(
        "exceeded quota: {name}, requested: {}, used: {}, limited: {}",
        told(&asked, &exceeded),
        told(&used, &exceeded),
        told(&hard, &exceeded)
    ))
}

/// `cpu=1,pods=2`.
fn told(amounts: &Amounts, of: &BTreeSet<&str>) -> String {
    let one = |name: &&str| {
        let amount = amounts.get(*name).copied().unwrap_or(Quantity::ZERO);
        format!("{name}={amount}")
    };
    of.iter().map(one).collect::<Vec<_>>().join(",")
}

#[cfg(test)]
mod tests;
