//! Our `kube-scheduler` with our `kube-apiserver`, as `kubectl` sees it.

use conformance::{
    apiserver::ApiServer,
    binaries,
    cluster::{Cluster, Plan},
    kubectl::Kubectl,
    ports::Port,
    process::Process,
    until::until,
};
use serde_json::{Value, json};
use std::process::Command;

/// A scheduler that may do what its role allows, and an administrator.
struct Scheduled {
    kubectl: Kubectl,
    scheduler: Process,
    _server: ApiServer,
    _etcd: Cluster,
}

fn start() -> Scheduled {
    let etcd = Cluster::start(Plan::ours(1));
    let server = ApiServer::start_with(&etcd, |_| {
        vec![
            "--disable-admission-plugins=ServiceAccount".to_owned(),
            "--authorization-mode=RBAC".to_owned(),
        ]
    });
    let owner = server.authority.issue("system:kube-scheduler");
    let own = server.kubectl_as_owner("scheduler.conf", &owner);
    let mut command = Command::new(binaries::ours("kube-scheduler"));
    command.args([
        format!("--kubeconfig={}", own.config),
        "--bind-address=127.0.0.1".to_owned(),
        format!("--secure-port={}", Port::reserve().number),
    ]);
    let log = server.scratch().path().join("kube-scheduler.log");
    let scheduler = Process::start(command, log);
    Scheduled { kubectl: server.kubectl(), scheduler, _server: server, _etcd: etcd }
}

impl Scheduled {
    fn get(&self, args: &[&str]) -> Value {
        let answer = self.kubectl.run(&[&["get", "-o", "json"], args].concat());
        serde_json::from_str(&answer.out).unwrap_or(Value::Null)
    }

    fn create(&self, object: &Value) {
        self.kubectl.run_with(&["create", "-f", "-"], &object.to_string()).ok();
    }

    /// A node that is well, as its kubelet and its controller would leave it.
    fn node(&self, name: &str, cpu: &str) {
        self.create(&json!({"apiVersion": "v1", "kind": "Node", "metadata": {"name": name,
            "labels": {"kubernetes.io/hostname": name}}}));
        let status = json!({"status": {"allocatable": {"cpu": cpu, "memory": "1Gi", "pods": "10"},
            "capacity": {"cpu": cpu, "memory": "1Gi", "pods": "10"}}});
        let patch = ["patch", "node", name, "--subresource=status", "--type=merge", "-p"];
        self.kubectl.run(&[&patch[..], &[&status.to_string()]].concat()).ok();
        // Whoever came first may have marked it.
        self.kubectl
            .run(&["patch", "node", name, "--type=merge", "-p", r#"{"spec":{"taints":null}}"#])
            .ok();
    }

    fn pod(&self, name: &str, cpu: &str, more: &Value) {
        let mut pod = json!({"apiVersion": "v1", "kind": "Pod",
            "metadata": {"name": name, "labels": {"app": "web"}},
            "spec": {"terminationGracePeriodSeconds": 0, "containers": [{"name": "c",
                "image": "nginx:1", "resources": {"requests": {"cpu": cpu}}}]}});
        for (member, value) in more.as_object().into_iter().flatten() {
            pod["spec"][member] = value.clone();
        }
        self.create(&pod);
    }

    /// Waits until the pod has a node.
    fn placed(&self, name: &str) -> String {
        until(&format!("{name} has a node: {}", self.scheduler.said()), || {
            self.get(&["pod", name])["spec"]["nodeName"].as_str().map(str::to_owned)
        })
    }
}

#[test]
fn pods_are_placed_and_those_without_a_place_say_why() {
    let cluster = start();
    cluster.node("a", "1");
    cluster.node("b", "1");
    let spread = json!({"topologySpreadConstraints": [{"maxSkew": 1,
        "topologyKey": "kubernetes.io/hostname", "whenUnsatisfiable": "DoNotSchedule",
        "labelSelector": {"matchLabels": {"app": "web"}}}]});
    for name in ["one", "two"] {
        cluster.pod(name, "500m", &spread);
    }
    assert_ne!(cluster.placed("one"), cluster.placed("two"));
    let pod = cluster.get(&["pod", "one"]);
    let conditions = pod["status"]["conditions"].as_array().cloned().unwrap_or_default();
    let scheduled = conditions.iter().find(|one| one["type"] == "PodScheduled");
    assert_eq!(scheduled.map(|one| &one["status"]), Some(&json!("True")), "{pod}");

    cluster.pod("big", "2", &json!({}));
    let why = "0/2 nodes are available: 2 Insufficient cpu. no new claims to deallocate, \
        preemption: 0/2 nodes are available: 2 Preemption is not helpful for scheduling.";
    until("big says why it has no place", || {
        let pod = cluster.get(&["pod", "big"]);
        let condition = pod["status"]["conditions"][0].clone();
        (condition["reason"] == "Unschedulable" && condition["message"] == why).then_some(())
    });
    let described = until("events tell of it", || {
        let said = cluster.kubectl.run(&["describe", "pod", "big"]).out;
        said.contains("FailedScheduling").then_some(said)
    });
    assert!(described.contains("default-scheduler") && described.contains(why), "{described}");
    cluster.node("c", "4");
    assert_eq!(cluster.placed("big"), "c");
    let events = until("events tell of it", || {
        let args = ["get", "events", "--field-selector", "reason=Scheduled", "-o", "name"];
        let events = cluster.kubectl.run(&args).out;
        (events.lines().count() == 3).then_some(events)
    });
    assert!(events.contains("event/big."), "{events}");
    let lease = cluster.get(&["lease", "-n", "kube-system", "kube-scheduler"]);
    assert!(lease["spec"]["holderIdentity"].is_string(), "{lease}");
}

#[test]
fn the_important_take_the_place_of_others() {
    let mut cluster = start();
    cluster.node("a", "1");
    cluster.create(&json!({"apiVersion": "scheduling.k8s.io/v1", "kind": "PriorityClass",
        "metadata": {"name": "high"}, "value": 1000}));
    cluster.pod("low", "1", &json!({}));
    assert_eq!(cluster.placed("low"), "a");
    cluster.pod("high", "1", &json!({"priorityClassName": "high"}));
    assert_eq!(cluster.placed("high"), "a");
    let gone = cluster.kubectl.run(&["get", "pod", "low"]).refused();
    assert!(gone.contains("NotFound"), "{gone}");
    cluster.pod("gated", "0", &json!({"schedulingGates": [{"name": "later"}]}));
    let shown = cluster.kubectl.run(&["get", "pod", "gated"]).ok();
    assert!(shown.contains("SchedulingGated"), "{shown}");
    let open = [r#"[{"op": "remove", "path": "/spec/schedulingGates"}]"#];
    cluster
        .kubectl
        .run(&[&["patch", "pod", "gated", "--type=json", "-p"], &open[..]].concat())
        .ok();
    assert_eq!(cluster.placed("gated"), "a");
    assert_eq!(cluster.scheduler.terminate(), Some(0), "{}", cluster.scheduler.said());
}
