//! Whose pod a pod is: what selects its like where the pod itself says nothing about spreading.
//!
//! Upstream: pkg/scheduler/framework/plugins/helper/spread.go (DefaultSelector).

use crate::objects::{
    labels::{self, Labels, Selector},
    pod::Pod,
};
use client::Key;
use serde_json::{Value, json};
use std::collections::BTreeMap;

/// What selects pods.
#[derive(Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Debug)]
pub enum OwnerKind {
    /// By labels alone.
    Service,
    /// By labels alone.
    ReplicationController,
    /// By a selector.
    ReplicaSet,
    /// By a selector.
    StatefulSet,
}

/// Services and controllers.
#[derive(Debug, Default)]
pub struct Owners {
    services: BTreeMap<Key, Labels>,
    controllers: BTreeMap<(OwnerKind, Key), Value>,
}

impl Owners {
    /// One came or changed.
    pub fn set(&mut self, kind: OwnerKind, object: &Value) {
        let (key, selector) = (Key::of(object), &object["spec"]["selector"]);
        match kind {
            OwnerKind::Service => {
                self.services.insert(key, labels::read(selector));
            }
            OwnerKind::ReplicationController => {
                self.controllers.insert((kind, key), json!({ "matchLabels": selector }));
            }
            _ => {
                self.controllers.insert((kind, key), selector.clone());
            }
        }
    }

    /// One is gone.
    pub fn remove(&mut self, kind: OwnerKind, key: &Key) {
        match kind {
            OwnerKind::Service => drop(self.services.remove(key)),
            _ => drop(self.controllers.remove(&(kind, key.clone()))),
        }
    }

    /// What selects the pods of the services and of the controller that a pod is of; none: it is
    /// nobody's.
    pub fn selector_of(&self, pod: &Pod) -> Option<Selector> {
        let from = self.services.range(Key::new(&pod.key.namespace, "")..);
        let near = from.take_while(|(key, _)| key.namespace == pod.key.namespace);
        let selects = |labels: &&Labels| {
            !labels.is_empty()
                && labels.iter().all(|(key, value)| pod.labels.get(key) == Some(value))
        };
        let mut all = Labels::new();
        for labels in near.map(|(_, labels)| labels).filter(selects) {
            all.extend(labels.clone());
        }
        let controller = self.controller(pod);
        if all.is_empty() && controller.is_none() {
            return None;
        }
        let mut whole = controller.cloned().unwrap_or_else(|| json!({}));
        for (key, value) in all {
            whole["matchLabels"][key] = value.into();
        }
        Some(Selector::of(&whole))
    }

    fn controller(&self, pod: &Pod) -> Option<&Value> {
        let owner = pod.owner.as_ref()?;
        let kind = match owner.kind.as_str() {
            "ReplicationController" => OwnerKind::ReplicationController,
            "ReplicaSet" => OwnerKind::ReplicaSet,
            "StatefulSet" => OwnerKind::StatefulSet,
            _ => return None,
        };
        self.controllers.get(&(kind, Key::new(&pod.key.namespace, &owner.name)))
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn services_and_the_controller_select_together() {
        let mut owners = Owners::default();
        let meta = json!({"name": "a", "namespace": "n"});
        owners.set(
            OwnerKind::Service,
            &json!({"metadata": meta, "spec": {"selector": {"app": "x"}}}),
        );
        let set = json!({"metadata": meta, "spec": {"selector": {"matchLabels": {"tier": "y"}}}});
        owners.set(OwnerKind::ReplicaSet, &set);
        let pod = |labels: Value, owners: Value| {
            Pod::read(std::sync::Arc::new(json!({"metadata": {"name": "p", "namespace": "n",
                "labels": labels, "ownerReferences": owners}})))
        };
        let of = json!([{"kind": "ReplicaSet", "name": "a", "controller": true}]);
        let text = |pod: &Pod| owners.selector_of(pod).map(|all| all.text().to_owned());
        assert_eq!(text(&pod(json!({"app": "z"}), json!([]))), None);
        assert_eq!(text(&pod(json!({"app": "x"}), json!([]))).unwrap(), "app=x");
        assert_eq!(text(&pod(json!({"app": "x"}), of)).unwrap(), "app=x,tier=y");
    }
}
