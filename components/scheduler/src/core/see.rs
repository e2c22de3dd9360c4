//! What the API says: an object as it is now, or that it is gone.
//!
//! Each is told with what was known before at hand, so that changes that nobody saw in between
//! cannot do harm. Upstream: pkg/scheduler/eventhandlers.go.

use super::{Core, may_enter, rank};
use crate::{
    cluster::OwnerKind,
    framework::Change,
    objects::{
        budget::Budget,
        labels,
        node::Node,
        pod::Pod,
        storage::{Capacity, Class, Drivers},
    },
};
use client::{Key, Object};
use host::Instant;
use serde_json::Value;
use std::sync::Arc;

/// Resources that a scheduler follows.
#[derive(Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Debug)]
pub enum Followed {
    /// Nodes.
    Nodes,
    /// Pods.
    Pods,
    /// Namespaces.
    Namespaces,
    /// Persistent volume claims.
    Claims,
    /// Persistent volumes.
    Volumes,
    /// Storage classes.
    Classes,
    /// CSI nodes.
    CsiNodes,
    /// CSI drivers.
    CsiDrivers,
    /// CSI storage capacities.
    Capacities,
    /// Pod disruption budgets.
    Budgets,
    /// Services.
    Services,
    /// Replication controllers.
    ReplicationControllers,
    /// Replica sets.
    ReplicaSets,
    /// Stateful sets.
    StatefulSets,
}

impl Core {
    /// An object is so now; none: it is gone.
    pub fn see(&mut self, now: Instant, what: Followed, key: &Key, object: Option<&Object>) {
        match what {
            Followed::Pods => self.see_pod(now, key, object),
            Followed::Nodes => self.see_node(now, key, object),
            Followed::Namespaces => {
                let labels = object.map(|object| labels::read(&object["metadata"]["labels"]));
                self.cluster.set_namespace(&key.name, labels);
                self.changed(now, &Change::Namespace(&key.name));
            }
            Followed::Budgets => match object {
                Some(object) => self.cluster.set_budget(Budget::read(object)),
                None => self.cluster.remove_budget(key),
            },
            Followed::Services => self.see_owner(now, OwnerKind::Service, key, object),
            Followed::ReplicationControllers => {
                self.see_owner(now, OwnerKind::ReplicationController, key, object);
            }
            Followed::ReplicaSets => self.see_owner(now, OwnerKind::ReplicaSet, key, object),
            Followed::StatefulSets => self.see_owner(now, OwnerKind::StatefulSet, key, object),
            _ => self.see_storage(now, what, key, object),
        }
    }

    fn see_owner(&mut self, now: Instant, kind: OwnerKind, key: &Key, object: Option<&Object>) {
        match object {
            Some(object) => self.cluster.owners.set(kind, object),
            None => self.cluster.owners.remove(kind, key),
        }
        self.changed(now, &Change::Owner(key));
    }

    fn see_node(&mut self, now: Instant, key: &Key, object: Option<&Object>) {
        let old = self.cluster.named(&key.name).and_then(|state| state.node.clone());
        match (object.map(|object| Node::read(object)), old) {
            (None, None) => {}
            (None, Some(old)) => {
                self.cluster.remove_node(&key.name);
                self.changed(now, &Change::NodeGone(&old));
            }
            (Some(new), None) => {
                self.cluster.set_node(new.clone());
                self.changed(now, &Change::NodeCame(&new));
            }
            // Most updates are signs of life.
            (Some(new), Some(old)) if new == *old => {}
            (Some(new), Some(old)) => {
                self.cluster.set_node(new.clone());
                self.changed(now, &Change::NodeChanged { old: &old, new: &new });
            }
        }
    }

    fn see_storage(&mut self, now: Instant, what: Followed, key: &Key, object: Option<&Object>) {
        let storage = &mut self.cluster.storage;
        let name = &key.name;
        match (what, object) {
            (Followed::Claims, Some(object)) => storage.set_claim(object.clone()),
            (Followed::Claims, None) => storage.remove_claim(key),
            (Followed::Volumes, Some(object)) => storage.set_volume(object.clone()),
            (Followed::Volumes, None) => storage.remove_volume(name),
            (Followed::Classes, object) => {
                storage.set_class(name, object.map(|object| Class::read(object)));
            }
            (Followed::CsiNodes, object) => {
                storage.set_drivers(name, object.map(|object| Drivers::read(object)));
            }
            (Followed::Capacities, object) => {
                storage.set_capacity(key.clone(), object.map(|object| Capacity::read(object)));
            }
            (_, object) => {
                let tracks = |object: &Object| object["spec"]["storageCapacity"].as_bool();
                storage.set_tracked(name, object.and_then(tracks) == Some(true));
            }
        }
        self.storage_changed(now, what, key, object);
    }

