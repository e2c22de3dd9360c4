//! Processes die and come back, and nothing that was acknowledged is lost.

use conformance::{
    cluster::{Cluster, Plan},
    etcdctl::Etcdctl,
    member::Member,
    process::Process,
    until::until,
};
use std::{
    sync::atomic::{AtomicBool, Ordering},
    thread,
    time::{Duration, Instant},
};

/// Puts keys one after another until told to stop; answers with those that were acknowledged.
fn put_until(stop: &AtomicBool, etcdctl: &Etcdctl, writer: usize) -> Vec<String> {
    let mut acknowledged = Vec::new();
    for number in 0.. {
        if stop.load(Ordering::Relaxed) {
            break;
        }
        let key = format!("load/{writer}/{number}");
        if etcdctl.run(&["put", &key, &key]).succeeded() {
            acknowledged.push(key);
        }
    }
    acknowledged
}

/// Says stop when dropped, also by a failed assertion: the writers must end before their scope does.
struct StopAtEnd<'a>(&'a AtomicBool);

impl Drop for StopAtEnd<'_> {
    fn drop(&mut self) {
        self.0.store(true, Ordering::Relaxed);
    }
}

/// Every acknowledged key, with its own name as its value.
fn holds(cluster: &Cluster, acknowledged: &[String]) {
    let etcdctl = cluster.etcdctl();
    let text = etcdctl.run(&["get", "load/", "--prefix", "--print-value-only"]).ok();
    let there: std::collections::BTreeSet<&str> = text.lines().collect();
    let lost: Vec<_> = acknowledged.iter().filter(|key| !there.contains(key.as_str())).collect();
    assert!(lost.is_empty(), "{} of {} lost: {lost:?}", lost.len(), acknowledged.len());
}

fn survives_kills_under_load(plan: Plan) {
    let mut cluster = Cluster::start(plan);
    let stop = AtomicBool::new(false);
    let etcdctl = cluster.etcdctl().with("ETCDCTL_COMMAND_TIMEOUT", "3s");
    let acknowledged = thread::scope(|scope| {
        let (stop, etcdctl) = (&stop, &etcdctl);
        let writers: Vec<_> =
            (0..3).map(|at| scope.spawn(move || put_until(stop, etcdctl, at))).collect();
        let stop_at_end = StopAtEnd(stop);
        let count = || etcdctl.run(&["get", "load/", "--prefix", "--print-value-only"]).out;
        let several = |more: usize| {
            let base = count().lines().count();
            until("writes go on", || (count().lines().count() >= base + more).then_some(()));
        };
        several(20);
        let leader = cluster.leader();
        cluster.members[leader].kill();
        several(20);
        cluster.start_all();
        cluster.serves();
        let leader = cluster.leader();
        cluster.members[leader].kill();
        several(20);
        // All at once, in the middle of it.
        for member in &mut cluster.members {
            if member.process.is_some() {
                member.kill();
            }
        }
        drop(stop_at_end);
        let lists = writers.into_iter().map(|writer| writer.join().expect("a writer"));
        lists.collect::<Vec<_>>().concat()
    });
    cluster.start_all();
    cluster.serves();
    assert!(acknowledged.len() >= 60, "only {} puts", acknowledged.len());
    holds(&cluster, &acknowledged);
}

#[test]
fn a_killed_leader_and_a_killed_cluster_lose_nothing() {
    survives_kills_under_load(Plan::ours(3).with_tls());
}

/// Streams that would never end by themselves do not hold a member up, and go on at another one.
#[test]
fn sigterm_ends_a_member_at_once_and_its_streams_go_on_elsewhere() {
    let mut cluster = Cluster::start(Plan::ours(3).with_tls());
    let leader = cluster.leader();
    let etcdctl = cluster.etcdctl();
    etcdctl.run(&["put", "a", "1"]).ok();
    // The client keeps to its first endpoint for as long as it can.
    let mut urls: Vec<_> = cluster.members.iter().map(Member::client_url).collect();
    urls.swap(0, leader);
    let log = cluster.scratch.path().join("watch.log");
    let start = |args: &[&str], log: &std::path::Path| {
        Process::start(etcdctl.at(&urls).command(args), log.to_path_buf())
    };
    let watch = start(&["watch", "a", "--rev=1"], &log);
    let _holder = start(&["lock", "door"], &cluster.scratch.path().join("lock.log"));
    let _waiter = start(&["lock", "door"], &cluster.scratch.path().join("wait.log"));
    let _elected = start(&["elect", "chair", "me"], &cluster.scratch.path().join("elect.log"));
    until("the watch stands", || watch.said().contains("1\n").then_some(()));
    let locks = || etcdctl.run(&["get", "door", "--prefix", "--keys-only"]).out;
    until("both wait for the lock", || (locks().split_whitespace().count() == 2).then_some(()));

    let before = Instant::now();
    assert_eq!(cluster.members[leader].terminate(), Some(0));
    let took = before.elapsed();
    assert!(took < Duration::from_secs(3), "it took {took:?}");
    let others = urls[1..].to_vec();
    etcdctl.at(&others).run(&["put", "a", "2"]).ok();
    until("the watch goes on", || watch.said().ends_with("PUT\na\n2\n").then_some(()));
    assert_eq!(watch.said(), "PUT\na\n1\nPUT\na\n2\n", "nothing twice, nothing lost");
    cluster.start_all();
    cluster.serves();
    assert_eq!(cluster.etcdctl().run(&["get", "a"]).ok(), "a\n2\n");
}

