//! What a pod, and the volumes it claims, need of other objects. Pure.
//!
//! Upstream: pkg/api/v1/pod/util.go (VisitPodSecretNames, VisitPodConfigmapNames),
//! pkg/api/v1/persistentvolume/util.go, plugin/pkg/auth/authorizer/node/graph.go.

use serde_json::Value;
use std::collections::BTreeSet;

/// A kind of object that pods need.
#[derive(Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Debug)]
pub(super) enum Kind {
    Secret,
    ConfigMap,
    Claim,
    ResourceClaim,
    ServiceAccount,
}

/// Objects of a pod's own namespace.
pub(super) type Needs = BTreeSet<(Kind, String)>;

/// The members of a volume that name a secret.
const VOLUME_SECRETS: [&str; 10] = [
    "/azureFile/secretName",
    "/cephfs/secretRef/name",
    "/cinder/secretRef/name",
    "/csi/nodePublishSecretRef/name",
    "/flexVolume/secretRef/name",
    "/iscsi/secretRef/name",
    "/rbd/secretRef/name",
    "/scaleIO/secretRef/name",
    "/secret/secretName",
    "/storageos/secretRef/name",
];

/// The members of a persistent volume's source that name a secret for the kubelet.
const PERSISTENT_SECRETS: [&str; 11] = [
    "/azureFile",
    "/cephfs/secretRef",
    "/cinder/secretRef",
    "/csi/nodeExpandSecretRef",
    "/csi/nodePublishSecretRef",
    "/csi/nodeStageSecretRef",
    "/flexVolume/secretRef",
    "/iscsi/secretRef",
    "/rbd/secretRef",
    "/scaleIO/secretRef",
    "/storageos/secretRef",
];

/// What a pod needs. A mirror pod, which nodes make themselves, must give them nothing.
pub(super) fn needs(pod: &Value) -> Needs {
    let mut needs = Needs::new();
    if pod["metadata"]["annotations"]["kubernetes.io/config.mirror"].is_string() {
        return needs;
    }
    let spec = &pod["spec"];
    let mut add = |kind: Kind, name: Option<&Value>| {
        if let Some(name) = name.and_then(Value::as_str).filter(|name| !name.is_empty()) {
            needs.insert((kind, name.to_owned()));
        }
    };
    add(Kind::ServiceAccount, spec.get("serviceAccountName"));
    for secret in list(&spec["imagePullSecrets"]) {
        add(Kind::Secret, secret.get("name"));
    }
    for containers in ["containers", "initContainers", "ephemeralContainers"] {
        for container in list(&spec[containers]) {
            for from in list(&container["envFrom"]) {
                add(Kind::Secret, from.pointer("/secretRef/name"));
                add(Kind::ConfigMap, from.pointer("/configMapRef/name"));
            }
            for variable in list(&container["env"]) {
                add(Kind::Secret, variable.pointer("/valueFrom/secretKeyRef/name"));
                add(Kind::ConfigMap, variable.pointer("/valueFrom/configMapKeyRef/name"));
            }
        }
    }
    for volume in list(&spec["volumes"]) {
        volume_needs(pod, volume, &mut add);
    }
    for claim in list(&spec["resourceClaims"]) {
        let made = list(&pod["status"]["resourceClaimStatuses"])
            .find(|status| status["name"] == claim["name"]);
        let made = made.and_then(|status| status.get("resourceClaimName"));
        add(Kind::ResourceClaim, claim.get("resourceClaimName").or(made));
    }
    let extended = pod.pointer("/status/extendedResourceClaimStatus/resourceClaimName");
    add(Kind::ResourceClaim, extended);
    needs
}

