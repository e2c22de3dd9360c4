//! Flow control, metrics, limits, and the end of a server, as unmodified kubectl sees them.

use conformance::{
    answer::Answer,
    apiserver::ApiServer,
    binaries,
    cluster::{Cluster, Plan},
    kubectl::Kubectl,
    until::until,
};
use serde_json::json;
use std::process::{Command, Stdio};

fn started(etcd: &Cluster, flags: &[&str]) -> ApiServer {
    ApiServer::start_with(etcd, |scratch| {
        let tokens = scratch.write("tokens.csv", "alice-token,alice,u-1,\"dev\"\n");
        let mut all = vec![
            "--disable-admission-plugins=ServiceAccount".to_owned(),
            format!("--token-auth-file={tokens}"),
        ];
        all.extend(flags.iter().map(|flag| (*flag).to_owned()));
        all
    })
}

/// What a command says, once it says something.
fn soon(kubectl: &Kubectl, args: &[&str], wanted: &str) -> String {
    until(&args.join(" "), || Some(kubectl.run(args)).filter(|said| said.out.contains(wanted))).ok()
}

#[test]
fn every_cluster_has_its_levels_and_schemas_and_is_told_of_those_that_dangle() {
    let etcd = Cluster::start(Plan::ours(1));
    let server = started(&etcd, &[]);
    let kubectl = server.kubectl();
    let names = kubectl.run(&["get", "flowschemas", "-o", "name"]).ok();
    assert_eq!(names.lines().count(), 11, "{names}");
    let levels = soon(&kubectl, &["get", "prioritylevelconfigurations"], "workload-low");
    assert_eq!(levels.lines().count(), 9, "{levels}");
    let told = kubectl.run(&["get", "flowschema", "kube-scheduler", "-o", "yaml"]).ok();
    for part in ["autoupdate-spec: \"true\"", "matchingPrecedence: 800", "type: ByNamespace"] {
        assert!(told.contains(part), "{part} in {told}");
    }
    let everything = json!({
        "subjects": [{"kind": "User", "user": {"name": "alice"}}],
        "nonResourceRules": [{"verbs": ["*"], "nonResourceURLs": ["*"]}],
        "resourceRules": [{"verbs": ["*"], "apiGroups": ["*"], "resources": ["*"],
            "clusterScope": true, "namespaces": ["*"]}],
    });
    let schema = json!({
        "apiVersion": "flowcontrol.apiserver.k8s.io/v1", "kind": "FlowSchema",
        "metadata": {"name": "mine"},
        "spec": {"matchingPrecedence": 700, "priorityLevelConfiguration": {"name": "later"},
            "rules": [everything]},
    });
    kubectl.run_with(&["create", "-f", "-"], &schema.to_string()).ok();
    let condition = ["get", "flowschema", "mine", "-o", "jsonpath={.status.conditions[0].message}"];
    soon(&kubectl, &condition, "object named \"later\" but there is no such object");
    let limited = json!({"nominalConcurrencyShares": 1, "limitResponse": {"type": "Reject"}});
    let level = json!({
        "apiVersion": "flowcontrol.apiserver.k8s.io/v1", "kind": "PriorityLevelConfiguration",
        "metadata": {"name": "later"}, "spec": {"type": "Limited", "limited": limited},
    });
    kubectl.run_with(&["create", "-f", "-"], &level.to_string()).ok();
    soon(&kubectl, &condition, "object named \"later\" and it exists");
    // Who is served by it is told its uid.
    let uid = kubectl.run(&["get", "flowschema", "mine", "-o", "jsonpath={.metadata.uid}"]).ok();
    let alice = server.kubectl_with_token("alice", "alice-token");
    until("alice's requests go there", || {
        let said = alice.run(&["get", "pods", "-v=8"]);
        (said.err.to_lowercase().contains("x-kubernetes-pf-flowschema-uid")
            && said.err.contains(&uid))
        .then_some(())
    });
}

#[test]
fn metrics_and_queues_can_be_looked_at() {
    let etcd = Cluster::start(Plan::ours(1));
    let server = started(&etcd, &["--authorization-mode=RBAC"]);
    let kubectl = server.kubectl();
    kubectl.run(&["create", "configmap", "c", "--from-literal=a=b"]).ok();
    kubectl.run(&["get", "configmaps"]).ok();
    let raw = |path: &str| kubectl.run(&["get", "--raw", path]).ok();
    let metrics = raw("/metrics");
    for part in [
        "# TYPE apiserver_request_total counter\n",
        "apiserver_request_total{code=\"201\",component=\"apiserver\",dry_run=\"\",group=\"\",\
         resource=\"configmaps\",scope=\"resource\",subresource=\"\",system_client=\"\",\
         verb=\"POST\",version=\"v1\"} 1\n",
        "apiserver_request_duration_seconds_bucket{component=\"apiserver\"",
        "apiserver_flowcontrol_dispatched_requests_total{flow_schema=\"exempt\"",
        "apiserver_flowcontrol_nominal_limit_seats{priority_level=\"workload-low\"} 245\n",
        "apiserver_current_inflight_requests{request_kind=\"readOnly\"}",
        "etcd_request_duration_seconds_count{group=\"\",operation=\"create\",resource=\"configmaps\"}",
        "apiserver_admission_controller_admission_duration_seconds_count{name=\"NamespaceLifecycle\"",
        "authentication_attempts{result=\"success\"}",
        "apiserver_storage_objects{resource=\"flowschemas.flowcontrol.apiserver.k8s.io\"} 11\n",
        "process_resident_memory_bytes ",
    ] {
        assert!(metrics.contains(part), "{part} in\n{metrics}");
    }
    let slis = raw("/metrics/slis");
    assert!(slis.contains("kubernetes_healthcheck{name=\"ping\",type=\"readyz\"} 1\n"), "{slis}");
    let levels = raw("/debug/api_priority_and_fairness/dump_priority_levels");
    assert!(levels.starts_with("PriorityLevelName, ActiveQueues, IsIdle, "), "{levels}");
    assert_eq!(levels.lines().count(), 9, "{levels}");
    let requests = raw("/debug/api_priority_and_fairness/dump_requests?includeRequestDetails=1");
    assert!(requests.contains("/debug/api_priority_and_fairness/dump_requests"), "{requests}");
    let alice = server.kubectl_with_token("alice", "alice-token");
    for path in ["/metrics", "/metrics/slis", "/debug/api_priority_and_fairness/dump_queues"] {
        let refused = alice.run(&["get", "--raw", path]).refused();
        assert!(refused.contains("forbidden"), "{path}: {refused}");
    }
    let none = kubectl.run(&["get", "--raw", "/debug/pprof/"]).refused();
    assert!(none.contains("NotFound"), "{none}");
}