fn hash_of(cluster: &Cluster, member: &Member) -> u64 {
    let etcdctl = cluster.etcdctl().at(&[member.client_url()]);
    let answer = etcdctl.run(&["endpoint", "hashkv", "-w", "json"]).json();
    answer[0]["HashKV"]["hash"].as_u64().unwrap_or_default()
}

#[test]
fn a_member_that_missed_a_compaction_of_the_log_catches_up_by_snapshot() {
    let plan = Plan::ours(3).with(&["--snapshot-count=20", "--snapshot-catchup-entries=5"]);
    let mut cluster = Cluster::start(plan);
    let follower = (cluster.leader() + 1) % 3;
    cluster.members[follower].kill();
    let etcdctl = cluster.etcdctl();
    for number in 0..60 {
        etcdctl.run(&["put", &format!("key{number}"), "value"]).ok();
    }
    cluster.start_all();
    cluster.serves();
    let said = cluster.members[follower].process().said();
    assert!(said.contains("installing a snapshot"), "no snapshot was sent:\n{said}");
    let others = hash_of(&cluster, &cluster.members[(follower + 1) % 3]);
    assert_eq!(hash_of(&cluster, &cluster.members[follower]), others);
    // What came by snapshot is there after a restart too.
    cluster.members[follower].kill();
    cluster.start_all();
    cluster.serves();
    assert_eq!(hash_of(&cluster, &cluster.members[follower]), others);
}

#[test]
fn members_come_and_go() {
    let mut cluster = Cluster::start(Plan::ours(1));
    cluster.etcdctl().run(&["put", "a", "1"]).ok();
    let etcdctl = cluster.etcdctl();
    for (name, learner) in [("voter", false), ("learner", true)] {
        let mut member = Cluster::plan(Plan::ours(1)).members.remove(0);
        member.name = name.into();
        member.data_dir = cluster.scratch.path().join(name);
        member.flags.push("--initial-cluster-state=existing".into());
        let url = format!("--peer-urls={}", member.peer_url());
        let mut add = vec!["member", "add", name, &url];
        add.extend(learner.then_some("--learner"));
        let before = cluster.initial();
        until("the member can be added", || etcdctl.run(&add).succeeded().then_some(()));
        member.start(&format!("{before},{name}={}", member.peer_url()));
        cluster.members.push(member);
        let here = etcdctl.at(&[cluster.members[cluster.members.len() - 1].client_url()]);
        until("the new member has the data", || {
            let answer = here.run(&["get", "a", "--consistency=s"]);
            (answer.out == "a\n1\n").then_some(())
        });
    }
    // A member is listed under its name once it has published it, which follows its start.
    let id = until("it is listed by its name", || {
        let list = etcdctl.run(&["member", "list"]).ok();
        let line = list.lines().find(|line| line.contains("learner"))?;
        line.split(',').next().map(str::to_owned)
    });
    let there = etcdctl.at(&[cluster.members[2].client_url()]);
    let refused = there.run(&["get", "a"]).refused();
    assert!(refused.contains("rpc not supported for learner"), "{refused}");
    until("the learner is promoted", || {
        etcdctl.run(&["member", "promote", &id]).succeeded().then_some(())
    });
    cluster.serves();
    until("it is removed", || etcdctl.run(&["member", "remove", &id]).succeeded().then_some(()));
    let process = cluster.members[2].process();
    process.end();
    let said = process.said();
    assert!(said.contains("permanently removed from the cluster"), "{said}");
    cluster.members.truncate(2);
    cluster.serves();
}
