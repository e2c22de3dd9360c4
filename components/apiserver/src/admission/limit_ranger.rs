//! Containers, pods and claims stay within their namespace's limit ranges, which also say what they
//! get that ask for nothing.
//!
//! Upstream: plugin/pkg/admission/limitranger.

use super::{
    Attributes, Cluster, Plugin,
    pod::{self, Amounts, amounts, items, items_mut, object_mut, text},
};
use crate::failure::Failure;
use api::quantity::Quantity;
use serde_json::Value;
use std::collections::{BTreeMap, BTreeSet};

pub(super) const PLUGIN: Plugin = Plugin {
    name: "LimitRanger",
    by_default: true,
    mutate: Some(|cluster, write| Box::pin(mutate(cluster, write))),
    validate: Some(|cluster, write| Box::pin(validate(cluster, write))),
};

const ANNOTATION: &str = "kubernetes.io/limit-ranger";

/// What containers ask for never changes but at the subresource that is there for it.
fn concerns(write: &Attributes) -> bool {
    let pod = write.is("", "pods");
    let resized = pod && write.updates() && write.subresource == "resize";
    let born = write.creates() && write.subresource.is_empty();
    let claim = write.is_whole("", "persistentvolumeclaims") && !write.deletes();
    claim || resized || (pod && born)
}

/// The items of all limit ranges of the write's namespace, a list for each.
async fn ranges(cluster: Cluster<'_>, write: &Attributes) -> Result<Vec<Value>, Failure> {
    let ranges = cluster.list("", "limitranges", &write.namespace).await?;
    Ok(ranges.iter().map(|entry| entry.value()["spec"]["limits"].clone()).collect())
}

async fn mutate(cluster: Cluster<'_>, write: &mut Attributes) -> Result<(), Failure> {
    if !concerns(write) || !write.is("", "pods") {
        return Ok(());
    }
    for limits in ranges(cluster, write).await? {
        fill_in(&mut write.object, &limits);
    }
    Ok(())
}

async fn validate(cluster: Cluster<'_>, write: &Attributes) -> Result<(), Failure> {
    if !concerns(write) {
        return Ok(());
    }
    for limits in ranges(cluster, write).await? {
        let faults = match write.is("", "pods") {
            true => pod_faults(&write.object, &limits),
            false => claim_faults(&write.object, &limits),
        };
        if !faults.is_empty() {
            return Err(write.forbidden(aggregate(&faults)));
        }
    }
    Ok(())
}

/// Several errors as one (utilerrors.NewAggregate): each is said once.
pub(super) fn aggregate(faults: &[String]) -> String {
    let mut seen = BTreeSet::new();
    let once: Vec<&str> =
        faults.iter().map(String::as_str).filter(|fault| seen.insert(*fault)).collect();
    match once.as_slice() {
        [one] => (*one).to_owned(),
        many => format!("[{}]", many.join(", ")),
    }
}

/// Gives containers what the limit range says that they get, and notes it in the pod.
fn fill_in(pod: &mut Value, limits: &Value) {
    let mut given: BTreeMap<&str, BTreeMap<String, Value>> = BTreeMap::new();
    for limit in items(limits).filter(|limit| limit["type"] == "Container") {
        for (from, to) in [("defaultRequest", "requests"), ("default", "limits")] {
            let entries = limit[from].as_object().into_iter().flatten();
            let entries = entries.map(|(name, value)| (name.clone(), value.clone()));
            given.entry(to).or_default().extend(entries);
        }
    }
    let mut notes = Vec::new();
    for (list, called) in [("containers", "container"), ("initContainers", "init container")] {
        for container in items_mut(&mut pod["spec"], list) {
            let name = text(&container["name"]).to_owned();
            for (which, word) in [("requests", "request"), ("limits", "limit")] {
                let Some(given) = given.get(which) else { continue };
                let set = fill_one(container, which, given);
                if !set.is_empty() {
                    notes.push(format!("{} {word} for {called} {name}", set.join(", ")));
                }
            }
        }
    }
    if !notes.is_empty() {
        let note = format!("LimitRanger plugin set: {}", notes.join("; "));
        object_mut(&mut pod["metadata"], "annotations").insert(ANNOTATION.into(), note.into());
    }
}

