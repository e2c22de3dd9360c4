//! Of pods, and of templates of pods.
//!
//! Upstream: pkg/api/pod/warnings.go.

use super::hostname;
use crate::registry::strategies::each;
use api::quantity::Quantity;
use serde_json::Value;

/// Labels of nodes that have other names now.
const OLD_LABELS: [(&str, &str, &str); 5] = [
    ("beta.kubernetes.io/arch", "v1.14", "kubernetes.io/arch"),
    ("beta.kubernetes.io/instance-type", "v1.17", "node.kubernetes.io/instance-type"),
    ("beta.kubernetes.io/os", "v1.14", "kubernetes.io/os"),
    ("failure-domain.beta.kubernetes.io/region", "v1.17", "topology.kubernetes.io/region"),
    ("failure-domain.beta.kubernetes.io/zone", "v1.17", "topology.kubernetes.io/zone"),
];

/// Annotations that became fields.
const OLD_ANNOTATIONS: [(&str, &str, &str); 2] = [
    ("scheduler.alpha.kubernetes.io/critical-pod", "v1.16", "priorityClassName"),
    ("seccomp.security.alpha.kubernetes.io/pod", "v1.27", "seccompProfile"),
];

/// Volumes of drivers that are no more, or soon will not be.
const OLD_VOLUMES: [(&str, &str); 9] = [
    ("cephfs", "deprecated in v1.28, non-functional in v1.31+"),
    ("flocker", "deprecated in v1.22, non-functional in v1.25+"),
    ("gitRepo", "deprecated in v1.11"),
    ("glusterfs", "deprecated in v1.25, non-functional in v1.26+"),
    ("photonPersistentDisk", "deprecated in v1.11, non-functional in v1.16+"),
    ("quobyte", "deprecated in v1.22, non-functional in v1.25+"),
    ("rbd", "deprecated in v1.28, non-functional in v1.31+"),
    ("scaleIO", "deprecated in v1.16, non-functional in v1.22+"),
    ("storageos", "deprecated in v1.22, non-functional in v1.25+"),
];

const CONTAINERS: [&str; 2] = ["initContainers", "containers"];

/// People seldom change pods themselves: they are told of new ones only.
pub(crate) fn pod(pod: &Value, born: bool) -> Vec<String> {
    if !born {
        return Vec::new();
    }
    let name = hostname(pod, "the Pod's hostname");
    name.into_iter().chain(template(pod, "")).collect()
}

/// A workload with a template at its usual place.
pub(crate) fn of_template(object: &Value, born: bool) -> Vec<String> {
    let named = ["Deployment", "ReplicaSet", "ReplicationController"];
    let named = named.iter().any(|kind| object["kind"] == *kind);
    let name = hostname(object, "Pod names and hostnames").filter(|_| born && named);
    name.into_iter().chain(template(&object["spec"]["template"], "spec.template")).collect()
}

/// An object that is a template.
pub(crate) fn in_template(object: &Value, _: bool) -> Vec<String> {
    template(&object["template"], "template")
}

/// A pod or a template that stands at `place`.
pub(super) fn template(pod: &Value, place: &str) -> Vec<String> {
    let at = |path: &str| match place.is_empty() {
        true => path.to_owned(),
        false => format!("{place}.{path}"),
    };
    let spec = &pod["spec"];
    let mut all = Vec::new();
    for (label, since, now) in OLD_LABELS {
        if spec["nodeSelector"].get(label).is_some() {
            let place = at("spec.nodeSelector");
            all.push(format!("{place}[{label}]: deprecated since {since}; use {now:?} instead"));
        }
    }
    for (annotation, since, field) in OLD_ANNOTATIONS {
        if super::annotated(pod, annotation) {
            let place = at("metadata.annotations");
            all.push(format!(
                "{place}[{annotation}]: non-functional in {since}+; use the {field:?} field instead"
            ));
        }
    }
    volumes(spec, &at("spec.volumes"), &mut all);
    for (index, secret) in each(spec, "imagePullSecrets").enumerate() {
        if secret["name"].as_str().is_none_or(str::is_empty) {
            let place = at("spec.imagePullSecrets");
            all.push(format!("{place}[{index}].name: invalid empty name \"\""));
        }
    }
    for list in CONTAINERS {
        for (index, one) in each(spec, list).enumerate() {
            container(one, &format!("{}[{index}]", at(&format!("spec.{list}"))), &mut all);
        }
    }
    if spec["terminationGracePeriodSeconds"].as_i64().is_some_and(|seconds| seconds < 0) {
        let place = at("spec.terminationGracePeriodSeconds");
        all.push(format!(
            "{place}: must be >= 0; negative values are invalid and will be treated as 1"
        ));
    }
    all
}