#[test]
fn health_is_told_check_by_check() {
    let etcd = Cluster::start(Plan::ours(1));
    let server = started(&etcd, &[]);
    let kubectl = server.kubectl();
    let raw = |path: &str| kubectl.run(&["get", "--raw", path]);
    let verbose = raw("/readyz?verbose").ok();
    for line in [
        "[+]ping ok",
        "[+]etcd ok",
        "[+]etcd-readiness ok",
        "[+]poststarthook/priority-and-fairness-config-consumer ok",
        "[+]poststarthook/start-system-namespaces-controller ok",
        "[+]shutdown ok",
        "readyz check passed",
    ] {
        assert!(verbose.lines().any(|one| one == line), "{line} in {verbose}");
    }
    let excluded = raw("/livez?verbose&exclude=etcd").ok();
    assert!(excluded.contains("[+]etcd excluded: ok\n"), "{excluded}");
    assert_eq!(raw("/healthz/poststarthook/start-system-namespaces-controller").ok(), "ok");
    assert!(raw("/livez/nothing").refused().contains("NotFound"));
}

#[test]
fn requests_that_are_too_large_or_say_no_time_are_refused() {
    let etcd = Cluster::start(Plan::ours(1));
    let server = started(&etcd, &[]);
    let kubectl = server.kubectl();
    let large = server.scratch().write("large", "x".repeat(4 * 1024 * 1024));
    let refused =
        kubectl.run(&["create", "configmap", "c", &format!("--from-file={large}")]).refused();
    assert!(refused.contains("Request entity too large: limit is 3145728"), "{refused}");
    let refused = kubectl.run(&["get", "--raw", "/api/v1/pods?timeout=soon"]).refused();
    assert!(
        refused.contains("invalid timeout specified in the request URL - time: invalid duration"),
        "{refused}"
    );
    kubectl.run(&["get", "--raw", "/api/v1/pods?timeout=5s"]).ok();
}

#[test]
fn a_server_that_ends_is_not_ready_at_once_and_serves_until_it_is_gone() {
    let etcd = Cluster::start(Plan::ours(1));
    let mut server = started(&etcd, &["--shutdown-delay-duration=4s"]);
    let kubectl = server.kubectl();
    let watch = kubectl
        .command(&["get", "configmaps", "--watch"])
        .stdout(Stdio::piped())
        .stderr(Stdio::piped())
        .spawn()
        .unwrap();
    server.process().tell_to_end();
    let unready = until("it is not ready", || {
        Some(kubectl.run(&["get", "--raw", "/readyz"])).filter(|said| !said.succeeded())
    });
    assert!(unready.err.contains("shutdown failed: reason withheld"), "{}", unready.err);
    assert_eq!(kubectl.run(&["get", "--raw", "/livez"]).ok(), "ok");
    kubectl.run(&["create", "configmap", "late", "--from-literal=a=b"]).ok();
    assert_eq!(server.process().end().code(), Some(0), "it ends by itself, and well");
    // The watch came to its end: kubectl was not cut off.
    let watched = watch.wait_with_output().unwrap();
    let said = String::from_utf8_lossy(&watched.stdout).into_owned();
    assert!(said.contains("late"), "{said} {}", String::from_utf8_lossy(&watched.stderr));
    assert!(!kubectl.run(&["get", "--raw", "/livez"]).succeeded());
}

#[test]
fn flags_behind_which_there_is_nothing_are_refused() {
    let said = |args: &[&str]| {
        let mut command = Command::new(binaries::ours("kube-apiserver"));
        command.arg("--etcd-servers=http://127.0.0.1:1").args(args);
        Answer::of(command, "")
    };
    for (args, expected) in [
        (&["--watch-cache=false"][..], "--watch-cache: false is not built, only true is"),
        (&["--goaway-chance=0.5"], "--goaway-chance: can not be less than 0 or greater than 0.02"),
        (
            &["--max-requests-inflight=0", "--max-mutating-requests-inflight=0"],
            "it must be positive when --enable-priority-and-fairness is on",
        ),
    ] {
        let refused = said(args).refused();
        assert!(refused.contains(expected), "{args:?}: {refused}");
    }
}
