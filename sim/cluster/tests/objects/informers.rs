//! Whatever fails: once all is quiet, an informer's store is what the servers have, each object that
//! vanished was told once to have vanished, and no object ever went back in time (oracle O9).

use crate::place::{Cluster, client, seconds};
use client::{
    Api, DeleteOptions, Informer, Key, ListOptions, Notice, Object, Patch, Resource, Selection,
    WriteOptions, resource_version, uid,
};
use cluster::{apiserver, etcd};
use host::{Host, stop_pair};
use machine::{MachineId, Stations, Time, World};
use serde_json::json;
use std::{
    collections::{BTreeMap, BTreeSet},
    sync::{Arc, Mutex},
    time::Duration,
};

/// When users end, and when everything must have converged.
const QUIET: u64 = 60;
const END: u64 = 130;

type State = BTreeMap<Key, Object>;

/// What a consumer was told, and checked at once.
#[derive(Default)]
struct Diary {
    believes: State,
    ended: BTreeSet<String>,
    told: usize,
}

fn version(object: &Object) -> u64 {
    resource_version(object).parse().unwrap()
}

impl Diary {
    fn hear(&mut self, notice: &Notice) {
        self.told += 1;
        match notice {
            Notice::Added { object, .. } => {
                assert!(!self.ended.contains(uid(object)), "after its end: {notice:?}");
                let before = self.believes.insert(notice.key(), object.clone());
                assert_eq!(before, None, "twice: {notice:?}");
            }
            Notice::Updated { old, new } => {
                assert!(version(old) < version(new), "back in time: {notice:?}");
                let before = self.believes.insert(notice.key(), new.clone());
                assert_eq!(before.as_ref(), Some(old));
            }
            Notice::Deleted { object, .. } => {
                assert!(self.believes.remove(&notice.key()).is_some(), "unknown: {notice:?}");
                assert!(self.ended.insert(uid(object).to_owned()), "twice: {notice:?}");
            }
        }
    }
}

fn config_maps(host: &Host) -> Api {
    client(host).resource(Resource::core("configmaps")).within("default")
}

/// Writes, changes and deletes until it is quiet; any of it may fail.
async fn write(host: Host) {
    let (api, options) = (config_maps(&host), WriteOptions::default());
    let began = host.now();
    while host.now().since(began) < Duration::from_secs(QUIET) {
        let name = format!("map-{}", host.random.below(6));
        match host.random.below(4) {
            0 => drop(api.delete(&name, &DeleteOptions::default()).await),
            1 => {
                let patch = Patch::Merge(json!({"data": {"n": host.random.below(99).to_string()}}));
                drop(api.patch(&name, &patch, &options).await);
            }
            _ => {
                let map = json!({"apiVersion": "v1", "kind": "ConfigMap",
                    "metadata": {"name": name}});
                drop(api.create(&map, &options).await);
            }
        }
        host.sleep(Duration::from_millis(host.random.below(400))).await;
    }
}

/// What the cluster goes through.
fn trouble(world: &World, etcd: MachineId, [first, second]: [MachineId; 2], informer: MachineId) {
    let kill = |from: u64, to: u64, machine: MachineId, process: &'static str| {
        world.at(seconds(from), move |world| assert!(world.kill(machine, process)));
        world.at(seconds(to), move |world| assert!(world.start(machine, process)));
    };
    kill(10, 12, first, apiserver::PROCESS);
    kill(36, 38, etcd, etcd::PROCESS);
    kill(52, 53, second, apiserver::PROCESS);
    world.at(seconds(30), move |world| assert!(world.power_off(second)));
    world.at(seconds(34), move |world| assert!(world.power_on(second)));
    let cut = |from: u64, to: u64, one: MachineId, others: Vec<MachineId>| {
        world.at(seconds(from), move |world| {
            let rule = world.network().partition(Stations::only([one]), Stations::only(others));
            world.at(seconds(to), move |world| world.network().remove_rule(rule));
        });
    };
    cut(18, 25, informer, vec![first, second]);
    cut(40, 50, etcd, vec![first]);
    cut(45, 57, informer, vec![second]);
}

/// The hash of the run, and how often the consumer was told something.
fn run(seed: u64) -> (String, usize) {
    let cluster = Cluster::start(seed);
    for name in ["writer-0", "writer-1"] {
        cluster.user(name, write);
    }
    let (diary, kept) = (Arc::new(Mutex::new(Diary::default())), Arc::new(Mutex::new(None)));
    let (log, keep) = (diary.clone(), kept.clone());
    let follower = cluster.user("follower", move |host| {
        let informer = Informer::new(config_maps(&host), Selection::default(), &[]);
        let log = log.clone();
        informer.add_handler(None, move |notice| log.lock().unwrap().hear(notice));
        *keep.lock().unwrap() = Some(informer.clone());
        async move {
            let (_stopper, stop) = stop_pair();
            informer.run(stop).await;
        }
    });
    trouble(&cluster.world, cluster.etcd, cluster.servers, follower);
    cluster.world.run_until(seconds(END)).unwrap();
    let truth = truth(&cluster, seconds(END + 20));
    let diary = diary.lock().unwrap();
    assert_eq!(diary.believes, truth, "seed {seed}");
    let informer: Option<Informer> = kept.lock().unwrap().take();
    let informer = informer.unwrap();
    assert!(informer.has_synced());
    let store = informer.store();
    assert!(store.all().eq(truth.values()), "seed {seed}");
    (format!("{:?}", cluster.world.hash()), diary.told)
}

/// What the servers have, read until then.
fn truth(cluster: &Cluster, until: Time) -> State {
    let read = Arc::new(Mutex::new(None));
    let write = read.clone();
    cluster.user("reader", move |host| {
        let write = write.clone();
        async move {
            let list = config_maps(&host).list_all(&ListOptions::default()).await.unwrap();
            *write.lock().unwrap() = Some(list.items);
        }
    });
    cluster.world.run_until(until).unwrap();
    let items: Vec<Object> = read.lock().unwrap().take().expect("the servers answer");
    items.into_iter().map(|object| (Key::of(&object), object)).collect()
}

#[test]
fn an_informer_converges_and_tells_each_end_once() {
    for seed in 0..3 {
        let (_, told) = run(seed);
        assert!(told > 50, "seed {seed}: only {told}");
    }
}

#[test]
fn the_same_seed_is_the_same_run() {
    assert_eq!(run(7), run(7));
}
