//! What unmodified kubectl prints of objects that our `kube-apiserver` does not let pass.

use conformance::{
    apiserver::ApiServer,
    cluster::{Cluster, Plan},
    kubectl::Kubectl,
};

const DEPLOYMENT: &str = "
apiVersion: apps/v1
kind: Deployment
metadata: {name: web}
spec:
  selector: {matchLabels: {app: web}}
  template:
    metadata: {labels: {app: web}}
    spec: {containers: [{name: server, image: 'nginx:1'}]}
";

const SERVICE: &str = "
apiVersion: v1
kind: Service
metadata: {name: web}
spec: {selector: {app: web}, ports: [{name: http, port: 80}]}
";

const POD: &str = "
apiVersion: v1
kind: Pod
metadata: {name: web}
spec: {containers: [{name: server, image: 'nginx:1'}]}
";

fn session(talk: impl Fn(&Kubectl)) {
    let etcd = Cluster::start(Plan::ours(1));
    let server = ApiServer::start(&etcd);
    talk(&server.kubectl());
}

fn create(kubectl: &Kubectl, object: &str) {
    kubectl.run_with(&["create", "-f", "-"], object).ok();
}

/// What is printed where the object is not let pass with one text replaced.
fn refused(kubectl: &Kubectl, verb: &str, object: &str, (from, to): (&str, &str)) -> String {
    assert!(object.contains(from), "{from:?} is in no object");
    kubectl.run_with(&[verb, "-f", "-"], &object.replacen(from, to, 1)).refused()
}

#[test]
fn one_fault_of_a_new_object_is_one_line() {
    session(|kubectl| {
        for (object, change, said) in [
            (
                DEPLOYMENT,
                ("labels: {app: web}", "labels: {app: api}"),
                "The Deployment \"web\" is invalid: spec.template.metadata.labels: Invalid value: \
                 {\"app\":\"api\"}: `selector` does not match template `labels`\n",
            ),
            (
                POD,
                ("spec: {", "spec: {restartPolicy: Sometimes, "),
                "The Pod \"web\" is invalid: spec.restartPolicy: Unsupported value: \
                 \"Sometimes\": supported values: \"Always\", \"OnFailure\", \"Never\"\n",
            ),
            (
                SERVICE,
                ("spec: {", "spec: {sessionAffinity: Sticky, "),
                "The Service \"web\" is invalid: spec.sessionAffinity: Unsupported value: \
                 \"Sticky\": supported values: \"ClientIP\", \"None\"\n",
            ),
        ] {
            assert_eq!(refused(kubectl, "create", object, change), said);
        }
        assert_eq!(kubectl.run(&["get", "deployments,pods", "-o", "name"]).ok(), "");
    });
}

#[test]
fn several_faults_are_listed() {
    session(|kubectl| {
        let said = refused(kubectl, "create", POD, ("name: server, image: 'nginx:1'", "name: A"));
        let lines: Vec<&str> = said.lines().collect();
        assert_eq!(lines[0], "The Pod \"web\" is invalid: ");
        assert!(
            lines[1].starts_with("* spec.containers[0].name: Invalid value: \"A\": a lowercase"),
            "{said}"
        );
        assert_eq!(lines[2..], ["* spec.containers[0].image: Required value"]);
    });
}

#[test]
fn what_may_not_change_stays() {
    session(|kubectl| {
        create(kubectl, DEPLOYMENT);
        create(kubectl, POD);
        let both = DEPLOYMENT.replace("app: web", "app: api");
        assert_eq!(
            kubectl.run_with(&["apply", "-f", "-"], &both).refused().lines().last(),
            Some(
                "The Deployment \"web\" is invalid: spec.selector: Invalid value: \
                 {\"matchLabels\":{\"app\":\"api\"}}: field is immutable"
            )
        );
        let said = refused(kubectl, "apply", POD, ("name: server", "name: other"));
        assert!(
            said.contains(
                "The Pod \"web\" is invalid: spec.containers: Forbidden: \
                 pod updates may not add or remove containers"
            ),
            "{said}"
        );
        let patch = r#"{"spec":{"nodeName":"a","hostNetwork":true}}"#;
        let said = kubectl.run(&["patch", "pod", "web", "-p", patch]).refused();
        assert!(
            said.contains("spec: Forbidden: pod updates may not change fields other than"),
            "{said}"
        );
        kubectl.run(&["set", "image", "pod/web", "server=nginx:2"]).ok();
        kubectl.run(&["scale", "deployment", "web", "--replicas=3"]).ok();
    });
}

#[test]
fn a_good_object_of_many_kinds_passes() {
    session(|kubectl| {
        create(kubectl, DEPLOYMENT);
        create(kubectl, SERVICE);
        for args in [
            &["create", "job", "once", "--image=busybox"][..],
            &["create", "cronjob", "often", "--image=busybox", "--schedule=*/5 * * * *"],
            &["create", "quota", "q", "--hard=pods=10"],
            &["create", "role", "r", "--verb=get", "--resource=pods"],
            &["create", "rolebinding", "b", "--role=r", "--user=ann"],
            &["create", "ingress", "i", "--rule=web.io/x*=web:80"],
            &["create", "poddisruptionbudget", "p", "--selector=app=web", "--min-available=1"],
            &["create", "priorityclass", "high", "--value=1000"],
            &["create", "secret", "generic", "s", "--from-literal=a=b"],
            &["autoscale", "deployment", "web", "--max=5"],
        ] {
            kubectl.run(args).ok();
        }
    });
}
