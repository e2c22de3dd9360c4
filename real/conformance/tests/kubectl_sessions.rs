//! What people do all day with kubectl, in every version that the machine has.

use conformance::{
    apiserver::ApiServer,
    cluster::{Cluster, Plan},
    kubectl::{Kubectl, programs},
    process::Process,
    until::until,
};
use serde_json::Value;

const ALL: &str = "
apiVersion: apps/v1
kind: Deployment
metadata: {name: web, labels: {set: one}}
spec:
  replicas: 2
  selector: {matchLabels: {app: web}}
  template:
    metadata: {labels: {app: web}}
    spec: {containers: [{name: c, image: 'nginx:1'}]}
---
apiVersion: v1
kind: ConfigMap
metadata: {name: settings, labels: {set: one}}
data: {a: b}
";

/// kubectl in a namespace of its own.
struct Session<'a> {
    kubectl: Kubectl,
    server: &'a ApiServer,
    namespace: String,
}

impl Session<'_> {
    fn run(&self, line: &str) -> conformance::answer::Answer {
        let args: Vec<&str> = ["-n", &self.namespace].into_iter().chain(line.split(' ')).collect();
        self.kubectl.run(&args)
    }

    /// What a command says that succeeds.
    fn ok(&self, line: &str) -> String {
        self.run(line).ok()
    }

    fn file(&self, name: &str, text: &str) -> String {
        self.server.scratch().write(&format!("{}-{name}", self.namespace), text)
    }

    /// Part of an object, by its JSON pointer.
    fn part(&self, object: &str, pointer: &str) -> Value {
        let object: Value = serde_json::from_str(&self.ok(&format!("get {object} -o json")))
            .unwrap_or_else(|error| panic!("{object}: {error}"));
        object.pointer(pointer).cloned().unwrap_or_default()
    }

    fn image(&self) -> Value {
        self.part("deployment web", "/spec/template/spec/containers/0/image")
    }
}