fn volume_needs(pod: &Value, volume: &Value, add: &mut impl FnMut(Kind, Option<&Value>)) {
    for member in VOLUME_SECRETS {
        add(Kind::Secret, volume.pointer(member));
    }
    add(Kind::ConfigMap, volume.pointer("/configMap/name"));
    for source in list(&volume["projected"]["sources"]) {
        add(Kind::Secret, source.pointer("/secret/name"));
        add(Kind::ConfigMap, source.pointer("/configMap/name"));
    }
    add(Kind::Claim, volume.pointer("/persistentVolumeClaim/claimName"));
    if volume["ephemeral"].is_object() {
        let text = |value: &Value| value.as_str().unwrap_or_default().to_owned();
        let name = format!("{}-{}", text(&pod["metadata"]["name"]), text(&volume["name"]));
        add(Kind::Claim, Some(&name.into()));
    }
}

/// A persistent volume that is bound: the claim it is bound to, and its secrets, as `namespace/name`.
pub(super) fn bound(volume: &Value) -> Option<(String, BTreeSet<String>)> {
    let claim = volume["spec"].get("claimRef")?;
    let namespace = claim["namespace"].as_str()?;
    let secrets = PERSISTENT_SECRETS.iter().filter_map(|member| {
        let secret = volume["spec"].pointer(member)?;
        let name = secret.get("name").or_else(|| secret.get("secretName"))?.as_str()?;
        let own = secret.get("namespace").or_else(|| secret.get("secretNamespace"));
        let own = own.and_then(Value::as_str).filter(|own| !own.is_empty());
        Some(format!("{}/{name}", own.unwrap_or(namespace)))
    });
    Some((format!("{namespace}/{}", claim["name"].as_str()?), secrets.collect()))
}

fn list(value: &Value) -> impl Iterator<Item = &Value> {
    value.as_array().into_iter().flatten()
}

#[cfg(test)]
mod tests {
    use super::*;
    use serde_json::json;

    #[test]
    fn a_pod_needs_what_it_names() {
        let pod = json!({
            "metadata": {"name": "p"},
            "spec": {
                "serviceAccountName": "robot",
                "imagePullSecrets": [{"name": "pull"}],
                "initContainers": [{"envFrom": [{"secretRef": {"name": "env"}}]}],
                "containers": [{"env": [
                    {"valueFrom": {"configMapKeyRef": {"name": "settings"}}},
                ]}],
                "volumes": [
                    {"secret": {"secretName": "files"}},
                    {"projected": {"sources": [{"configMap": {"name": "projected"}}]}},
                    {"persistentVolumeClaim": {"claimName": "data"}},
                    {"name": "scratch", "ephemeral": {}},
                ],
                "resourceClaims": [{"name": "gpu"}, {"name": "n", "resourceClaimName": "own"}],
            },
            "status": {"resourceClaimStatuses": [{"name": "gpu", "resourceClaimName": "p-gpu"}]},
        });
        let needs = needs(&pod);
        let said: Vec<_> = needs.iter().map(|(kind, name)| format!("{kind:?} {name}")).collect();
        assert_eq!(
            said,
            [
                "Secret env",
                "Secret files",
                "Secret pull",
                "ConfigMap projected",
                "ConfigMap settings",
                "Claim data",
                "Claim p-scratch",
                "ResourceClaim own",
                "ResourceClaim p-gpu",
                "ServiceAccount robot",
            ]
        );
    }

    #[test]
    fn a_bound_volume_s_secrets_are_the_kubelet_s() {
        let volume = json!({"spec": {
            "claimRef": {"namespace": "a", "name": "data"},
            "csi": {
                "nodeStageSecretRef": {"name": "stage", "namespace": "b"},
                "controllerPublishSecretRef": {"name": "controller", "namespace": "b"},
            },
            "azureFile": {"secretName": "share"},
        }});
        let (claim, secrets) = bound(&volume).unwrap();
        assert_eq!(claim, "a/data");
        assert_eq!(secrets.into_iter().collect::<Vec<_>>(), ["a/share", "b/stage"]);
        assert_eq!(bound(&json!({"spec": {}})), None);
    }
}
