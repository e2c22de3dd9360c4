//! What admission does to writes of unmodified kubectl.

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

fn get(kubectl: &Kubectl, args: &[&str]) -> Value {
    let all = [&["get", "-o", "json"], args].concat();
    serde_json::from_str(&kubectl.run(&all).ok()).expect("JSON")
}

fn pod(name: &str, spec: &Value) -> String {
    let mut pod = json!({
        "apiVersion": "v1", "kind": "Pod", "metadata": {"name": name, "labels": {}},
        "spec": {"containers": [{"name": "a", "image": "a:1"}]},
    });
    for (name, value) in spec.as_object().into_iter().flatten() {
        pod["spec"][name] = value.clone();
    }
    pod.to_string()
}

fn create(kubectl: &Kubectl, object: &str) -> conformance::answer::Answer {
    kubectl.run_with(&["create", "-f", "-"], object)
}

/// Caches of policies and the like follow a moment later.
fn until_refused(what: &str, mut attempt: impl FnMut() -> conformance::answer::Answer) -> String {
    until(what, || {
        let answer = attempt();
        (!answer.succeeded()).then_some(answer.err)
    })
}

#[test]
fn limit_ranges_fill_in_and_refuse() {
    let etcd = Cluster::start(Plan::ours(1));
    let server = ApiServer::start(&etcd);
    let kubectl = server.kubectl();
    let range = json!({
        "apiVersion": "v1", "kind": "LimitRange", "metadata": {"name": "r"},
        "spec": {"limits": [{
            "type": "Container", "max": {"cpu": "1"}, "default": {"cpu": "500m"},
            "defaultRequest": {"cpu": "100m"},
        }]},
    });
    create(&kubectl, &range.to_string()).ok();
    let greedy = json!({"containers": [
        {"name": "a", "image": "a:1", "resources": {"limits": {"cpu": "2"}}},
    ]});
    let refused =
        until_refused("the limit range is known", || create(&kubectl, &pod("greedy", &greedy)));
    assert!(
        refused.contains(
            "pods \"greedy\" is forbidden: maximum cpu usage per Container is 1, but limit is 2"
        ),
        "{refused}"
    );
    create(&kubectl, &pod("plain", &json!({}))).ok();
    let plain = get(&kubectl, &["pod", "plain"]);
    let resources = &plain["spec"]["containers"][0]["resources"];
    assert_eq!(*resources, json!({"limits": {"cpu": "500m"}, "requests": {"cpu": "100m"}}));
    assert_eq!(
        plain["metadata"]["annotations"]["kubernetes.io/limit-ranger"],
        "LimitRanger plugin set: cpu request for container a; cpu limit for container a"
    );
    assert_eq!(plain["spec"]["priority"], 0);
    assert_eq!(plain["spec"]["tolerations"].as_array().map(Vec::len), Some(2));
}

#[test]
fn a_quota_is_charged_and_never_exceeded() {
    let etcd = Cluster::start(Plan::ours(1));
    let server = ApiServer::start(&etcd);
    let kubectl = server.kubectl();
    kubectl.run(&["create", "quota", "q", "--hard=configmaps=3,pods=1"]).ok();
    // What a controller would say first.
    let status =
        r#"{"status":{"hard":{"configmaps":"3","pods":"1"},"used":{"configmaps":"0","pods":"0"}}}"#;
    kubectl
        .run(&["patch", "quota", "q", "--subresource=status", "--type=merge", "-p", status])
        .ok();
    until("the quota's status is known", || {
        create(&kubectl, &pod("one", &json!({}))).succeeded();
        let quota = get(&kubectl, &["quota", "q"]);
        let charged = quota["status"]["used"]["pods"] == "1";
        if !charged {
            kubectl.run(&["delete", "pod", "one", "--now"]).ok();
        }
        charged.then_some(())
    });
    let refused = create(&kubectl, &pod("two", &json!({}))).refused();
    assert!(
        refused.contains(
            "pods \"two\" is forbidden: exceeded quota: q, requested: pods=1, used: pods=1, \
             limited: pods=1"
        ),
        "{refused}"
    );
    let made = (0..6)
        .filter(|index| kubectl.run(&["create", "configmap", &format!("c{index}")]).succeeded());
    assert_eq!(made.count(), 3);
    assert_eq!(get(&kubectl, &["quota", "q"])["status"]["used"]["configmaps"], "3");
}

