//! What the tests do to the cluster: managers, a user's acts one after the other, and looks at the
//! truth.

use crate::place::{Cluster, client};
use ::client::{
    DeleteOptions, ListOptions, Object, Propagation, Resource, WriteOptions, name, uid,
};
use cluster::{apiserver, manager};
use host::Host;
use machine::{MachineId, Stations};
use serde_json::Value;
use std::{
    collections::BTreeMap,
    sync::{Arc, Mutex},
    time::Duration,
};

/// Machines with a manager each.
pub(crate) fn managers(cluster: &Cluster, count: u16) -> Vec<MachineId> {
    let servers: Vec<String> =
        (0..2).map(|index| apiserver::url(&apiserver::name(index))).collect();
    let start = |index| {
        let machine = cluster.world.add_machine(&manager::name(index));
        cluster.world.install(machine, manager::PROCESS, manager::program(servers.clone()));
        cluster.world.start(machine, manager::PROCESS);
        machine
    };
    (0..count).map(start).collect()
}

pub(crate) fn pods() -> Resource {
    Resource::core("pods")
}

/// One who acts and looks; what fails is tried again until it succeeds.
#[derive(Clone)]
pub(crate) struct Hand(pub(crate) Host);

impl Hand {
    fn api(&self, resource: &Resource) -> ::client::Api {
        client(&self.0).resource(resource.clone()).within("default")
    }

    /// Before another attempt.
    async fn pause(&self, error: ::client::Error) {
        assert!(!error.is_invalid(), "{error}");
        self.0.sleep(Duration::from_millis(500)).await;
    }

    pub(crate) async fn create(&self, resource: &Resource, object: Value) -> Value {
        let api = self.api(resource);
        loop {
            let ended = match api.create(&object, &WriteOptions::default()).await {
                Err(error) if error.is_already_exists() => api.get(name(&object)).await,
                other => other,
            };
            match ended {
                Ok(created) => return created,
                Err(error) => self.pause(error).await,
            }
        }
    }

    pub(crate) async fn merge(&self, resource: &Resource, name: &str, patch: Value) {
        let (api, patch) = (self.api(resource), ::client::Patch::Merge(patch));
        while let Err(error) = api.patch(name, &patch, &WriteOptions::default()).await {
            self.pause(error).await;
        }
    }

    /// What a kubelet says of a pod; nothing if it is gone.
    pub(crate) async fn say(&self, pod: &str, status: Value) {
        let patch = ::client::Patch::Merge(serde_json::json!({"status": status}));
        let api = self.api(&pods());
        while let Err(error) = api.patch((pod, "status"), &patch, &WriteOptions::default()).await {
            if error.is_not_found() {
                return;
            }
            self.pause(error).await;
        }
    }

    pub(crate) async fn delete(&self, resource: &Resource, name: &str, how: Propagation) {
        let options = DeleteOptions { propagation: Some(how), ..DeleteOptions::default() };
        let api = self.api(resource);
        while let Err(error) = api.delete(name, &options).await {
            if error.is_not_found() {
                return;
            }
            self.pause(error).await;
        }
    }

    pub(crate) async fn list(&self, resource: &Resource) -> Vec<Object> {
        let api = self.api(resource);
        loop {
            match api.list_all(&ListOptions::default()).await {
                Ok(list) => return list.items,
                Err(error) => self.pause(error).await,
            }
        }
    }
}

/// Every object that ever was, by uid, in its last state, and whether it is there still. Told by a
/// reflector of its own, which sees every change.
pub(crate) type History = Arc<Mutex<BTreeMap<String, (Object, bool)>>>;

/// Follows a resource for ever.
pub(crate) async fn follow(host: Host, resource: Resource, history: History) {
    use ::client::{Informer, Notice, Selection};
    let informer = Informer::new(client(&host).resource(resource), Selection::default(), &[]);
    informer.add_handler(None, move |notice| {
        let mut all = history.lock().unwrap();
        match notice {
            Notice::Added { object, .. } | Notice::Updated { new: object, .. } => {
                all.insert(uid(object).to_owned(), (object.clone(), true));
            }
            Notice::Deleted { object, .. } => {
                all.insert(uid(object).to_owned(), (object.clone(), false));
            }
        }
    });
    let (_stopper, stop) = host::stop_pair();
    informer.run(stop).await;
}

/// Strikes the managers in turn for the first minute: power, their way to the servers, a server.
pub(crate) fn trouble(cluster: &Cluster, managers: &[MachineId], seed: u64) {
    let world = &cluster.world;
    let until = |second: u64, tenth: u64| {
        let at = Duration::from_millis(second * 1000 + tenth * 100);
        world.run_until(at.into()).unwrap();
    };
    for round in 0..6u64 {
        let (at, odd) = (20 + round * 12, usize::try_from((seed + round) % 2).unwrap());
        until(at, seed * 7 % 10);
        match (seed + round) % 3 {
            0 => {
                world.power_off(managers[odd]);
                until(at + 4, 0);
                world.power_on(managers[odd]);
                world.start(managers[odd], manager::PROCESS);
            }
            1 => {
                let servers = Stations::only(cluster.servers);
                let cut = Stations::only([managers[odd]]);
                let rule = world.network().partition(cut, servers);
                until(at + 8, 0);
                world.network().remove_rule(rule);
            }
            _ => {
                world.power_off(cluster.servers[odd]);
                until(at + 5, 0);
                world.power_on(cluster.servers[odd]);
                world.start(cluster.servers[odd], apiserver::PROCESS);
            }
        }
    }
}
