//! What must not be done is refused, in a sentence, and harms nothing.

use conformance::{
    cluster::{Cluster, Plan},
    member::Member,
    process::Process,
    scratch::Scratch,
    until::until,
};
use std::process::Command;

/// Starts a process that must end by itself; answers with its exit code and what it said.
fn ends(mut process: Process) -> (Option<i32>, String) {
    let code = process.end().code();
    (code, process.said())
}

fn run(scratch: &Scratch, command: Command) -> (Option<i32>, String) {
    ends(Process::start(command, scratch.path().join("refused.log")))
}

#[test]
fn two_processes_on_one_data_directory() {
    let cluster = Cluster::start(Plan::ours(1));
    let mut second = Cluster::plan(Plan::ours(1)).members.remove(0);
    second.data_dir.clone_from(&cluster.members[0].data_dir);
    let initial = format!("m0={}", second.peer_url());
    let (code, said) = run(&cluster.scratch, second.command(&initial));
    assert_eq!(code, Some(1));
    assert!(said.contains("another process uses it"), "{said}");
    cluster.serves();
}

#[test]
fn a_port_that_is_taken() {
    let cluster = Cluster::start(Plan::ours(1));
    let mut second = Cluster::plan(Plan::ours(1)).members.remove(0);
    second.flags.push(format!("--listen-client-urls={}", cluster.members[0].client_url()));
    let initial = format!("m0={}", second.peer_url());
    let (code, said) = run(&cluster.scratch, second.command(&initial));
    assert_eq!(code, Some(1));
    assert!(said.contains("cannot listen on"), "{said}");
}

#[test]
fn a_member_nobody_added() {
    let cluster = Cluster::start(Plan::ours(1));
    let mut stranger = Cluster::plan(Plan::ours(1)).members.remove(0);
    stranger.name = "stranger".into();
    stranger.flags.push("--initial-cluster-state=existing".into());
    let initial = format!("{},stranger={}", cluster.initial(), stranger.peer_url());
    let (code, said) = run(&cluster.scratch, stranger.command(&initial));
    assert_eq!(code, Some(1));
    assert!(said.contains("is known to the cluster"), "{said}");
}

/// Who stands where a member should be but belongs to another cluster gets nothing and gives nothing.
#[test]
fn a_member_of_another_cluster() {
    let mut cluster = Cluster::start(Plan::ours(3));
    cluster.etcdctl().run(&["put", "a", "1"]).ok();
    cluster.members[2].kill();
    std::fs::remove_dir_all(&cluster.members[2].data_dir).expect("the directory can be removed");
    cluster.members[2].flags.push("--initial-cluster-token=another".into());
    cluster.start_all();
    until("the stranger hears why", || {
        let said = cluster.members[2].process().said();
        said.contains("cluster ID mismatch").then_some(())
    });
    let healthy: Vec<String> = cluster.members[..2].iter().map(Member::client_url).collect();
    let etcdctl = cluster.etcdctl().at(&healthy);
    assert_eq!(etcdctl.run(&["get", "a"]).ok(), "a\n1\n");
    let stranger = etcdctl.at(&[cluster.members[2].client_url()]);
    let answer = stranger.with("ETCDCTL_COMMAND_TIMEOUT", "1s").run(&["get", "a"]);
    assert!(!answer.succeeded() && answer.out.is_empty(), "{answer:?}");
}

#[test]
fn requests_that_are_too_large() {
    let cluster = Cluster::start(Plan::ours(1));
    let etcdctl = cluster.etcdctl();
    let refused = etcdctl.run_with(&["put", "big"], &"x".repeat(1_600_000)).refused();
    assert!(refused.contains("etcdserver: request is too large"), "{refused}");
    etcdctl.run_with(&["put", "fits"], &"x".repeat(1_500_000)).ok();
    assert_eq!(etcdctl.run(&["get", "fits", "--print-value-only"]).ok().len(), 1_500_001);
}

