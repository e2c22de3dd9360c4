//! Every pod runs as a service account that exists, and gets its token and its pull secrets.
//!
//! Upstream: plugin/pkg/admission/serviceaccount.

use super::{
    Attributes, Cluster, Plugin, Wanted,
    pod::{Kept, annotation, is_mirror, items, items_mut, list_mut, refers_to, text},
};
use crate::{failure::Failure, registry::suffixed};
use serde_json::{Value, json};
use std::{collections::BTreeSet, time::Duration};

pub(super) const PLUGIN: Plugin = Plugin {
    name: "ServiceAccount",
    by_default: true,
    mutate: Some(|cluster, write| Box::pin(mutate(cluster, write))),
    validate: Some(|cluster, write| Box::pin(validate(cluster, write))),
};

const DEFAULT: &str = "default";
const MOUNT_PATH: &str = "/var/run/secrets/kubernetes.io/serviceaccount";
const VOLUME_PREFIX: &str = "kube-api-access-";
/// An hour, and seven seconds by which such tokens are known (WarnOnlyBoundTokenExpirationSeconds).
const TOKEN_SECONDS: i64 = 3607;
/// The controller that makes the default account may need a moment.
const LOOKS_FOR_DEFAULT: u32 = 10;
const LOOK_AGAIN: Duration = Duration::from_millis(100);

async fn mutate(cluster: Cluster<'_>, write: &mut Attributes) -> Result<(), Failure> {
    if !write.is_whole("", "pods") || !write.creates() || is_mirror(&write.object) {
        return Ok(());
    }
    let spec = &mut write.object["spec"];
    let named = ["serviceAccountName", "serviceAccount"].into_iter().map(|name| text(&spec[name]));
    let name = named.into_iter().find(|name| !name.is_empty()).unwrap_or(DEFAULT).to_owned();
    // The second is the older name of the first.
    spec["serviceAccountName"] = name.as_str().into();
    spec["serviceAccount"] = name.as_str().into();
    let account = account(cluster, write, &name).await?;
    if mounts_token(&account, &write.object) {
        let volume = suffixed(&cluster.registry.host, VOLUME_PREFIX);
        mount_token(&mut write.object["spec"], volume);
    }
    let spec = &mut write.object["spec"];
    if items(&spec["imagePullSecrets"]).next().is_none()
        && items(&account["imagePullSecrets"]).next().is_some()
    {
        spec["imagePullSecrets"] = account["imagePullSecrets"].clone();
    }
    Ok(())
}

async fn account(cluster: Cluster<'_>, write: &Attributes, name: &str) -> Result<Value, Failure> {
    let namespace = write.namespace.as_str();
    let wanted = Wanted::core("serviceaccounts", namespace, name);
    if let Some(account) = cluster.cached(wanted).await? {
        return Ok(account);
    }
    let looks = if name == DEFAULT { LOOKS_FOR_DEFAULT } else { 1 };
    for look in 0..looks {
        if look > 0 {
            cluster.registry.host.sleep(LOOK_AGAIN).await;
        }
        if let Some(account) = cluster.stored(wanted).await? {
            return Ok(account);
        }
    }
    Err(write.forbidden(format!(
        "error looking up service account {namespace}/{name}: serviceaccount {name:?} not found"
    )))
}

/// The pod decides, or else its account; who says nothing wants it.
fn mounts_token(account: &Value, pod: &Value) -> bool {
    let said =
        [&pod["spec"]["automountServiceAccountToken"], &account["automountServiceAccountToken"]];
    said.into_iter().find_map(Value::as_bool).unwrap_or(true)
}

/// Mounts a token into every container that has nothing else at its place.
fn mount_token(spec: &mut Value, new_name: String) {
    let there = items(&spec["volumes"]).map(|volume| text(&volume["name"]));
    let there = there.into_iter().find(|name| name.starts_with(VOLUME_PREFIX)).map(str::to_owned);
    let (missing, name) = (there.is_none(), there.unwrap_or(new_name));
    let mut needed = false;
    for list in ["initContainers", "containers"] {
        for container in items_mut(spec, list) {
            let mounts = list_mut(container, "volumeMounts");
            if mounts.iter().all(|mount| mount["mountPath"] != MOUNT_PATH) {
                mounts.push(json!({"name": name, "readOnly": true, "mountPath": MOUNT_PATH}));
                needed = true;
            }
        }
    }
    if missing && needed {
        list_mut(spec, "volumes").push(volume(&name));
    }
}

fn volume(name: &str) -> Value {
    json!({
        "name": name,
        "projected": {
            "defaultMode": 0o644,
            "sources": [
                {"serviceAccountToken": {"expirationSeconds": TOKEN_SECONDS, "path": "token"}},
                {"configMap": {
                    "name": "kube-root-ca.crt",
                    "items": [{"key": "ca.crt", "path": "ca.crt"}],
                }},
                {"downwardAPI": {"items": [{
                    "path": "namespace",
                    "fieldRef": {"apiVersion": "v1", "fieldPath": "metadata.namespace"},
                }]}},
            ],
        },
    })
}

