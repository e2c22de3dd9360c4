//! A byte changes on one member's disk: the others notice.

use conformance::{
    cluster::{Cluster, Plan},
    until::until,
};
use std::time::{Duration, Instant};

const VALUE: &[u8] = b"as it was written";

/// Changes the value wherever it stands in the file.
fn tamper(path: &std::path::Path) {
    let mut bytes = std::fs::read(path).expect("the backend can be read");
    let places: Vec<_> =
        (0..bytes.len() - VALUE.len()).filter(|at| bytes[*at..].starts_with(VALUE)).collect();
    assert!(!places.is_empty(), "the value is not in the file");
    for at in places {
        bytes[at] ^= 1;
    }
    std::fs::write(path, bytes).expect("the backend can be written");
}

#[test]
fn who_differs_is_not_let_in_or_is_found_after_a_compaction() {
    let flags = ["--compact-hash-check-enabled=true", "--compact-hash-check-time=200ms"];
    let mut cluster = Cluster::start(Plan::ours(3).with(&flags));
    let etcdctl = cluster.etcdctl();
    etcdctl.run(&["put", "a", std::str::from_utf8(VALUE).expect("text")]).ok();
    etcdctl.run(&["put", "b", "1"]).ok();
    let follower = (cluster.leader() + 1) % 3;
    let id = {
        let there = etcdctl.at(&[cluster.members[follower].client_url()]);
        // The last member may still lag behind: its file must have the value.
        assert_eq!(there.run(&["get", "b"]).ok(), "b\n1\n");
        let status = there.run(&["endpoint", "status", "-w", "json"]).json();
        status[0]["Status"]["header"]["member_id"].as_u64().expect("a number")
    };
    assert_eq!(cluster.members[follower].terminate(), Some(0));
    tamper(&cluster.members[follower].data_dir.join("member/snap/db"));

    let initial = cluster.initial();
    let member = &mut cluster.members[follower];
    member.flags.push("--experimental-initial-corrupt-check=true".into());
    member.start(&initial);
    assert_eq!(member.process().end().code(), Some(1));
    let said = member.process().said();
    assert!(said.contains("found data inconsistency with peer"), "{said}");

    member.flags.pop();
    member.start(&initial);
    cluster.serves();
    // As long as nothing is compacted nobody looks.
    let quiet = Instant::now() + Duration::from_secs(1);
    while Instant::now() < quiet {
        assert_eq!(etcdctl.run(&["alarm", "list"]).ok(), "");
    }
    etcdctl.run(&["compaction", "3"]).ok();
    let alarm = until("the alarm is raised", || {
        let alarms = etcdctl.run(&["alarm", "list"]).ok();
        (!alarms.is_empty()).then_some(alarms)
    });
    assert_eq!(alarm, format!("memberID:{id} alarm:CORRUPT \n"));
    let refused = etcdctl.run(&["put", "c", "1"]).refused();
    assert!(refused.contains("etcdserver: corrupt cluster"), "{refused}");
}
