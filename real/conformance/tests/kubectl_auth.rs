//! Who is who and who may do what, as unmodified kubectl sees it.

use conformance::{
    answer::Answer,
    apiserver::ApiServer,
    binaries,
    cluster::{Cluster, Plan},
    kubectl::Kubectl,
    until::until,
};
use serde_json::Value;
use std::process::Command;

/// A server that judges by roles, and knows alice by her token.
fn judged(etcd: &Cluster) -> ApiServer {
    ApiServer::start_with(etcd, |scratch| {
        let tokens = scratch.write("tokens.csv", "alice-token,alice,u-1,\"dev\"\n");
        vec![
            "--authorization-mode=Node,RBAC".to_owned(),
            "--disable-admission-plugins=ServiceAccount".to_owned(),
            format!("--token-auth-file={tokens}"),
            "--enable-bootstrap-token-auth".to_owned(),
        ]
    })
}

/// What a command says when it succeeds, however long what it needs takes to be known.
fn soon(kubectl: &Kubectl, args: &[&str]) -> String {
    until(&args.join(" "), || Some(kubectl.run(args)).filter(Answer::succeeded)).ok()
}

#[test]
fn who_has_no_role_is_told_what_it_may_not() {
    let etcd = Cluster::start(Plan::ours(1));
    let server = judged(&etcd);
    let (admin, alice) = (server.kubectl(), server.kubectl_with_token("alice", "alice-token"));
    assert_eq!(
        alice.run(&["get", "pods"]).refused(),
        "Error from server (Forbidden): pods is forbidden: User \"alice\" cannot list resource \
         \"pods\" in API group \"\" in the namespace \"default\"\n"
    );
    assert_eq!(
        alice.run(&["get", "node", "n"]).refused(),
        "Error from server (Forbidden): nodes \"n\" is forbidden: User \"alice\" cannot get \
         resource \"nodes\" in API group \"\" at the cluster scope\n"
    );
    let metrics = alice.run(&["get", "--raw", "/metrics"]).refused();
    assert!(
        metrics.contains("forbidden: User \"alice\" cannot get path \"/metrics\""),
        "{metrics}"
    );
    // Everybody who is known reads what there is.
    assert!(alice.run(&["api-resources", "-o", "name"]).ok().contains("deployments.apps"));
    assert_eq!(admin.run(&["get", "pods", "-o", "name"]).ok(), "");

    assert_eq!(alice.run(&["auth", "can-i", "list", "pods"]).out, "no\n");
    admin.run(&["create", "rolebinding", "b", "--clusterrole=view", "--user=alice"]).ok();
    assert_eq!(soon(&alice, &["get", "pods", "-o", "name"]), "");
    assert_eq!(alice.run(&["auth", "can-i", "list", "pods"]).out, "yes\n");
    assert_eq!(alice.run(&["auth", "can-i", "list", "pods", "-n", "kube-system"]).out, "no\n");
    assert_eq!(alice.run(&["auth", "can-i", "create", "pods"]).out, "no\n");
    assert_eq!(admin.run(&["auth", "can-i", "create", "pods", "--as", "alice"]).out, "no\n");
    assert_eq!(admin.run(&["auth", "can-i", "*", "*"]).out, "yes\n");
    let list = alice.run(&["auth", "can-i", "--list"]).ok();
    for (resource, verbs) in
        [("configmaps", "[get list watch]"), ("selfsubjectreviews.", "[create]")]
    {
        let line = list.lines().find(|line| line.starts_with(resource));
        assert!(line.is_some_and(|line| line.trim_end().ends_with(verbs)), "{resource}: {list}");
    }
}

