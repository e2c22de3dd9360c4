//! `etcdctl snapshot save`, then a new cluster made of the file by our `etcdutl`.

use conformance::{
    binaries,
    cluster::{Cluster, Plan},
    until::until,
};
use std::process::{Command, Output};

fn etcdutl(args: &[&str]) -> Output {
    Command::new(binaries::ours("etcdutl")).args(args).output().expect("etcdutl can be started")
}

fn printed(args: &[&str]) -> String {
    let done = etcdutl(args);
    assert!(done.status.success(), "{args:?}: {}", String::from_utf8_lossy(&done.stderr));
    String::from_utf8_lossy(&done.stdout).into_owned()
}

fn refusal(args: &[&str]) -> String {
    let done = etcdutl(args);
    assert!(!done.status.success(), "{args:?}: {}", String::from_utf8_lossy(&done.stdout));
    String::from_utf8_lossy(&done.stderr).into_owned()
}

fn restore(file: &str, cluster: &Cluster, further: &[&str]) {
    for member in &cluster.members {
        let flags = [
            format!("--data-dir={}", member.data_dir.display()),
            format!("--name={}", member.name),
            format!("--initial-cluster={}", cluster.initial()),
            format!("--initial-advertise-peer-urls={}", member.peer_url()),
        ];
        let mut args = vec!["snapshot", "restore", file];
        args.extend(flags.iter().map(String::as_str));
        args.extend(further);
        let done = etcdutl(&args);
        assert!(done.status.success(), "{}", String::from_utf8_lossy(&done.stderr));
        // A second time there is something already.
        let again = etcdutl(&args);
        let said = String::from_utf8_lossy(&again.stderr).into_owned();
        assert!(!again.status.success() && said.contains("not empty"), "{said}");
    }
}

fn revision(cluster: &Cluster) -> i64 {
    let answer = cluster.etcdctl().run(&["get", "nobody", "-w", "json"]).json();
    answer["header"]["revision"].as_i64().unwrap_or_default()
}

#[test]
fn a_snapshot_becomes_a_cluster_that_can_grow() {
    let old = Cluster::start(Plan::ours(1));
    for number in 0..20 {
        old.etcdctl().run(&["put", &format!("key{number}"), "value"]).ok();
    }
    let file = old.scratch.file("snapshot.db");
    old.etcdctl().run(&["snapshot", "save", &file]).ok();
    old.etcdctl().run(&["put", "after", "1"]).ok();

    let status = etcdutl(&["snapshot", "status", &file, "-w", "json"]);
    let status: serde_json::Value = serde_json::from_slice(&status.stdout).expect("JSON");
    assert_eq!(status["revision"], 21, "{status}");
    assert!(status["totalKey"].as_u64() >= Some(20), "{status}");
    let length = std::fs::metadata(&file).expect("the file is there").len();
    assert_eq!(status["totalSize"], length);

    let mut new = Cluster::plan(Plan::ours(3));
    restore(&file, &new, &["--bump-revision=1000", "--mark-compacted"]);
    new.start_all();
    new.serves();
    let etcdctl = new.etcdctl();
    assert_eq!(etcdctl.run(&["get", "key7"]).ok(), "key7\nvalue\n");
    assert_eq!(etcdctl.run(&["get", "after"]).ok(), "");
    assert_eq!(etcdctl.run(&["member", "list"]).ok().lines().count(), 3);
    assert_eq!(
        etcdctl.run(&["get", "", "--prefix", "--keys-only"]).ok().split_whitespace().count(),
        20
    );
    assert_eq!(revision(&new), 1021);
    let compacted = etcdctl.run(&["get", "key7", "--rev=21"]).refused();
    assert!(compacted.contains("required revision has been compacted"), "{compacted}");

    // A fourth member gets what came with the snapshot, which no log has.
    let mut fourth = Cluster::plan(Plan::ours(1)).members.remove(0);
    fourth.name = "fourth".into();
    fourth.data_dir = new.scratch.path().join("fourth");
    fourth.flags.push("--initial-cluster-state=existing".into());
    let url = format!("--peer-urls={}", fourth.peer_url());
    let add = ["member", "add", "fourth", &url];
    until("a member can be added", || etcdctl.run(&add).succeeded().then_some(()));
    fourth.start(&format!("{},fourth={}", new.initial(), fourth.peer_url()));
    let here = etcdctl.at(&[fourth.client_url()]);
    until("the fourth member has the data", || {
        (here.run(&["get", "key7", "--consistency=s"]).out == "key7\nvalue\n").then_some(())
    });
    new.members.push(fourth);
    // And everything outlives a power cut of all.
    new.members.iter_mut().for_each(conformance::member::Member::kill);
    new.start_all();
    new.serves();
    assert_eq!(new.etcdctl().run(&["get", "key7"]).ok(), "key7\nvalue\n");
}

