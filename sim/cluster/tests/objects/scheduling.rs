//! Whatever fails: no pod is ever on two nodes, no node has more than it can hold, and once all is
//! quiet every pod that there is room for has a node (oracles O9, O13, O17).

use crate::place::{Cluster, client, seconds};
use ::scheduler::config::Config;
use client::{
    Api, Client, DeleteOptions, Error, Informer, Key, Notice, Object, Patch, Resource, Selection,
    WriteOptions, uid,
};
use cluster::{apiserver, scheduler};
use host::{Host, stop_pair};
use machine::{MachineId, Stations};
use serde_json::{Value, json};
use std::{
    collections::BTreeMap,
    sync::{Arc, Mutex},
    time::Duration,
};

const NODES: u64 = 4;
/// Pods that a node holds.
const ROOM: usize = 5;
/// As many as all nodes hold.
const PODS: u64 = 20;
/// When users and faults end, and when everything must be in its place.
const QUIET: u64 = 90;
const END: u64 = 150;

/// What an onlooker saw, and what was wrong with it.
#[derive(Default)]
struct Audit {
    pods: BTreeMap<Key, Object>,
    /// By uid: the first node that a pod was on.
    homes: BTreeMap<String, String>,
    broken: Vec<String>,
    bound: usize,
}

fn node_of(pod: &Value) -> &str {
    pod["spec"]["nodeName"].as_str().unwrap_or_default()
}

impl Audit {
    fn hear(&mut self, notice: &Notice) {
        match notice {
            Notice::Added { object, .. } | Notice::Updated { new: object, .. } => {
                self.pods.insert(notice.key(), object.clone());
                self.look_at(object);
            }
            Notice::Deleted { .. } => drop(self.pods.remove(&notice.key())),
        }
        self.count();
    }

    fn look_at(&mut self, pod: &Object) {
        let node = node_of(pod).to_owned();
        let first = self.homes.entry(uid(pod).to_owned()).or_default();
        if first.is_empty() {
            self.bound += usize::from(!node.is_empty());
            *first = node;
        } else if *first != node {
            self.broken.push(format!("{} was on {first}, and is on {node:?}", Key::of(pod)));
        }
    }

    fn count(&mut self) {
        let mut taken: BTreeMap<&str, usize> = BTreeMap::new();
        for pod in self.pods.values().filter(|pod| !node_of(pod).is_empty()) {
            *taken.entry(node_of(pod)).or_default() += 1;
        }
        let crowded = taken.into_iter().filter(|(_, pods)| *pods > ROOM);
        let broken: Vec<_> =
            crowded.map(|(node, pods)| format!("{node} has {pods} pods")).collect();
        self.broken.extend(broken);
    }

    fn waiting(&self) -> Vec<String> {
        let waits = self.pods.iter().filter(|(_, pod)| node_of(pod).is_empty());
        waits.map(|(key, _)| key.to_string()).collect()
    }
}

type Notebook = Arc<Mutex<Audit>>;

async fn look_on(host: Host, audit: Notebook) {
    let pods = client(&host).resource(Resource::core("pods"));
    let informer = Informer::new(pods, Selection::default(), &[]);
    informer.add_handler(None, move |notice| audit.lock().unwrap().hear(notice));
    let (_stopper, stop) = stop_pair();
    informer.run(stop).await;
}

/// Asks until somebody says yes, or that it is so already.
async fn insist<F>(host: &Host, ask: impl Fn() -> F)
where
    F: Future<Output = Result<Value, Error>>,
{
    loop {
        match ask().await {
            Ok(_) => return,
            Err(error) if error.is_already_exists() || error.is_not_found() => return,
            Err(_) => host.sleep(Duration::from_millis(500)).await,
        }
    }
}

async fn create(host: &Host, api: &Api, object: Value) {
    let options = WriteOptions::default();
    insist(host, || api.create(&object, &options)).await;
}

fn node(number: u64) -> Value {
    json!({"apiVersion": "v1", "kind": "Node", "metadata": {"name": format!("node-{number}"),
        "labels": {"kubernetes.io/hostname": format!("node-{number}")}},
        "status": {"allocatable": {"cpu": "1", "memory": "1Gi", "pods": "100"}}})
}

fn pod(name: &str) -> Value {
    json!({"apiVersion": "v1", "kind": "Pod", "metadata": {"name": name, "labels": {"app": "web"}},
        "spec": {"automountServiceAccountToken": false, "containers": [{"name": "c", "image": "i",
            "resources": {"requests": {"cpu": "200m"}}}]}})
}