#[test]
fn everybody_can_ask_who_they_are_and_some_can_be_others() {
    let etcd = Cluster::start(Plan::ours(1));
    let server = judged(&etcd);
    let bob = server.authority.issue_in("bob", &["ops"]);
    let (admin, bob) = (server.kubectl(), server.kubectl_as_owner("bob", &bob));
    let alice = server.kubectl_with_token("alice", "alice-token");
    let who = |kubectl: &Kubectl, args: &[&str]| {
        let all = [&["auth", "whoami", "-o", "json"], args].concat();
        let answer = kubectl.run(&all);
        assert!(answer.succeeded(), "{answer:?}");
        answer.json()["status"]["userInfo"].clone()
    };
    let info = who(&alice, &[]);
    assert_eq!((&info["username"], &info["uid"]), (&"alice".into(), &"u-1".into()));
    assert_eq!(info["groups"], serde_json::json!(["dev", "system:authenticated"]));
    let info = who(&bob, &[]);
    assert_eq!(info["groups"], serde_json::json!(["ops", "system:authenticated"]));
    let id = &info["extra"]["authentication.kubernetes.io/credential-id"][0];
    assert!(id.as_str().is_some_and(|id| id.starts_with("X509SHA256=")), "{id}");

    let info = who(&admin, &["--as", "carol", "--as-group", "dev", "--as-uid", "u-9"]);
    assert_eq!((&info["username"], &info["uid"]), (&"carol".into(), &"u-9".into()));
    assert_eq!(info["groups"], serde_json::json!(["dev", "system:authenticated"]));
    let info = who(&admin, &["--as", "system:serviceaccount:default:robot"]);
    assert_eq!(info["groups"][1], "system:serviceaccounts:default");
    // What discovery is refused with kubectl does not show.
    let pods = "/api/v1/namespaces/default/pods";
    assert_eq!(
        alice.run(&["get", "--raw", pods, "--as", "bob"]).refused(),
        "Error from server (Forbidden): pods is forbidden: User \"alice\" cannot \
         impersonate-on:user-info:list resource \"pods\" in API group \"\" in the namespace \
         \"default\"\n"
    );
}

#[test]
fn nobody_gives_away_what_it_does_not_have() {
    let etcd = Cluster::start(Plan::ours(1));
    let server = judged(&etcd);
    let (admin, alice) = (server.kubectl(), server.kubectl_with_token("alice", "alice-token"));
    assert_eq!(admin.run(&["get", "clusterroles", "-o", "name"]).ok().lines().count(), 70);
    assert_eq!(admin.run(&["get", "clusterrolebindings", "-o", "name"]).ok().lines().count(), 51);
    admin.run(&["create", "rolebinding", "a", "--clusterrole=admin", "--user=alice"]).ok();
    soon(&alice, &["get", "roles"]);
    alice.run(&["create", "role", "r", "--verb=get,list", "--resource=pods"]).ok();
    alice.run(&["create", "rolebinding", "rb", "--role=r", "--user=bob"]).ok();
    let refused = alice.run(&["create", "role", "x", "--verb=get,update", "--resource=quotas"]);
    assert!(refused.refused().contains("the server doesn't have a resource type"));
    let args = ["create", "role", "x", "--verb=create,delete", "--resource=resourcequotas"];
    let refused = alice.run(&args).refused();
    let expected = "roles.rbac.authorization.k8s.io \"x\" is forbidden: user \"alice\" \
         (groups=[\"dev\" \"system:authenticated\"]) is attempting to grant RBAC permissions \
         not currently held:\n{APIGroups:[\"\"], Resources:[\"resourcequotas\"], \
         Verbs:[\"create\" \"delete\"]}\n";
    assert!(refused.ends_with(expected), "{refused}");
    let args = ["create", "rolebinding", "y", "--clusterrole=cluster-admin", "--user=alice"];
    let refused = alice.run(&args).refused();
    assert!(
        refused.contains("rolebindings.rbac.authorization.k8s.io \"y\" is forbidden"),
        "{refused}"
    );
    let missing = ["create", "rolebinding", "z", "--role=none", "--user=bob"];
    let refused = alice.run(&missing).refused();
    assert!(refused.contains("roles.rbac.authorization.k8s.io \"none\" not found"), "{refused}");
    let bob = ["auth", "can-i", "list", "pods", "--as", "bob"];
    until("bob may list pods", || (admin.run(&bob).out == "yes\n").then_some(()));
}