#[test]
fn pod_security_refuses_and_warns() {
    let etcd = Cluster::start(Plan::ours(1));
    let server = ApiServer::start(&etcd);
    let kubectl = server.kubectl();
    let label = "pod-security.kubernetes.io/enforce=baseline";
    let wrong = kubectl.run(&["label", "ns", "default", "pod-security.kubernetes.io/warn=x"]);
    let wrong = wrong.refused();
    assert!(wrong.contains("must be one of privileged, baseline, restricted"), "{wrong}");
    kubectl.run(&["label", "ns", "default", label]).ok();
    let host = json!({"hostNetwork": true});
    let refused = until_refused("the label is known", || {
        kubectl.run(&["delete", "pod", "host", "--now", "--ignore-not-found"]).ok();
        create(&kubectl, &pod("host", &host))
    });
    assert!(
        refused.contains(
            "pods \"host\" is forbidden: violates PodSecurity \"baseline:latest\": host namespaces \
             (hostNetwork=true)"
        ),
        "{refused}"
    );
    let deployment = json!({
        "apiVersion": "apps/v1", "kind": "Deployment", "metadata": {"name": "d"},
        "spec": {"selector": {"matchLabels": {"a": "b"}}, "template": {
            "metadata": {"labels": {"a": "b"}},
            "spec": {"hostPID": true, "containers": [{"name": "a", "image": "a:1"}]},
        }},
    });
    let warned = create(&kubectl, &deployment.to_string());
    assert!(warned.succeeded(), "{}", warned.err);
    assert!(warned.err.contains("Warning: would violate PodSecurity"), "{}", warned.err);
}

#[test]
fn priorities_come_from_classes_and_namespaces_end() {
    let etcd = Cluster::start(Plan::ours(1));
    let server = ApiServer::start(&etcd);
    let kubectl = server.kubectl();
    let classes = kubectl.run(&["get", "priorityclass", "-o", "name"]).ok();
    assert_eq!(
        classes,
        "priorityclass.scheduling.k8s.io/system-cluster-critical\n\
         priorityclass.scheduling.k8s.io/system-node-critical\n"
    );
    kubectl.run(&["create", "priorityclass", "high", "--value=1000", "--global-default"]).ok();
    let named = json!({"priorityClassName": "high"});
    create(&kubectl, &pod("named", &named)).ok();
    assert_eq!(get(&kubectl, &["pod", "named"])["spec"]["priority"], 1000);
    let none = create(&kubectl, &pod("none", &json!({"priorityClassName": "none"}))).refused();
    assert!(none.contains("no PriorityClass with name none was found"), "{none}");

    let immortal = kubectl.run(&["delete", "ns", "default"]).refused();
    assert!(immortal.contains("this namespace may not be deleted"), "{immortal}");
    kubectl.run(&["create", "ns", "short"]).ok();
    kubectl.run(&["delete", "ns", "short", "--wait=false"]).ok();
    let late = kubectl.run(&["create", "configmap", "c", "-n", "short"]).refused();
    assert!(
        late.contains(
            "unable to create new content in namespace short because it is being terminated"
        ),
        "{late}"
    );
    let nowhere = kubectl.run(&["create", "configmap", "c", "-n", "nowhere"]).refused();
    assert!(nowhere.contains("namespaces \"nowhere\" not found"), "{nowhere}");
}

