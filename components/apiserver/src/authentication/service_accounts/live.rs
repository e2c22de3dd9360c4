//! Whether what a token names still lives, and is still the same.
//!
//! Upstream: pkg/serviceaccount/claims.go (validator), legacy.go.

use super::claims::{Bound, Legacy, Reference};
use crate::{
    object,
    registry::{Freshness, Registry, Target},
};
use base64::{Engine, engine::general_purpose::STANDARD};
use serde_json::Value;

/// What is deleted stays good for so many seconds more (jose's default leeway).
const LEEWAY_SECONDS: i64 = 60;

/// An object as the cache has it, or, where the cache has none or another of that name, as the
/// storage has it.
async fn find(registry: &Registry, plural: &str, place: (&str, &str), uid: &str) -> Option<Value> {
    let target = Target {
        resource: registry.resource("", "v1", plural)?,
        namespace: place.0.to_owned(),
        name: place.1.to_owned(),
        subresource: String::new(),
    };
    for freshness in [Freshness::Any, Freshness::Newest] {
        let Ok(bytes) = registry.get(&target, freshness).await else { continue };
        let object: Value = serde_json::from_slice(&bytes).ok()?;
        if object::meta(&object, "uid") == uid || freshness == Freshness::Newest {
            return Some(object);
        }
    }
    None
}

/// Whether it is told to go for longer than clocks may differ.
fn is_gone(registry: &Registry, object: &Value) -> bool {
    let now = i64::try_from(registry.host.clock.wall().seconds()).unwrap_or(i64::MAX);
    let at = api::time::Moment::parse(object::meta(object, "deletionTimestamp"));
    at.is_ok_and(|at| at.seconds < now - LEEWAY_SECONDS)
}

/// Checks a bound token.
///
/// # Errors
/// What of it is gone, or another by now.
pub(super) async fn bound(registry: &Registry, bound: &Bound) -> Result<(), String> {
    let namespace = bound.namespace.as_str();
    account(registry, namespace, &bound.serviceaccount).await?;
    let node = bound.node.as_ref().filter(|_| bound.pod.is_none());
    for (plural, kind, reference, namespace) in [
        ("secrets", "secret", bound.secret.as_ref(), namespace),
        ("pods", "pod", bound.pod.as_ref(), namespace),
        ("nodes", "node", node, ""),
    ] {
        let Some(Reference { name, uid }) = reference else { continue };
        let found = find(registry, plural, (namespace, name), uid).await;
        let found = found.filter(|found| !is_gone(registry, found));
        let found = found.ok_or("service account token has been invalidated")?;
        let is = object::meta(&found, "uid");
        if is != uid {
            return Err(format!(
                "{kind} UID ({is}) does not match service account {kind} ref claim ({uid})"
            ));
        }
    }
    Ok(())
}

async fn account(
    registry: &Registry,
    namespace: &str,
    Reference { name, uid }: &Reference,
) -> Result<(), String> {
    let found = find(registry, "serviceaccounts", (namespace, name), uid).await;
    let found = found.ok_or_else(|| format!("serviceaccounts {name:?} not found"))?;
    if is_gone(registry, &found) {
        return Err(format!("service account {namespace}/{name} has been deleted"));
    }
    let is = object::meta(&found, "uid");
    match is == uid {
        true => Ok(()),
        false => Err(format!("service account UID ({is}) does not match claim ({uid})")),
    }
}

/// Checks a token that is kept in a secret: it must be there still.
///
/// # Errors
/// It is not, or its account is gone.
pub(super) async fn legacy(
    registry: &Registry,
    legacy: &Legacy,
    token: &str,
) -> Result<(), String> {
    let Legacy { namespace, secret, name, uid } = legacy;
    let found = find(registry, "secrets", (namespace, secret), "").await;
    let found = found.filter(|found| object::meta(found, "deletionTimestamp").is_empty());
    let found = found.ok_or("service account token has been invalidated")?;
    let kept = found["data"]["token"].as_str().and_then(|text| STANDARD.decode(text).ok());
    if kept.as_deref() != Some(token.as_bytes()) {
        return Err("service account token does not match server's copy".into());
    }
    account(registry, namespace, &Reference { name: name.clone(), uid: uid.clone() }).await
}