#[test]
fn roles_that_lack_something_are_completed_at_the_next_start() {
    let etcd = Cluster::start(Plan::ours(1));
    let mut server = judged(&etcd);
    let admin = server.kubectl();
    let change = r#"[{"op": "replace", "path": "/rules", "value": []}]"#;
    let role = ["clusterrole", "system:public-info-viewer"];
    admin.run(&[&["patch", "--type=json", "-p", change], &role[..]].concat()).ok();
    admin.run(&["delete", "clusterrolebinding", "system:discovery"]).ok();
    server.process().terminate();
    server.flags.retain(|flag| !flag.contains("RBAC"));
    server.run();
    let rules = until("the role has its rules again", || {
        let found = admin.run(&[&["get", "-o", "json"], &role[..]].concat()).json();
        found["rules"].as_array().filter(|rules| !rules.is_empty()).cloned()
    });
    assert!(rules.iter().any(|rule| rule["nonResourceURLs"][0] == "/healthz"), "{rules:?}");
    soon(&admin, &["get", "clusterrolebinding", "system:discovery"]);
}

#[test]
fn tokens_of_service_accounts_live_as_long_as_their_account() {
    let etcd = Cluster::start(Plan::ours(1));
    let server = judged(&etcd);
    let admin = server.kubectl();
    admin.run(&["create", "serviceaccount", "robot"]).ok();
    let token = admin.run(&["create", "token", "robot", "--duration=20m"]).ok();
    let robot = server.kubectl_with_token("robot", token.trim());
    let info = robot.run(&["auth", "whoami", "-o", "json"]).json();
    let info = &info["status"]["userInfo"];
    assert_eq!(info["username"], "system:serviceaccount:default:robot");
    assert_eq!(
        info["groups"],
        serde_json::json!([
            "system:serviceaccounts",
            "system:serviceaccounts:default",
            "system:authenticated"
        ])
    );
    assert!(robot.run(&["get", "pods"]).refused().contains("(Forbidden)"));
    let args =
        ["create", "rolebinding", "r", "--clusterrole=view", "--serviceaccount=default:robot"];
    admin.run(&args).ok();
    soon(&robot, &["get", "pods"]);
    let short = admin.run(&["create", "token", "robot", "--duration=1m"]).refused();
    assert!(short.contains("may not specify a duration less than 10 minutes"), "{short}");

    let review = format!(
        "{{\"kind\":\"TokenReview\",\"apiVersion\":\"authentication.k8s.io/v1\",\
         \"spec\":{{\"token\":\"{}\"}}}}",
        token.trim()
    );
    let path = "/apis/authentication.k8s.io/v1/tokenreviews";
    let check =
        || -> Value { admin.run_with(&["create", "--raw", path, "-f", "-"], &review).json() };
    assert_eq!(check()["status"]["authenticated"], true);
    let keys = robot.run(&["get", "--raw", "/openid/v1/jwks"]).json();
    assert_eq!(keys["keys"][0]["kty"], "EC");
    let document = robot.run(&["get", "--raw", "/.well-known/openid-configuration"]).json();
    assert_eq!(document["issuer"], "https://kubernetes.default.svc.cluster.local");

    admin.run(&["delete", "serviceaccount", "robot"]).ok();
    until("the token is good no more", || {
        (check()["status"]["authenticated"] != true).then_some(())
    });
    let refused = robot.run(&["get", "pods"]).refused();
    assert!(refused.contains("You must be logged in to the server"), "{refused}");
}

#[test]
fn a_token_can_be_bound_to_a_pod_and_a_secret() {
    let etcd = Cluster::start(Plan::ours(1));
    let server = judged(&etcd);
    let admin = server.kubectl();
    admin.run(&["create", "serviceaccount", "robot"]).ok();
    admin.run(&["create", "secret", "generic", "s"]).ok();
    let bound = ["create", "token", "robot", "--bound-object-kind=Secret", "--bound-object-name=s"];
    let token = admin.run(&bound).ok();
    let robot = server.kubectl_with_token("robot", token.trim());
    robot.run(&["auth", "whoami"]).ok();
    admin.run(&["delete", "secret", "s"]).ok();
    until("the token has gone with the secret", || {
        (!robot.run(&["auth", "whoami"]).succeeded()).then_some(())
    });
}