#[test]
fn a_full_quota_is_an_alarm_and_can_be_mended() {
    let cluster = Cluster::start(Plan::ours(3).with(&["--quota-backend-bytes=2000000"]));
    let etcdctl = cluster.etcdctl();
    let value = "x".repeat(300_000);
    let refused = until("the quota is full", || {
        let answer = etcdctl.run_with(&["put", "big"], &value);
        (!answer.succeeded()).then_some(answer.err)
    });
    assert!(refused.contains("etcdserver: mvcc: database space exceeded"), "{refused}");
    until("the alarm is raised", || {
        etcdctl.run(&["alarm", "list"]).ok().contains("alarm:NOSPACE").then_some(())
    });
    // Small writes are refused too, reads are not; health says why.
    etcdctl.run(&["put", "small", "1"]).refused();
    assert_eq!(etcdctl.run(&["get", "big", "--print-value-only"]).ok().len(), value.len() + 1);
    let (status, body) = conformance::http::get(cluster.members[0].client.number, "/health");
    assert_eq!((status, body.as_str()), (503, r#"{"health":"false","reason":"ALARM NOSPACE"}"#));
    let status = etcdctl.run(&["endpoint", "status", "-w", "json"]).json();
    let revision = status[0]["Status"]["header"]["revision"].to_string();
    etcdctl.run(&["compaction", &revision, "--physical"]).ok();
    etcdctl.run(&["defrag"]).ok();
    assert!(etcdctl.run(&["alarm", "disarm"]).ok().contains("alarm:NOSPACE"));
    assert_eq!(etcdctl.run(&["alarm", "list"]).ok(), "");
    until("there is room again", || etcdctl.run(&["put", "small", "1"]).succeeded().then_some(()));
}

fn etcd(args: &[&str], environment: &[(&str, &str)]) -> (Option<i32>, String) {
    let scratch = Scratch::new("flags");
    let mut command = Command::new(conformance::binaries::ours("etcd"));
    command.env_clear().envs(environment.iter().copied()).args(args).current_dir(scratch.path());
    run(&scratch, command)
}

#[test]
fn flags_that_make_no_sense() {
    for (args, text) in [
        (vec!["--no-such-flag"], "--no-such-flag"),
        (vec!["--snapshot-count=many"], "--snapshot-count"),
        (vec!["--initial-cluster-state=old"], "--initial-cluster-state"),
        (vec!["--listen-client-urls=localhost:1"], "URL scheme"),
        (vec!["--election-timeout=100"], "election"),
        (vec!["--config-file=/no/such/file"], "/no/such/file"),
        (vec!["stray"], "stray"),
    ] {
        let (code, said) = etcd(&args, &[]);
        assert!(code == Some(2) || code == Some(1), "{args:?}: {code:?}");
        assert!(said.contains(text), "{args:?}: {said}");
    }
    let (code, said) = etcd(&["--version"], &[]);
    assert!(code == Some(0) && said.contains("etcd"), "{said}");
    let (code, said) = etcd(&[], &[("ETCD_SNAPSHOT_COUNT", "many")]);
    assert!(code == Some(2) && said.contains("snapshot-count"), "{said}");
}

/// The same member from a YAML file, and from variables.
#[test]
fn settings_from_a_file_and_from_the_environment() {
    let mut cluster = Cluster::plan(Plan::ours(1));
    let member = &mut cluster.members[0];
    let (client, peer) = (member.client_url(), member.peer_url());
    let data_dir = member.data_dir.display().to_string();
    let settings = [
        ("name", "m0"),
        ("data-dir", data_dir.as_str()),
        ("listen-client-urls", client.as_str()),
        ("advertise-client-urls", client.as_str()),
        ("listen-peer-urls", peer.as_str()),
        ("initial-advertise-peer-urls", peer.as_str()),
    ];
    let lines = settings.iter().map(|(name, value)| format!("{name}: {value}\n"));
    let yaml = format!("{}initial-cluster: m0={peer}\nmax-txn-ops: 3\n", lines.collect::<String>());
    let file = cluster.scratch.write("etcd.yaml", yaml);
    let mut command = Command::new(conformance::binaries::ours("etcd"));
    command.env_clear().arg(format!("--config-file={file}"));
    member.process = Some(Process::start(command, cluster.scratch.path().join("file.log")));
    cluster.serves();
    let four = "\nput a 1\nput b 1\nput c 1\nput d 1\n\n\n";
    let refused = cluster.etcdctl().run_with(&["txn"], four).refused();
    assert!(refused.contains("too many operations in txn request"), "{refused}");
    assert_eq!(cluster.members[0].terminate(), Some(0));

    let mut command = Command::new(conformance::binaries::ours("etcd"));
    command.env_clear().env("ETCD_INITIAL_CLUSTER", format!("m0={peer}"));
    for (name, value) in settings {
        command.env(format!("ETCD_{}", name.to_uppercase().replace('-', "_")), value);
    }
    let log = cluster.scratch.path().join("environment.log");
    cluster.members[0].process = Some(Process::start(command, log));
    cluster.serves();
    cluster.etcdctl().run_with(&["txn"], four).ok();
}