    fn storage_changed(
        &mut self,
        now: Instant,
        what: Followed,
        key: &Key,
        object: Option<&Object>,
    ) {
        let name = key.name.as_str();
        let claim = self.cluster.storage.seen_claim(key).cloned();
        let volume = self.cluster.storage.volume(name).cloned();
        let class = object.map(|object| Class::read(object));
        let change = match what {
            Followed::Claims => claim.as_deref().map(Change::Claim),
            Followed::Volumes => volume.as_deref().map(Change::Volume),
            Followed::Classes => class.as_ref().map(Change::Class),
            Followed::CsiNodes => Some(Change::Drivers { node: name }),
            _ => Some(Change::Capacity),
        };
        if let Some(change) = change {
            self.changed(now, &change);
        }
    }

    fn see_pod(&mut self, now: Instant, key: &Key, object: Option<&Object>) {
        // What has ended takes nothing and wants nothing.
        let read = object.map(|object| Arc::new(Pod::read(object.clone())));
        match read.filter(|pod| !pod.ended) {
            None => self.pod_gone(now, key),
            Some(pod) => {
                self.replaced(now, &pod);
                if pod.node.is_empty() { self.pod_waits(now, pod) } else { self.pod_runs(now, pod) }
            }
        }
    }

    fn pod_gone(&mut self, now: Instant, key: &Key) {
        let waited = self.queue.get(key).is_some();
        self.queue.remove(key);
        self.nominations.remove(key);
        let placed = self.cluster.pod(key).is_some();
        self.forget(now, key);
        if waited && !placed {
            // It may have kept room on a node.
            let none = Value::Null;
            self.changed(now, &Change::PodGone(&Pod::read(Arc::new(none))));
        }
    }

    /// Another pod of the same name is no update of the one that was.
    fn replaced(&mut self, now: Instant, pod: &Pod) {
        let placed = self.cluster.pod(&pod.key).is_some_and(|old| old.uid != pod.uid);
        let waits = self.queue.get(&pod.key).is_some_and(|old| old.uid != pod.uid);
        if placed || waits {
            self.pod_gone(now, &pod.key);
        }
    }

    fn pod_runs(&mut self, now: Instant, pod: Arc<Pod>) {
        self.queue.remove(&pod.key);
        self.nominations.remove(&pod.key);
        let assumed = self.assumed.confirmed(&pod.key);
        let old = self.cluster.pod(&pod.key).cloned();
        self.cluster.set_pod(pod.clone());
        match old.filter(|_| !assumed) {
            Some(old) => self.changed(now, &Change::PodChanged { old: &old, new: &pod }),
            None => self.changed(now, &Change::PodPlaced(&pod)),
        }
    }

    fn pod_waits(&mut self, now: Instant, pod: Arc<Pod>) {
        if self.assumed.uid(&pod.key) == Some(&pod.uid) {
            // It is being bound; what it was when it was placed counts.
            return;
        }
        if self.cluster.pod(&pod.key).is_some() {
            self.forget(now, &pod.key);
        }
        if pod.terminating || !self.profiles.contains_key(&pod.scheduler) {
            self.queue.remove(&pod.key);
            self.nominations.remove(&pod.key);
            return;
        }
        if !pod.nominated.is_empty() {
            self.nominations.set(&pod, &pod.nominated.clone());
        }
        let rank = rank(&self.profiles, &pod);
        match self.queue.get(&pod.key).cloned() {
            None => {
                let gate = may_enter(&self.profiles, &pod);
                self.queue.add(now, pod, rank, gate);
            }
            Some(old) => {
                self.queue.update(pod.clone(), rank);
                self.changed(now, &Change::Itself { old: &old, new: &pod });
            }
        }
    }
}