fn fill_one(container: &mut Value, which: &str, given: &BTreeMap<String, Value>) -> Vec<String> {
    let there = &container["resources"][which];
    let missing = given.iter().filter(|(name, _)| there.get(name.as_str()).is_none());
    let missing: Vec<(String, Value)> =
        missing.map(|(name, value)| (name.clone(), value.clone())).collect();
    if missing.is_empty() {
        return Vec::new();
    }
    object_mut(container, "resources");
    let to = object_mut(&mut container["resources"], which);
    to.extend(missing.iter().cloned());
    missing.into_iter().map(|(name, _)| name).collect()
}

/// What a pod does against one limit range.
fn pod_faults(pod: &Value, limits: &Value) -> Vec<String> {
    let mut faults = Vec::new();
    for limit in items(limits) {
        match text(&limit["type"]) {
            "Container" => {
                for list in ["containers", "initContainers"] {
                    for container in items(&pod["spec"][list]) {
                        let of = |which: &str| amounts(&container["resources"][which]);
                        faults.extend(bounds(limit, &of("requests"), &of("limits")));
                    }
                }
            }
            "Pod" => {
                let (asks, may) = (pod::requests(pod, false), pod::limits(pod, false));
                faults.extend(bounds(limit, &asks, &may));
            }
            _ => {}
        }
    }
    faults
}

fn claim_faults(claim: &Value, limits: &Value) -> Vec<String> {
    let asks = amounts(&claim["spec"]["resources"]["requests"]);
    let mut faults = Vec::new();
    for limit in items(limits).filter(|limit| limit["type"] == "PersistentVolumeClaim") {
        let usage = |name: &str| Usage::new("PersistentVolumeClaim", name, &asks, &Amounts::new());
        for (name, bound) in amounts(&limit["min"]) {
            faults.extend(usage(&name).too_little(bound));
        }
        for (name, bound) in amounts(&limit["max"]) {
            faults.extend(usage(&name).asks_too_much(bound));
        }
    }
    faults
}

/// What requests and limits do against one item of a limit range.
fn bounds(limit: &Value, asks: &Amounts, may: &Amounts) -> Vec<String> {
    let (kind, mut faults) = (text(&limit["type"]), Vec::new());
    for (name, bound) in amounts(&limit["min"]) {
        faults.extend(Usage::new(kind, &name, asks, may).too_little(bound));
    }
    for (name, bound) in amounts(&limit["max"]) {
        faults.extend(Usage::new(kind, &name, asks, may).too_much(bound));
    }
    for (name, bound) in amounts(&limit["maxLimitRequestRatio"]) {
        faults.extend(Usage::new(kind, &name, asks, may).too_far(bound));
    }
    faults
}

/// How much of one resource somebody asks for, and may have.
#[derive(Debug)]
struct Usage<'a> {
    /// Of what it is: `Container`.
    kind: &'a str,
    /// `cpu`.
    name: String,
    ask: Option<Quantity>,
    may: Option<Quantity>,
}

impl<'a> Usage<'a> {
    fn new(kind: &'a str, name: &str, asks: &Amounts, may: &Amounts) -> Self {
        let (ask, may) = (asks.get(name).copied(), may.get(name).copied());
        Self { kind, name: name.to_owned(), ask, may }
    }

    fn too_little(&self, bound: Quantity) -> Option<String> {
        let start = format!("minimum {} usage per {} is {bound}", self.name, self.kind);
        match (self.ask, self.may) {
            (None, _) => Some(format!("{start}.  No request is specified")),
            (Some(ask), _) if ask < bound => Some(format!("{start}, but request is {ask}")),
            (_, Some(may)) if may < bound => Some(format!("{start}, but limit is {may}")),
            _ => None,
        }
    }

    fn maximum(&self, bound: Quantity) -> String {
        format!("maximum {} usage per {} is {bound}", self.name, self.kind)
    }

    /// Of those who have no limits.
    fn asks_too_much(&self, bound: Quantity) -> Option<String> {
        let start = self.maximum(bound);
        match self.ask {
            None => Some(format!("{start}.  No request is specified")),
            Some(ask) if ask > bound => Some(format!("{start}, but request is {ask}")),
            Some(_) => None,
        }
    }