fn policy(kind: &str, spec: &Value, binding: &Value) -> String {
    let api = "admissionregistration.k8s.io/v1";
    let meta = json!({"name": "p"});
    let policy = json!({"apiVersion": api, "kind": kind, "metadata": meta, "spec": spec});
    let kind = format!("{kind}Binding");
    let binding = json!({"apiVersion": api, "kind": kind, "metadata": meta, "spec": binding});
    format!("{policy}\n{binding}")
}

fn constraints(resource: &str) -> Value {
    json!({"resourceRules": [{
        "apiGroups": [""], "apiVersions": ["v1"], "operations": ["CREATE", "UPDATE"],
        "resources": [resource],
    }]})
}

#[test]
fn expressions_refuse_and_change() {
    let etcd = Cluster::start(Plan::ours(1));
    let server = ApiServer::start(&etcd);
    let kubectl = server.kubectl();
    let spec = json!({
        "failurePolicy": "Fail", "matchConstraints": constraints("configmaps"),
        "variables": [{"name": "size", "expression": "size(object.data)"}],
        "validations": [{
            "expression": "!has(object.data) || variables.size <= 1",
            "messageExpression": "'at most one entry, not ' + string(variables.size)",
        }],
    });
    let binding = json!({"policyName": "p", "validationActions": ["Deny"]});
    create(&kubectl, &policy("ValidatingAdmissionPolicy", &spec, &binding)).ok();
    let refused = until_refused("the policy is known", || {
        kubectl.run(&["delete", "configmap", "two", "--ignore-not-found"]).ok();
        kubectl.run(&["create", "configmap", "two", "--from-literal=a=1", "--from-literal=b=2"])
    });
    assert!(
        refused.contains(
            "ValidatingAdmissionPolicy 'p' with binding 'p' denied request: at most one entry, not 2"
        ),
        "{refused}"
    );
    kubectl.run(&["create", "configmap", "one", "--from-literal=a=1"]).ok();

    let spec = json!({
        "failurePolicy": "Fail", "reinvocationPolicy": "Never",
        "matchConstraints": constraints("secrets"),
        "mutations": [
            {"patchType": "ApplyConfiguration", "applyConfiguration": {"expression":
                "Object{metadata: Object.metadata{labels: {'made-by': 'a-policy'}}}"}},
            {"patchType": "JSONPatch", "jsonPatch": {"expression":
                "[JSONPatch{op: 'add', path: '/metadata/labels/patched', value: 'yes'}]"}},
        ],
    });
    let binding = json!({"policyName": "p"});
    create(&kubectl, &policy("MutatingAdmissionPolicy", &spec, &binding)).ok();
    let labels = until("the policy is known", || {
        kubectl.run(&["create", "secret", "generic", "s", "--from-literal=a=b"]).ok();
        let secret = get(&kubectl, &["secret", "s"]);
        let labels = secret["metadata"]["labels"].clone();
        kubectl.run(&["delete", "secret", "s"]).ok();
        labels.is_object().then_some(labels)
    });
    assert_eq!(labels, json!({"made-by": "a-policy", "patched": "yes"}));
}

#[test]
fn pods_run_as_service_accounts_that_exist() {
    let etcd = Cluster::start(Plan::ours(1));
    let mut server = ApiServer::start(&etcd);
    server.process().kill();
    server.flags.clear();
    server.run();
    let kubectl = server.kubectl();
    let refused = create(&kubectl, &pod("early", &json!({}))).refused();
    assert!(
        refused.contains(
            "error looking up service account default/default: serviceaccount \"default\" not found"
        ),
        "{refused}"
    );
    kubectl.run(&["create", "serviceaccount", "default"]).ok();
    create(&kubectl, &pod("web", &json!({}))).ok();
    let web = get(&kubectl, &["pod", "web"]);
    assert_eq!(web["spec"]["serviceAccountName"], "default");
    let mount = &web["spec"]["containers"][0]["volumeMounts"][0];
    assert_eq!(mount["mountPath"], "/var/run/secrets/kubernetes.io/serviceaccount");
    assert_eq!(mount["name"], web["spec"]["volumes"][0]["name"]);
}

