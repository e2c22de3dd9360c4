//! Copies of all resources that count, and a list of what changed since it was last looked at.
//!
//! The list holds keys, each once, and so never more than there are objects. What an object is by
//! the time that its key is looked at is all that the core is told.

use crate::core::Followed;
use client::{Client, Informer, Key, Object, Resource, Selection};
use host::{Stop, Task};
use parking_lot::Mutex;
use std::{
    collections::{BTreeMap, BTreeSet},
    fmt,
    sync::Arc,
};
use tokio::sync::Notify;

/// All that is followed. Nodes come before pods, so that pods find theirs.
fn resources() -> [(Followed, Resource, &'static str); 14] {
    let storage = |plural: &str| Resource::new("storage.k8s.io", "v1", plural);
    let apps = |plural: &str| Resource::new("apps", "v1", plural);
    let alive = "status.phase!=Succeeded,status.phase!=Failed";
    [
        (Followed::Nodes, Resource::core("nodes"), ""),
        (Followed::Pods, Resource::core("pods"), alive),
        (Followed::Namespaces, Resource::core("namespaces"), ""),
        (Followed::Claims, Resource::core("persistentvolumeclaims"), ""),
        (Followed::Volumes, Resource::core("persistentvolumes"), ""),
        (Followed::Classes, storage("storageclasses"), ""),
        (Followed::CsiNodes, storage("csinodes"), ""),
        (Followed::CsiDrivers, storage("csidrivers"), ""),
        (Followed::Capacities, storage("csistoragecapacities"), ""),
        (Followed::Budgets, Resource::new("policy", "v1", "poddisruptionbudgets"), ""),
        (Followed::Services, Resource::core("services"), ""),
        (Followed::ReplicationControllers, Resource::core("replicationcontrollers"), ""),
        (Followed::ReplicaSets, apps("replicasets"), ""),
        (Followed::StatefulSets, apps("statefulsets"), ""),
    ]
}

#[derive(Default)]
struct Changed {
    keys: Mutex<BTreeSet<(Followed, Key)>>,
    told: Notify,
}

/// What changed, and the copies to look at. Cheap to clone.
#[derive(Clone)]
pub(super) struct Inbox {
    changed: Arc<Changed>,
    informers: Arc<BTreeMap<Followed, Informer>>,
}

impl fmt::Debug for Inbox {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Inbox").field("changed", &self.changed.keys.lock().len()).finish()
    }
}

/// Follows everything until `stop`; the tasks end when they are dropped.
pub(super) fn start(client: &Client, stop: &Stop) -> (Inbox, Vec<Task<()>>) {
    let changed = Arc::new(Changed::default());
    let (mut informers, mut tasks) = (BTreeMap::new(), Vec::new());
    for (what, resource, fields) in resources() {
        let selection = Selection { field_selector: fields.to_owned(), ..Selection::default() };
        let informer = Informer::new(client.resource(resource), selection, &[]);
        let noted = changed.clone();
        informer.add_handler(None, move |notice| {
            noted.keys.lock().insert((what, notice.key()));
            noted.told.notify_one();
        });
        informers.insert(what, informer.clone());
        let stop = stop.clone();
        let follow = async move { informer.run(stop).await };
        tasks.push(client.host().spawn("scheduler/informer", follow));
    }
    (Inbox { changed, informers: Arc::new(informers) }, tasks)
}

impl Inbox {
    /// Everything that changed since the last call, as it is now; none: it is gone.
    pub(super) fn take(&self) -> Vec<(Followed, Key, Option<Object>)> {
        let keys = std::mem::take(&mut *self.changed.keys.lock());
        let now = |(what, key): (Followed, Key)| {
            let object = self.get(what, &key);
            (what, key, object)
        };
        keys.into_iter().map(now).collect()
    }

    /// An object as it is now.
    pub(super) fn get(&self, what: Followed, key: &Key) -> Option<Object> {
        self.informers.get(&what)?.store().get(key).cloned()
    }

    /// Waits until all copies were complete once.
    pub(super) async fn synced(&self) {
        for informer in self.informers.values() {
            informer.synced().await;
        }
    }

    /// Waits until something changed.
    pub(super) async fn told(&self) {
        self.changed.told.notified().await;
    }
}