fn volumes(spec: &Value, place: &str, all: &mut Vec<String>) {
    for (index, volume) in each(spec, "volumes").enumerate() {
        for (driver, state) in OLD_VOLUMES {
            if volume.get(driver).is_some() {
                all.push(format!("{place}[{index}].{driver}: {state}"));
            }
        }
    }
}

fn container(container: &Value, place: &str, all: &mut Vec<String>) {
    let mut names: Vec<&str> = Vec::new();
    for (index, variable) in each(container, "env").enumerate() {
        let name = variable["name"].as_str().unwrap_or_default();
        if names.contains(&name) {
            all.push(format!(
                "{place}.env[{index}]: hides previous definition of {name:?}, which may be \
                 dropped when using apply"
            ));
        }
        names.push(name);
    }
    let ports: Vec<&Value> = each(container, "ports").collect();
    for (index, port) in ports.iter().enumerate() {
        let same = |other: &&Value| {
            ["containerPort", "protocol", "hostPort", "hostIP"]
                .iter()
                .all(|k| port[*k] == other[*k])
        };
        if let Some(first) = ports[..index].iter().position(same) {
            all.push(format!(
                "{place}.ports[{index}]: duplicate port definition with {place}.ports[{first}]"
            ));
        }
    }
    for list in ["limits", "requests"] {
        let amounts = &container["resources"][list];
        for name in ["memory", "ephemeral-storage"] {
            all.extend(fractional(amounts, &format!("{place}.resources.{list}"), name));
        }
    }
}

/// Bytes are not divided.
pub(super) fn fractional(amounts: &Value, place: &str, name: &str) -> Option<String> {
    let text = amounts[name].as_str()?;
    let amount = Quantity::parse(text).ok()?;
    (amount.milli_value() % 1000 != 0).then(|| {
        format!("{place}[{name}]: fractional byte value {text:?} is invalid, must be an integer")
    })
}

#[cfg(test)]
mod tests {
    use super::*;
    use serde_json::json;

    #[test]
    fn a_pod_is_told_of_what_does_nothing_any_more() {
        let object = json!({
            "metadata": {
                "name": "a.b",
                "annotations": {"scheduler.alpha.kubernetes.io/critical-pod": ""},
            },
            "spec": {
                "nodeSelector": {"beta.kubernetes.io/os": "linux"},
                "volumes": [{"name": "v", "gitRepo": {}}],
                "containers": [{
                    "env": [{"name": "A"}, {"name": "A"}],
                    "ports": [{"containerPort": 80}, {"containerPort": 80}],
                    "resources": {"requests": {"memory": "100m"}},
                }],
            },
        });
        let told = pod(&object, true);
        assert!(told[0].starts_with("metadata.name: this is used in the Pod's hostname"));
        assert_eq!(
            told[1..],
            [
                "spec.nodeSelector[beta.kubernetes.io/os]: deprecated since v1.14; use \
             \"kubernetes.io/os\" instead",
                "metadata.annotations[scheduler.alpha.kubernetes.io/critical-pod]: non-functional in \
             v1.16+; use the \"priorityClassName\" field instead",
                "spec.volumes[0].gitRepo: deprecated in v1.11",
                "spec.containers[0].env[1]: hides previous definition of \"A\", which may be dropped \
             when using apply",
                "spec.containers[0].ports[1]: duplicate port definition with \
             spec.containers[0].ports[0]",
                "spec.containers[0].resources.requests[memory]: fractional byte value \"100m\" is \
             invalid, must be an integer",
            ]
        );
        assert!(pod(&object, false).is_empty());
    }
}
