//! `kubectl logs`.

use crate::place::Place;
use std::{
    io::{BufRead, BufReader},
    process::Stdio,
};

#[test]
fn logs_come_from_the_kubelet() {
    let mut place = Place::start(&[]);
    let logs = |args: &[&str]| place.kubectl.run(&[&["logs"], args].concat());
    assert_eq!(logs(&["p1"]).ok(), "/containerLogs/default/p1/c?\n");
    assert_eq!(
        logs(&["p2", "-c", "b", "--tail=5", "--since=1m", "--timestamps", "--limit-bytes=9"]).ok(),
        "/containerLogs/default/p2/b?limitBytes=9&sinceSeconds=60&tailLines=5&timestamps=true\n"
    );
    let raw = |query: &str| {
        let path = format!("/api/v1/namespaces/default/pods/p2/log{query}");
        place.kubectl.run(&["get", "--raw", &path])
    };
    let refused = raw("").refused();
    let which = "a container name must be specified for pod p2, choose one of: [a b]";
    assert!(refused.contains(which), "{refused}");
    let refused = raw("?container=x").refused();
    assert!(refused.contains("container x is not valid for pod p2"), "{refused}");
    let refused = raw("?container=a&tailLines=-1").refused();
    assert!(refused.contains("must be greater than or equal to 0"), "{refused}");
    let refused = logs(&["p1", "--previous"]).refused();
    assert!(refused.contains("previous terminated container not found"), "{refused}");
    assert_eq!(logs(&["p3"]).ok(), "", "on no node yet");

    let mut following = place.kubectl.command(&["logs", "-f", "p1"]);
    let mut following = following.stdout(Stdio::piped()).spawn().unwrap();
    let lines = BufReader::new(following.stdout.take().unwrap()).lines();
    let lines: Vec<String> = lines.map(Result::unwrap).collect();
    assert_eq!(lines, ["line 1", "line 2", "line 3"]);
    assert!(following.wait().unwrap().success());

    place.kubelet = None;
    let refused = place.kubectl.run(&["logs", "p1"]).refused();
    assert!(refused.contains("connect: connection refused"), "{refused}");
}