#[test]
fn new_machines_come_in_with_bootstrap_tokens() {
    let etcd = Cluster::start(Plan::ours(1));
    let server = judged(&etcd);
    let secret = "
apiVersion: v1
kind: Secret
type: bootstrap.kubernetes.io/token
metadata: {name: bootstrap-token-abcdef, namespace: kube-system}
stringData:
  token-id: abcdef
  token-secret: 0123456789abcdef
  usage-bootstrap-authentication: 'true'
  auth-extra-groups: system:bootstrappers:new
";
    let data = secret.replace("stringData:", "data:");
    let encoded = [
        ("token-id: abcdef", "token-id: YWJjZGVm"),
        ("token-secret: 0123456789abcdef", "token-secret: MDEyMzQ1Njc4OWFiY2RlZg=="),
        ("'true'", "dHJ1ZQ=="),
        ("groups: system:bootstrappers:new", "groups: c3lzdGVtOmJvb3RzdHJhcHBlcnM6bmV3"),
    ];
    let data = encoded.iter().fold(data, |text, (plain, coded)| text.replace(plain, coded));
    server.kubectl().run_with(&["create", "-f", "-"], &data).ok();
    let machine = server.kubectl_with_token("machine", "abcdef.0123456789abcdef");
    let info = soon(&machine, &["auth", "whoami", "-o", "json"]);
    let info: Value = serde_json::from_str(&info).expect("JSON");
    assert_eq!(info["status"]["userInfo"]["username"], "system:bootstrap:abcdef");
    assert_eq!(info["status"]["userInfo"]["groups"][1], "system:bootstrappers:new");
}

#[test]
fn a_node_reads_what_its_pods_need() {
    let etcd = Cluster::start(Plan::ours(1));
    let server = judged(&etcd);
    let node = server.authority.issue_in("system:node:n1", &["system:nodes"]);
    let (admin, node) = (server.kubectl(), server.kubectl_as_owner("node", &node));
    admin.run(&["create", "secret", "generic", "needed"]).ok();
    admin.run(&["create", "secret", "generic", "other"]).ok();
    let pod = "
apiVersion: v1
kind: Pod
metadata: {name: p}
spec:
  nodeName: n1
  containers: [{name: c, image: i, envFrom: [{secretRef: {name: needed}}]}]
";
    admin.run_with(&["create", "-f", "-"], pod).ok();
    assert_eq!(soon(&node, &["get", "secret", "needed", "-o", "name"]), "secret/needed\n");
    let refused = node.run(&["get", "secret", "other"]).refused();
    let why = "no relationship found between node 'n1' and this object";
    assert!(refused.contains(why), "{refused}");
    assert!(node.run(&["get", "secrets"]).refused().contains("(Forbidden)"));
    let own = ["get", "pods", "-A", "--field-selector=spec.nodeName=n1", "-o", "name"];
    assert_eq!(node.run(&own).ok(), "pod/p\n");
    let all = node.run(&["get", "pods", "-A"]).refused();
    assert!(all.contains("can only list/watch pods with spec.nodeName field selector"), "{all}");
    let lease = ["get", "leases", "-n", "kube-node-lease", "n1"];
    assert!(node.run(&lease).refused().contains("NotFound"));
}

#[test]
fn without_credentials_there_is_little_to_see() {
    let etcd = Cluster::start(Plan::ours(1));
    let server = judged(&etcd);
    let ask = |path: &str| {
        let mut command = Command::new(binaries::tool("curl", "curl"));
        command.args(["--silent", "--show-error", "--cacert", &server.authority.cert]);
        command.arg(format!("https://127.0.0.1:{}{path}", server.port.number));
        Answer::of(command, "")
    };
    assert_eq!(ask("/livez").ok(), "ok");
    assert_eq!(ask("/readyz/poststarthook/rbac/bootstrap-roles").json()["reason"], "Forbidden");
    let refused = ask("/api/v1/namespaces/default/pods").json();
    assert_eq!(
        refused,
        serde_json::json!({
            "kind": "Status", "apiVersion": "v1", "metadata": {}, "status": "Failure",
            "message": "pods is forbidden: User \"system:anonymous\" cannot list resource \
                        \"pods\" in API group \"\" in the namespace \"default\"",
            "reason": "Forbidden", "details": {"kind": "pods"}, "code": 403,
        })
    );
    let wrong = server.kubectl_with_token("wrong", "wrong");
    let refused = wrong.run(&["get", "--raw", "/livez"]).refused();
    assert!(refused.contains("Unauthorized"), "{refused}");
    let ready = ["get", "--raw", "/readyz/poststarthook/rbac/bootstrap-roles"];
    assert_eq!(server.kubectl().run(&ready).ok(), "ok");
}