async fn validate(cluster: Cluster<'_>, write: &Attributes) -> Result<(), Failure> {
    let pod = &write.object;
    if !write.is_whole("", "pods") || !write.creates() {
        return Ok(());
    }
    if is_mirror(pod) {
        return match mirror_fault(&pod["spec"]) {
            Some(why) => Err(write.forbidden(why)),
            None => Ok(()),
        };
    }
    let name = text(&pod["spec"]["serviceAccountName"]);
    let account = account(cluster, write, name).await?;
    let strict = annotation(&account, "kubernetes.io/enforce-mountable-secrets");
    let strict = strict.is_some_and(is_true);
    match strict.then(|| secret_fault(&account, &pod["spec"])).flatten() {
        Some(why) => Err(write.forbidden(why)),
        None => Ok(()),
    }
}

/// As Go's strconv reads a truth value.
fn is_true(text: &str) -> bool {
    matches!(text, "1" | "t" | "T" | "true" | "TRUE" | "True")
}

/// A mirror pod shows what a kubelet runs anyway: it must not pull in what the cluster keeps.
fn mirror_fault(spec: &Value) -> Option<&'static str> {
    if !text(&spec["serviceAccountName"]).is_empty() {
        return Some("a mirror pod may not reference service accounts");
    }
    if refers_to(spec, Kept::Secrets) {
        return Some("a mirror pod may not reference secrets");
    }
    if refers_to(spec, Kept::ConfigMaps) {
        return Some("a mirror pod may not reference configmaps");
    }
    let mut sources =
        items(&spec["volumes"]).flat_map(|volume| items(&volume["projected"]["sources"]));
    let token = sources.any(|source| source["serviceAccountToken"].is_object());
    token.then_some("a mirror pod may not use ServiceAccountToken volume projections")
}

/// A pod's first secret that its account does not name.
fn secret_fault(account: &Value, spec: &Value) -> Option<String> {
    let names = |list: &str| -> BTreeSet<&str> {
        items(&account[list]).map(|secret| text(&secret["name"])).collect()
    };
    let (mountable, pulled) = (names("secrets"), names("imagePullSecrets"));
    let of = text(&account["metadata"]["name"]);
    for volume in items(&spec["volumes"]).filter(|volume| volume["secret"].is_object()) {
        let name = text(&volume["secret"]["secretName"]);
        if !mountable.contains(name) {
            return Some(format!(
                "volume with secret.secretName={name:?} is not allowed because service account \
                 {of} does not reference that secret"
            ));
        }
    }
    for (list, called) in [("initContainers", "init container"), ("containers", "container")] {
        for container in items(&spec[list]) {
            for env in items(&container["env"]) {
                let from = &env["valueFrom"]["secretKeyRef"];
                let name = text(&from["name"]);
                if from.is_object() && !mountable.contains(name) {
                    let (container, env) = (text(&container["name"]), text(&env["name"]));
                    return Some(format!(
                        "{called} {container} with envVar {env} referencing \
                         secret.secretName={name:?} is not allowed because service account {of} \
                         does not reference that secret"
                    ));
                }
            }
        }
    }
    let pulls = items(&spec["imagePullSecrets"]).enumerate();
    let bad = pulls.map(|(at, secret)| (at, text(&secret["name"])));
    bad.into_iter().find(|(_, name)| !pulled.contains(name)).map(|(at, name)| {
        format!(
            "imagePullSecrets[{at}].name={name:?} is not allowed because service account {of} does \
             not reference that imagePullSecret"
        )
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_token_is_mounted_where_nothing_else_is() {
        let mut spec = json!({"containers": [
            {"name": "a"}, {"name": "b", "volumeMounts": [{"name": "x", "mountPath": MOUNT_PATH}]},
        ]});
        mount_token(&mut spec, "kube-api-access-abcde".into());
        assert_eq!(spec["containers"][0]["volumeMounts"][0]["name"], "kube-api-access-abcde");
        assert_eq!(spec["containers"][1]["volumeMounts"].as_array().map(Vec::len), Some(1));
        assert_eq!(spec["volumes"][0]["projected"]["defaultMode"], 420);
        let once = spec.clone();
        mount_token(&mut spec, "kube-api-access-other".into());
        assert_eq!(spec, once);
    }

    #[test]
    fn the_pod_decides_before_its_account() {
        for (pod, account, expected) in [
            (json!(null), json!(null), true),
            (json!(null), json!(false), false),
            (json!(true), json!(false), true),
            (json!(false), json!(true), false),
        ] {
            let pod = json!({"spec": {"automountServiceAccountToken": pod}});
            let account = json!({"automountServiceAccountToken": account});
            assert_eq!(mounts_token(&account, &pod), expected);
        }
    }

    #[test]
    fn mirror_pods_reference_nothing() {
        for (spec, expected) in [
            (
                json!({"serviceAccountName": "a"}),
                Some("a mirror pod may not reference service accounts"),
            ),
            (
                json!({"volumes": [{"secret": {"secretName": "a"}}]}),
                Some("a mirror pod may not reference secrets"),
            ),
            (
                json!({"containers": [{"envFrom": [{"configMapRef": {"name": "a"}}]}]}),
                Some("a mirror pod may not reference configmaps"),
            ),
            (json!({"volumes": [{"emptyDir": {}}]}), None),
        ] {
            assert_eq!(mirror_fault(&spec), expected, "{spec}");
        }
    }
}