/// A server of webhooks, and where it is.
fn webhooks(server: &ApiServer) -> (Process, String, String) {
    let (port, pair) = (Port::reserve(), server.authority.issue("webhook"));
    let program = binaries::workspace().join("real/conformance/python/webhook.py");
    let mut command = Command::new(binaries::tool("python3", "python3"));
    command.arg(program).args([&port.number.to_string(), &pair.cert, &pair.key]);
    let process = Process::start(command, server.scratch().path().join("webhook.log"));
    until("the webhooks serve", || process.said().contains("serving").then_some(()));
    let encoded = Command::new(binaries::tool("base64", "coreutils"))
        .args(["-w0", &server.authority.cert])
        .output()
        .expect("base64 runs");
    let bundle = String::from_utf8(encoded.stdout).expect("text");
    (process, format!("https://127.0.0.1:{}", port.number), bundle)
}

fn configuration(kind: &str, url: &str, bundle: &str, more: &Value) -> String {
    let mut hook = json!({
        "name": "hook.example.com", "clientConfig": {"url": url, "caBundle": bundle},
        "rules": constraints("configmaps")["resourceRules"], "sideEffects": "None",
        "admissionReviewVersions": ["v1"], "timeoutSeconds": 2,
    });
    for (name, value) in more.as_object().into_iter().flatten() {
        hook[name] = value.clone();
    }
    json!({
        "apiVersion": "admissionregistration.k8s.io/v1", "kind": kind,
        "metadata": {"name": "hooks"}, "webhooks": [hook],
    })
    .to_string()
}

#[test]
fn webhooks_change_refuse_and_fail() {
    let etcd = Cluster::start(Plan::ours(1));
    let server = ApiServer::start(&etcd);
    let kubectl = server.kubectl();
    let (_process, url, bundle) = webhooks(&server);
    let at = |path: &str| format!("{url}{path}");
    let apply = |object: &str| kubectl.run_with(&["apply", "-f", "-"], object).ok();
    let map = |name: &str| kubectl.run(&["create", "configmap", name]);

    apply(&configuration("MutatingWebhookConfiguration", &at("/label"), &bundle, &json!({})));
    let warned = until("the webhook is known", || {
        let answer = map("labelled");
        let labelled =
            get(&kubectl, &["configmap", "labelled"])["metadata"]["labels"]["hook"].clone();
        kubectl.run(&["delete", "configmap", "labelled"]).ok();
        (labelled == "was-here").then_some(answer.err)
    });
    assert!(warned.contains("Warning: a label was added"), "{warned}");

    let validating = "ValidatingWebhookConfiguration";
    let conditions = json!({"matchConditions": [
        {"name": "not-kept", "expression": "object.metadata.name != 'kept'"},
    ]});
    apply(&configuration(validating, &at("/deny"), &bundle, &conditions));
    let mut tries = 0;
    let refused = until_refused("the webhook is known", || {
        tries += 1;
        map(&format!("refused-{tries}"))
    });
    assert!(
        refused.contains("admission webhook \"hook.example.com\" denied the request: not today"),
        "{refused}"
    );
    map("kept").ok();

    apply(&configuration(validating, &at("/slow"), &bundle, &json!({})));
    let slow = until("the webhook is slow", || {
        tries += 1;
        let answer = map(&format!("slow-{tries}")).err;
        answer.contains("failed calling webhook").then_some(answer)
    });
    assert!(
        slow.contains("failed calling webhook \"hook.example.com\": failed to call webhook: Post")
            && slow.contains("/slow?timeout=2s\": context deadline exceeded"),
        "{slow}"
    );
    let open = json!({"failurePolicy": "Ignore"});
    apply(&configuration(validating, &at("/slow"), &bundle, &open));
    until("the webhook fails open", || {
        tries += 1;
        map(&format!("open-{tries}")).succeeded().then_some(())
    });
}