/// Makes nodes, then pods a few at a time; deletes some and makes others in their place.
async fn use_cluster(host: Host) {
    let client: Client = client(&host);
    let of = |plural: &str| client.resource(Resource::core(plural));
    let named = json!({"apiVersion": "v1", "kind": "Namespace", "metadata": {"name": "default"}});
    create(&host, &of("namespaces"), named).await;
    let account =
        json!({"apiVersion": "v1", "kind": "ServiceAccount", "metadata": {"name": "default"}});
    create(&host, &of("serviceaccounts").within("default"), account).await;
    let (nodes, pods) = (of("nodes"), of("pods").within("default"));
    let options = WriteOptions::default();
    for number in 0..NODES {
        create(&host, &nodes, node(number)).await;
        // What a node's controller does once the node is well.
        let (name, open) =
            (format!("node-{number}"), Patch::Merge(json!({"spec": {"taints": null}})));
        insist(&host, || nodes.patch(name.as_str(), &open, &options)).await;
    }
    for number in 0..PODS {
        create(&host, &pods, pod(&format!("web-{number}"))).await;
        host.sleep(Duration::from_millis(host.random.below(1500))).await;
    }
    let now = DeleteOptions { grace_period_seconds: Some(0), ..DeleteOptions::default() };
    for number in (0..PODS).step_by(3) {
        let gone = format!("web-{number}");
        insist(&host, || pods.delete(gone.as_str(), &now)).await;
        create(&host, &pods, pod(&format!("again-{number}"))).await;
        host.sleep(Duration::from_millis(host.random.below(1500))).await;
    }
    std::future::pending().await
}

fn schedulers(cluster: &Cluster, config: &Config) -> [MachineId; 2] {
    [0, 1].map(|index| {
        let machine = cluster.world.add_machine(&scheduler::name(index));
        let servers = [0, 1].map(|index| apiserver::url(&apiserver::name(index))).to_vec();
        let program = scheduler::program(servers, config.clone());
        cluster.world.install(machine, scheduler::PROCESS, program);
        cluster.world.start(machine, scheduler::PROCESS);
        machine
    })
}

/// Crashes and partitions of schedulers and servers, some of them at once.
fn strike(cluster: &Cluster, replicas: [MachineId; 2]) {
    let (world, network) = (&cluster.world, cluster.world.network());
    let until = |at: u64| world.run_until(seconds(at)).unwrap();
    until(12);
    world.restart(replicas[0], scheduler::PROCESS);
    until(20);
    let servers = || Stations::only(cluster.servers);
    let rule = network.partition(Stations::only([replicas[0]]), servers());
    until(34);
    world.power_cycle(cluster.servers[0]);
    until(45);
    network.remove_rule(rule);
    let rule = network.partition(Stations::only([replicas[1]]), servers());
    until(60);
    network.remove_rule(rule);
    let away =
        network.partition(Stations::only([cluster.servers[1]]), Stations::only([cluster.etcd]));
    world.power_cycle(replicas[1]);
    world.start_all(replicas[1]);
    until(75);
    network.remove_rule(away);
    world.power_cycle(cluster.etcd);
    until(QUIET);
    network.heal();
}

fn begin(seed: u64) -> (Cluster, Notebook) {
    let (cluster, audit) = (Cluster::start(seed), Notebook::default());
    let own = audit.clone();
    cluster.user("onlooker", move |host| look_on(host, own.clone()));
    cluster.user("user", use_cluster);
    (cluster, audit)
}

#[test]
fn every_pod_finds_one_place_and_no_node_is_overfull() {
    for seed in 0..2 {
        let (cluster, audit) = begin(seed);
        let replicas = schedulers(&cluster, &Config::default());
        strike(&cluster, replicas);
        cluster.world.run_until(seconds(END)).unwrap();
        let audit = audit.lock().unwrap();
        assert_eq!(audit.broken, [""; 0], "seed {seed}");
        assert_eq!(audit.waiting(), [""; 0], "seed {seed}");
        assert!(audit.bound >= 20, "seed {seed}: {} were bound", audit.bound);
    }
}

/// The judge is judged: two that both believe that they lead give the same room away twice.
#[test]
fn two_leaders_are_found_out() {
    let alone = Config { elect: false, ..Config::default() };
    let noticed = (0..4).any(|seed| {
        let (cluster, audit) = begin(seed);
        // Both find much to do at once.
        cluster.world.run_until(seconds(60)).unwrap();
        schedulers(&cluster, &alone);
        cluster.world.run_until(seconds(80)).unwrap();
        !audit.lock().unwrap().broken.is_empty()
    });
    assert!(noticed, "nobody noticed");
}