/// Tells a story in every version of kubectl, each in a namespace of its own.
fn in_every_version(tell: impl Fn(&Session<'_>)) {
    let etcd = Cluster::start(Plan::ours(1));
    let server = ApiServer::start(&etcd);
    for (place, program) in programs().into_iter().enumerate() {
        let kubectl = Kubectl {
            home: server.scratch().file(&format!("home-{place}")),
            program: Some(program),
            ..server.kubectl()
        };
        let namespace = format!("version-{place}");
        kubectl.run(&["create", "namespace", &namespace]).ok();
        tell(&Session { kubectl, server: &server, namespace });
    }
}

#[test]
fn things_are_applied_compared_pruned_and_edited() {
    in_every_version(|session| {
        let all = session.file("all.yaml", ALL);
        let said = session.ok(&format!("apply -f {all}"));
        assert_eq!(said, "deployment.apps/web created\nconfigmap/settings created\n");
        let said = session.ok(&format!("apply -f {all}"));
        assert_eq!(said, "deployment.apps/web unchanged\nconfigmap/settings unchanged\n");
        let one = ALL.split("---").next().unwrap_or_default().replace("nginx:1", "nginx:2");
        let one = session.file("one.yaml", &one);
        let difference = session.run(&format!("diff -f {one}"));
        assert_eq!(difference.code, Some(1), "{}", difference.err);
        assert!(difference.out.contains("+      - image: nginx:2"), "{}", difference.out);
        let said = session.ok(&format!("apply --prune -l set=one -f {one}"));
        assert!(said.contains("configmap/settings pruned"), "{said}");
        let said = session.ok(&format!("apply --server-side --force-conflicts -f {one}"));
        assert!(said.contains("serverside-applied"), "{said}");
        let mut edit =
            session.kubectl.command(&["-n", &session.namespace, "edit", "deploy", "web"]);
        edit.env("EDITOR", "sed -i s/nginx:2/nginx:3/");
        assert!(edit.status().is_ok_and(|status| status.success()));
        assert_eq!(session.image(), "nginx:3");
        let said = session.ok("describe deployment web");
        assert!(said.contains("Image:         nginx:3"), "{said}");
        session.ok("label deployment web tier=front");
        let refused = session.run("label deployment web tier=back").refused();
        assert!(refused.contains("already has a value (front)"), "{refused}");
        session.ok("label deployment web tier=back --overwrite");
        session.ok("annotate deployment web note=x --overwrite");
        assert_eq!(session.part("deployment web", "/metadata/labels/tier"), "back");
    });
}

/// A replica set as the deployment's controller would have made it.
fn revision(number: u8, deployment: &Value) -> String {
    let labels = serde_json::json!({"app": "web", "pod-template-hash": number.to_string()});
    let container = serde_json::json!({"name": "c", "image": format!("nginx:{number}")});
    let owner = serde_json::json!({
        "apiVersion": "apps/v1", "kind": "Deployment", "name": "web", "uid": deployment,
        "controller": true,
    });
    serde_json::json!({
        "apiVersion": "apps/v1",
        "kind": "ReplicaSet",
        "metadata": {
            "name": format!("web-{number}"),
            "labels": labels,
            "annotations": {"deployment.kubernetes.io/revision": number.to_string()},
            "ownerReferences": [owner],
        },
        "spec": {
            "replicas": 0,
            "selector": {"matchLabels": labels},
            "template": {"metadata": {"labels": labels}, "spec": {"containers": [container]}},
        },
    })
    .to_string()
}

#[test]
fn a_rollout_is_followed_and_undone() {
    in_every_version(|session| {
        let all = session.file("all.yaml", ALL);
        session.ok(&format!("apply -f {all}"));
        let deployment = session.part("deployment web", "/metadata/uid");
        for number in [1, 2] {
            let file = session.file("set.json", &revision(number, &deployment));
            session.ok(&format!("create -f {file}"));
        }
        let history = session.ok("rollout history deployment web");
        assert_eq!(history.lines().filter(|line| line.ends_with("<none>")).count(), 2, "{history}");
        session.ok("set image deployment/web c=nginx:9");
        session.ok("rollout undo deployment web --to-revision=2");
        assert_eq!(session.image(), "nginx:2");
        for line in ["restart", "pause", "resume"] {
            session.ok(&format!("rollout {line} deployment web"));
        }
        session.ok("scale deployment web --replicas=3");
        let generation = session.part("deployment web", "/metadata/generation");
        let status = serde_json::json!({"status": {
            "observedGeneration": generation, "replicas": 3, "updatedReplicas": 3,
            "readyReplicas": 3, "availableReplicas": 3,
            "conditions": [{"type": "Available", "status": "True"}],
        }});
        session.ok(&format!("patch deployment web --subresource=status --type=merge -p {status}"));
        let said = session.ok("rollout status deployment web --timeout=60s");
        assert_eq!(said, "deployment \"web\" successfully rolled out\n");
        let said = session.ok("wait --for=condition=Available deployment/web --timeout=60s");
        assert_eq!(said, "deployment.apps/web condition met\n");
    });
}

const NODE_AND_POD: &str = "
apiVersion: v1
kind: Node
metadata: {name: NODE}
---
apiVersion: v1
kind: Pod
metadata: {name: lonely}
spec:
  nodeName: NODE
  terminationGracePeriodSeconds: 0
  containers: [{name: c, image: x}]
";

#[test]
fn a_node_is_marked_and_emptied() {
    in_every_version(|session| {
        let node = format!("node-{}", session.namespace);
        let both = session.file("node.yaml", &NODE_AND_POD.replace("NODE", &node));
        session.ok(&format!("create -f {both}"));
        session.ok(&format!("taint node {node} dedicated=x:NoSchedule"));
        assert_eq!(session.part(&format!("node {node}"), "/spec/taints/0/key"), "dedicated");
        session.ok(&format!("taint node {node} dedicated-"));
        session.ok(&format!("cordon {node}"));
        session.ok(&format!("uncordon {node}"));
        let said = session.ok(&format!("drain {node} --force --timeout=60s"));
        assert!(said.contains("pod/lonely evicted"), "{said}");
        assert_eq!(session.part(&format!("node {node}"), "/spec/unschedulable"), true);
        assert_eq!(session.ok("get pods -o name"), "");
    });
}

#[test]
fn people_are_told_what_they_may() {
    in_every_version(|session| {
        assert_eq!(session.ok("auth can-i create pods"), "yes\n");
        let said = session.run("auth can-i create pods --as=nobody");
        assert_eq!((said.code, said.out.as_str()), (Some(1), "no\n"), "{}", said.err);
        assert!(session.ok("auth can-i --list").contains("[*]"));
        assert!(session.ok("auth whoami").contains("system:masters"));
        session.ok("create serviceaccount robot");
        assert_eq!(session.ok("create token robot").trim().split('.').count(), 3);
        session.ok("create configmap seen --from-literal=a=b");
        let log = session.server.scratch().path().join(format!("{}.log", session.namespace));
        let arguments = ["-n", &session.namespace, "get", "configmaps", "-w"];
        let watch = Process::start(session.kubectl.command(&arguments), log);
        until("the watch has begun", || watch.said().contains("seen").then_some(()));
        session.ok("create configmap later --from-literal=a=b");
        until("the watch tells", || watch.said().contains("later").then_some(()));
        assert!(session.ok("get --raw /version").contains("\"minor\":\"36\""));
        assert_eq!(
            session.run("events").err,
            "No events found in ".to_owned() + &session.namespace + " namespace.\n"
        );
    });
}

/// Nothing is asked for twice, and nothing asked for is refused.
#[test]
fn requests_succeed_at_once() {
    in_every_version(|session| {
        let all = session.file("all.yaml", ALL);
        for line in [
            format!("apply -f {all} -v=8"),
            format!("apply -f {all} --server-side --force-conflicts -v=8"),
            "get deployments,configmaps -v=8".to_owned(),
            "scale deployment web --replicas=5 -v=8".to_owned(),
            "describe deployment web -v=8".to_owned(),
            format!("delete -f {all} -v=8"),
        ] {
            let said = session.run(&line);
            assert!(said.succeeded(), "{line}: {}", said.err);
            for bad in ["Retry-After", "retries", "Response Status: 5", "status=\"5"] {
                assert!(!said.err.contains(bad), "{line}: {bad}: {}", said.err);
            }
            for bad in ["400", "403", "405", "406", "409", "415", "422", "429"] {
                let words = [format!("Response Status: {bad}"), format!("status=\"{bad}")];
                let bad = words.iter().any(|words| said.err.contains(words));
                assert!(!bad, "{line}: {}", said.err);
            }
        }
    });
}

#[test]
fn everything_is_explained() {
    let etcd = Cluster::start(Plan::ours(1));
    let server = ApiServer::start(&etcd);
    let kubectl = server.kubectl();
    let resources = kubectl.run(&["api-resources", "--no-headers", "-o", "wide"]).ok();
    let mut explained = 0;
    for line in resources.lines() {
        // A column without short names is empty: the version is the first word with a `v` and a digit.
        let words: Vec<&str> = line.split_whitespace().collect();
        let version = words.iter().skip(1).find(|word| is_version(word)).copied().unwrap_or("v1");
        let version = format!("--api-version={version}");
        let said = kubectl.run(&["explain", words[0], "--recursive", &version]).ok();
        assert!(!said.contains("<empty>") && said.contains("FIELDS:"), "{said}");
        let fields = said.split("FIELDS:").nth(1).unwrap_or_default();
        assert!(fields.lines().count() > 2, "{said}");
        explained += 1;
    }
    assert!(explained >= 60, "{resources}");
    let said = kubectl.run(&["explain", "pods.spec.containers.image"]).ok();
    assert!(said.contains("Container image name"), "{said}");
}

fn is_version(word: &str) -> bool {
    let last = word.rsplit('/').next().unwrap_or_default();
    last.strip_prefix('v').is_some_and(|number| number.parse::<u32>().is_ok())
}
