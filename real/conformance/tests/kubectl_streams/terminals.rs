//! `kubectl exec` and `kubectl attach`, over WebSocket and over SPDY.

use crate::place::{Place, WEBSOCKETS};
use conformance::answer::Answer;
use std::process::Command;

/// A command on a terminal of 24 lines with 80 columns, which a pipe is not.
fn on_a_terminal(command: &Command) -> Command {
    let words = std::iter::once(command.get_program()).chain(command.get_args());
    let words: Vec<_> = words.map(|word| format!("'{}'", word.to_string_lossy())).collect();
    let line = format!("stty rows 24 cols 80; {}", words.join(" "));
    let mut script = Command::new("script");
    script.args(["-qec", &line, "/dev/null"]);
    for (name, value) in command.get_envs() {
        script.env(name, value.unwrap_or_default());
    }
    script
}

fn runs(place: &Place, websockets: &str) {
    let exec = |args: &[&str], input: &str| {
        let args = [&["exec", "p1"], args].concat();
        Answer::of(place.dialing(websockets, &args), input)
    };
    let answer = exec(&["-i", "--", "cat"], "hello\n");
    assert_eq!((answer.out.as_str(), answer.code), ("hello\n", Some(0)), "{answer:?}");
    let answer = exec(&["--", "both"], "");
    assert_eq!((answer.out.as_str(), answer.err.as_str()), ("to stdout\n", "to stderr\n"));
    let answer = exec(&["--", "exit", "3"], "");
    assert_eq!(answer.code, Some(3), "{answer:?}");
    assert!(answer.err.contains("command terminated with exit code 3"), "{answer:?}");
    assert_eq!(exec(&["--", "flood"], "").ok().len(), 1 << 20);
    let sized = place.dialing(websockets, &["exec", "-it", "p1", "--", "size"]);
    let sized = Answer::of(on_a_terminal(&sized), "");
    assert!(sized.out.contains("80x24"), "{sized:?}");
    let attached = place.dialing(websockets, &["attach", "-i", "p1"]);
    let attached = Answer::of(attached, "to whom it may concern\n");
    assert!(attached.out.contains("to whom it may concern\n"), "{attached:?}");
}

#[test]
fn commands_run_over_both_protocols() {
    let mut place = Place::start(&[]);
    for websockets in WEBSOCKETS {
        runs(&place, websockets);
    }
    place.status("node/n1", r#"{"declaredFeatures":["ExtendWebSocketsToKubelet"]}"#);
    runs(&place, "true");
    let exec = |pod: &str| place.kubectl.run(&["exec", pod, "-c", "x", "--", "cat"]).refused();
    assert!(exec("p2").contains("container x is not valid for pod p2"));
    place.status("node/n1", r#"{"declaredFeatures":null}"#);
    place.kubelet = None;
    for websockets in WEBSOCKETS {
        let command = place.dialing(websockets, &["exec", "p1", "--", "cat"]);
        let refused = Answer::of(command, "").refused();
        assert!(refused.contains("error dialing backend: dial tcp 127.0.0.1"), "{refused}");
    }
}

const READER: &str = "
apiVersion: rbac.authorization.k8s.io/v1
kind: Role
metadata: {name: r}
rules: [{apiGroups: [''], resources: [pods, pods/exec], verbs: [get]}]
---
apiVersion: rbac.authorization.k8s.io/v1
kind: RoleBinding
metadata: {name: r}
roleRef: {apiGroup: rbac.authorization.k8s.io, kind: Role, name: r}
subjects: [{kind: User, name: reader}]
---
apiVersion: admissionregistration.k8s.io/v1
kind: ValidatingAdmissionPolicy
metadata: {name: no-cats}
spec:
  matchConstraints:
    resourceRules:
    - {apiGroups: [''], apiVersions: [v1], operations: [CONNECT], resources: [pods/exec]}
  validations: [{expression: \"!('cat' in object.command)\", message: no cats here}]
---
apiVersion: admissionregistration.k8s.io/v1
kind: ValidatingAdmissionPolicyBinding
metadata: {name: no-cats}
spec: {policyName: no-cats, validationActions: [Deny]}
";

#[test]
fn who_may_only_look_may_run_nothing_and_policies_are_asked() {
    let place = Place::start(&["--authorization-mode=RBAC"]);
    place.kubectl.run_with(&["create", "-f", "-"], READER).ok();
    let reader = place.server.authority.issue("reader");
    let reader = place.server.kubectl_as_owner("reader", &reader);
    for websockets in WEBSOCKETS {
        let mut command = reader.command(&["exec", "p1", "--", "both"]);
        command.env("KUBECTL_REMOTE_COMMAND_WEBSOCKETS", websockets);
        let refused = Answer::of(command, "").refused();
        assert!(refused.contains("pods \"p1\" is forbidden"), "{refused}");
    }
    conformance::until::until("the policy is in force", || {
        let refused = place.kubectl.run(&["exec", "p1", "--", "cat", "x"]);
        refused.err.contains("no cats here").then_some(())
    });
    place.kubectl.run(&["exec", "p1", "--", "both"]).ok();
}