const POLICY: &str = "
apiVersion: audit.k8s.io/v1
kind: Policy
omitStages: [RequestReceived]
rules:
- {level: None, nonResourceURLs: ['/*']}
- {level: Metadata, resources: [{group: '', resources: [secrets]}]}
- {level: RequestResponse, omitManagedFields: true, resources: [{group: '', resources: [configmaps]}]}
";

#[test]
fn the_audit_log_tells_who_did_what() {
    let etcd = Cluster::start(Plan::ours(1));
    let server = ApiServer::start_with(&etcd, |scratch| {
        vec![
            "--authorization-mode=RBAC".to_owned(),
            format!("--audit-policy-file={}", scratch.write("policy.yaml", POLICY)),
            format!("--audit-log-path={}", scratch.file("audit.log")),
        ]
    });
    let admin = server.kubectl();
    admin.run(&["create", "secret", "generic", "s", "--from-literal=a=hidden"]).ok();
    admin.run(&["create", "configmap", "c", "--from-literal=a=shown"]).ok();
    admin.run(&["get", "secret", "s", "--as", "bob"]).refused();
    admin.run(&["get", "pods"]).ok();
    let watch = ["get", "configmaps", "--watch-only", "--request-timeout=1s"];
    admin.run(&watch);
    let log = server.scratch().file("audit.log");
    let events = until("the watch's end is told", || {
        let text = std::fs::read_to_string(&log).unwrap_or_default();
        let events = text.lines().map(serde_json::from_str::<Value>);
        let events = events.collect::<Result<Vec<_>, _>>().expect("an event on each line");
        let ends =
            |event: &&Value| event["verb"] == "watch" && event["stage"] == "ResponseComplete";
        events.iter().any(|event| ends(&event)).then_some(events)
    });
    let said: Vec<_> = events
        .iter()
        // Before it watches, kubectl lists.
        .filter(|event| event["verb"] != "list")
        .map(|event| {
            let text = |name: &str| event[name].as_str().unwrap_or_default().to_owned();
            let resource = event["objectRef"]["resource"].as_str().unwrap_or_default();
            let code = &event["responseStatus"]["code"];
            format!("{} {} {resource} {code} {}", text("level"), text("verb"), text("stage"))
        })
        .collect();
    assert_eq!(
        said,
        [
            "Metadata create secrets 201 ResponseComplete",
            "RequestResponse create configmaps 201 ResponseComplete",
            "Metadata get secrets 403 ResponseComplete",
            "RequestResponse watch configmaps 200 ResponseStarted",
            "RequestResponse watch configmaps 200 ResponseComplete",
        ]
    );
    assert!(events[0].get("requestObject").is_none());
    assert_eq!(events[0]["user"]["username"], "admin");
    assert_eq!(events[0]["sourceIPs"], serde_json::json!(["127.0.0.1"]));
    assert_eq!(events[1]["requestObject"]["data"]["a"], "shown");
    assert_eq!(events[1]["objectRef"]["name"], "c");
    assert!(events[1]["responseObject"]["metadata"].get("managedFields").is_none());
    assert_eq!(events[2]["impersonatedUser"]["username"], "bob");
    assert_eq!(events[2]["annotations"]["authorization.k8s.io/decision"], "forbid");
    assert_eq!(events[2]["responseStatus"]["reason"], "Forbidden");
}