#[test]
fn a_damaged_snapshot_is_refused() {
    let cluster = Cluster::start(Plan::ours(1));
    cluster.etcdctl().run(&["put", "a", "1"]).ok();
    let file = cluster.scratch.file("snapshot.db");
    cluster.etcdctl().run(&["snapshot", "save", &file]).ok();
    let mut bytes = std::fs::read(&file).expect("the file is there");
    bytes[5000] ^= 1;
    let damaged = cluster.scratch.write("damaged.db", &bytes);
    let cut = cluster.scratch.write("cut.db", &bytes[..bytes.len() - 32]);
    for (file, text) in [
        (damaged.as_str(), "expected sha256"),
        (cut.as_str(), "snapshot missing hash"),
        ("/no/such/file", "/no/such/file"),
    ] {
        let data_dir = format!("--data-dir={}", cluster.scratch.file("refused"));
        let done = etcdutl(&["snapshot", "restore", file, &data_dir]);
        let said = String::from_utf8_lossy(&done.stderr).into_owned();
        assert!(!done.status.success() && said.contains(text), "{said}");
        // Upstream, too, leaves what it had begun; nothing starts on it.
        let _ = std::fs::remove_dir_all(cluster.scratch.file("refused"));
    }
}

#[test]
fn etcdutl_hashes_and_defragments_what_no_member_uses() {
    let mut cluster = Cluster::start(Plan::ours(1));
    let etcdctl = cluster.etcdctl();
    let value = "x".repeat(100_000);
    for _ in 0..30 {
        etcdctl.run_with(&["put", "big"], &value).ok();
    }
    etcdctl.run(&["put", "small", "1"]).ok();
    etcdctl.run(&["compaction", "31", "--physical"]).ok();
    let answer = etcdctl.run(&["endpoint", "hashkv", "-w", "json"]).json();
    let hash = answer[0]["HashKV"]["hash"].clone();
    let snapshot = cluster.scratch.file("snapshot.db");
    etcdctl.run(&["snapshot", "save", &snapshot]).ok();
    let data_dir = cluster.members[0].data_dir.display().to_string();
    let defragment = ["defrag", "--data-dir", &data_dir];
    let busy = refusal(&defragment);
    assert!(busy.contains("Failed to defragment") && busy.contains("another process"), "{busy}");
    assert_eq!(cluster.members[0].terminate(), Some(0));

    let database = format!("{data_dir}/member/snap/db");
    let length = || std::fs::metadata(&database).expect("the file is there").len();
    let before = length();
    assert_eq!(printed(&defragment), "");
    assert!(length() < before / 4, "{before} bytes are now {}", length());
    for file in [&snapshot, &database] {
        assert_eq!(printed(&["hashkv", file]), format!("{hash}, 32, 31\n"));
    }
    let json = format!("{{\"hash\":{hash},\"hashRevision\":32,\"compactRevision\":31}}\n");
    assert_eq!(printed(&["hashkv", &snapshot, "-w", "json"]), json);
    let table = printed(&["-w", "table", "hashkv", &snapshot, "--rev", "31"]);
    assert!(table.contains("| HASH REVISION | COMPACT REVISION |"), "{table}");
    let compacted = refusal(&["hashkv", &snapshot, "--rev=30"]);
    assert!(compacted.contains("required revision has been compacted"), "{compacted}");
    assert!(refusal(&["hashkv", "/no/such/file"]).contains("/no/such/file"));
    assert!(refusal(&["defrag", "--data-dir", "/no/such/dir"]).contains("/no/such/dir"));

    cluster.start_all();
    cluster.serves();
    assert_eq!(cluster.etcdctl().run(&["get", "small"]).ok(), "small\n1\n");
}