    fn too_much(&self, bound: Quantity) -> Option<String> {
        let start = self.maximum(bound);
        match (self.ask, self.may) {
            (_, None) => Some(format!("{start}.  No limit is specified")),
            (_, Some(may)) if may > bound => Some(format!("{start}, but limit is {may}")),
            (Some(ask), _) if ask > bound => Some(format!("{start}, but request is {ask}")),
            _ => None,
        }
    }

    #[expect(clippy::cast_precision_loss, reason = "a ratio is shown with six digits")]
    fn too_far(&self, bound: Quantity) -> Option<String> {
        let Self { kind, name, .. } = self;
        let start = format!("{name} max limit to request ratio per {kind} is {bound}");
        let Some(ask) = self.ask.filter(|ask| !ask.is_zero()) else {
            return Some(format!("{start}, but no request is specified or request is 0"));
        };
        let Some(may) = self.may.filter(|may| !may.is_zero()) else {
            return Some(format!("{start}, but no limit is specified or limit is 0"));
        };
        let ratio = may.milli_value() as f64 / ask.milli_value() as f64;
        let too_far = ratio * 1000.0 > bound.milli_value() as f64;
        too_far.then(|| format!("{start}, but provided ratio is {ratio:.6}"))
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use serde_json::json;

    #[test]
    fn containers_get_what_they_leave_out() {
        let limits = json!([
            {"type": "Container", "default": {"cpu": "1", "memory": "1Gi"},
             "defaultRequest": {"cpu": "100m"}},
            {"type": "Pod", "max": {"cpu": "2"}},
        ]);
        let mut pod = json!({"metadata": {}, "spec": {"containers": [
            {"name": "a", "resources": {}},
            {"name": "b", "resources": {"requests": {"cpu": "1"}, "limits": {"cpu": "2"}}},
        ]}});
        fill_in(&mut pod, &limits);
        assert_eq!(
            pod["spec"]["containers"][0]["resources"],
            json!({"requests": {"cpu": "100m"}, "limits": {"cpu": "1", "memory": "1Gi"}})
        );
        assert_eq!(
            pod["metadata"]["annotations"][ANNOTATION],
            "LimitRanger plugin set: cpu request for container a; cpu, memory limit for container \
             a; memory limit for container b"
        );
        assert!(pod["spec"].get("initContainers").is_none());
        assert_eq!(pod_faults(&pod, &limits), ["maximum cpu usage per Pod is 2, but limit is 3"]);
    }

    #[test]
    fn what_is_out_of_bounds_is_told_as_upstream_tells_it() {
        let limits = json!([{
            "type": "Container", "min": {"memory": "64Mi"}, "max": {"cpu": "1"},
            "maxLimitRequestRatio": {"memory": "2"},
        }]);
        let pod = |resources: Value| json!({"spec": {"containers": [{"resources": resources}]}});
        let cases = [
            (
                json!({"requests": {"memory": "32Mi"}, "limits": {"memory": "128Mi", "cpu": "2"}}),
                "[minimum memory usage per Container is 64Mi, but request is 32Mi, maximum cpu \
                 usage per Container is 1, but limit is 2, memory max limit to request ratio per \
                 Container is 2, but provided ratio is 4.000000]",
            ),
            (
                json!({"requests": {"memory": "64Mi"}, "limits": {"memory": "64Mi"}}),
                "maximum cpu usage per Container is 1.  No limit is specified",
            ),
            (
                json!({"limits": {"cpu": "1", "memory": "64Mi"}}),
                "[minimum memory usage per Container is 64Mi.  No request is specified, memory max \
                 limit to request ratio per Container is 2, but no request is specified or request \
                 is 0]",
            ),
        ];
        for (resources, expected) in cases {
            assert_eq!(aggregate(&pod_faults(&pod(resources), &limits)), expected);
        }
        let limits = json!([{"type": "PersistentVolumeClaim", "max": {"storage": "1Gi"}}]);
        let claim = json!({"spec": {"resources": {"requests": {"storage": "2Gi"}}}});
        assert_eq!(
            claim_faults(&claim, &limits),
            ["maximum storage usage per PersistentVolumeClaim is 1Gi, but request is 2Gi"]
        );
    }
}
