//! Oracles that judge facts: a healthy cluster passes them all, and each has stories that break it.
//!
//! The stories are data: `facts/healthy.txt`, and `facts/broken.txt`, whose cases go on from there.

use std::collections::BTreeSet;

use oracles::{ALL, Broken, Fact, History, Judge, Observation, Record, Value, World};

const HEALTHY: &str = include_str!("facts/healthy.txt");
const BROKEN: &str = include_str!("facts/broken.txt");

/// Shows a story to an oracle, line by line, and ends the run.
fn judge(oracle: &mut dyn Judge, story: &str) -> Result<(), Broken> {
    let lines = story.lines().filter(|line| !line.is_empty() && !line.starts_with('#'));
    lines.into_iter().try_for_each(|line| show(oracle, line))?;
    oracle.observe(&Observation::History(&Record::new(&History::default())))?;
    oracle.finish()
}

fn show(oracle: &mut dyn Judge, line: &str) -> Result<(), Broken> {
    let mut words = line.split(' ');
    let at = words.next().and_then(|word| word.parse::<u64>().ok()).expect("milliseconds");
    let at = at * 1_000_000;
    let machine = words.next().expect("a machine");
    let name = words.next().expect("a fact");
    let event = match (machine, name) {
        ("world", "restored") => World::Restored,
        ("world", "healed") => World::Healed,
        ("world", "end") => World::End,
        (_, "wiped") => World::Wiped { machine },
        (_, "boot") => World::Boot { machine },
        (_, "crash") => World::Crash { machine, power: true },
        (_, "panic") => World::Panic { machine, text: "index out of bounds" },
        (_, "exit") => World::Exit { machine, text: "wal: crc mismatch", expected: false },
        _ => {
            let fields: Vec<(&str, Value<'_>)> = words.map(field).collect();
            return oracle.observe(&Observation::Fact(Fact { at, machine, name, fields: &fields }));
        }
    };
    oracle.observe(&Observation::World { at, event })
}

fn field(word: &str) -> (&str, Value<'_>) {
    let (name, value) = word.split_once('=').expect("name=value");
    let text = ["voters", "outgoing", "learners", "role"].contains(&name);
    match value.parse() {
        Ok(number) if !text => (name, Value::U64(number)),
        _ => (name, Value::Str(value)),
    }
}

/// `(oracle, title, lines)` of each case.
fn cases() -> impl Iterator<Item = (&'static str, &'static str, &'static str)> {
    BROKEN.split("\ncase ").skip(1).map(|case| {
        let (head, lines) = case.split_once('\n').expect("a head line");
        let (oracle, title) = head.split_once(": ").expect("oracle: title");
        (oracle, title, lines)
    })
}

#[test]
fn a_healthy_cluster_keeps_every_promise() {
    let story = format!("{HEALTHY}\n60000 world end");
    for entry in ALL {
        assert_eq!(judge(&mut *(entry.new)(), &story), Ok(()), "{}", entry.name);
    }
}

#[test]
fn a_snapshot_may_overtake_what_is_being_applied() {
    let story = "0 n1 boot\n1 n1 raft/start id=1 term=1 vote=0 commit=4 index=4\n\
        2 n1 etcd/apply index=4 term=1 entry=4 revision=2\n\
        3 n1 raft/snapshot index=7 term=1\n4 n1 raft/log index=8 term=1 entry=8\n\
        5 n1 raft/snapshot index=12 term=1\n6 n1 etcd/apply index=8 term=1 entry=8 revision=3\n\
        7 n1 etcd/apply index=13 term=1 entry=13 revision=4";
    let oracle = ALL.iter().find(|entry| entry.name == "raft_commit_monotonic");
    let mut oracle = (oracle.expect("it is in the table").new)();
    assert_eq!(judge(&mut *oracle, story), Ok(()));
}

#[test]
fn a_restored_cluster_begins_its_log_anew() {
    let later = |line: &str| {
        let (at, rest) = line.split_once(' ').expect("milliseconds first");
        // Other entries at the same places.
        let rest = rest.replace("entry=", "entry=9");
        format!("{} {rest}\n", at.parse::<u64>().expect("milliseconds") + 20_000)
    };
    let lines = HEALTHY.lines().filter(|line| !line.is_empty() && !line.starts_with('#'));
    let again: String = lines.map(later).collect();
    let wiped = "19000 n1 wiped\n19000 n2 wiped\n19000 n3 wiped\n";
    let story = format!("{HEALTHY}\n{wiped}19000 world restored\n{again}60000 world end");
    for entry in ALL {
        assert_eq!(judge(&mut *(entry.new)(), &story), Ok(()), "{}", entry.name);
    }
    let story = format!("{HEALTHY}\n{wiped}{again}60000 world end");
    let objects = |entry: &oracles::Entry| judge(&mut *(entry.new)(), &story).is_err();
    assert!(ALL.iter().any(objects), "emptied disks alone excuse nothing");
}

#[test]
fn a_disk_that_is_taken_away_had_what_it_promised() {
    let story = "7000 n2 raft/log index=4 term=2 entry=204
7001 n3 raft/log index=4 term=2 entry=204
7002 n3 wal/durable index=4 term=2 vote=2 commit=3
7003 n3 raft/ack to=2 term=2 index=4
7004 n3 wiped
7005 n2 wal/durable index=4 term=2 vote=2 commit=3
7006 n2 etcd/apply index=4 term=2 entry=204 revision=3
7007 n2 etcd/ack index=4 revision=3";
    let entry = ALL.iter().find(|entry| entry.name == "durable_writes").expect("an oracle");
    assert_eq!(judge(&mut *(entry.new)(), &format!("{HEALTHY}\n{story}")), Ok(()));
    let synced = "7002 n3 wal/durable index=4 term=2 vote=2 commit=3\n";
    let kept_by_one = story.replace(synced, "");
    assert!(judge(&mut *(entry.new)(), &format!("{HEALTHY}\n{kept_by_one}")).is_err());
}

#[test]
fn a_sync_that_ends_late_is_not_of_what_replaced_its_entries() {
    let replaced = "7000 n3 raft/log index=4 term=2 entry=204
7001 n3 raft/log index=5 term=2 entry=205
7002 n3 raft/state term=3 role=follower leader=1
7003 n3 raft/log index=4 term=3 entry=304
7004 n3 wal/durable index=5 log_term=2 term=3 vote=0 commit=3";
    let entry = ALL.iter().find(|entry| entry.name == "durable_promises").expect("an oracle");
    let verdict =
        |story: &str| judge(&mut *(entry.new)(), &format!("{HEALTHY}\n{replaced}\n{story}"));
    let start = |index| {
        let start = format!("raft/start id=3 term=3 vote=0 commit=3 index={index}");
        format!("7005 n3 crash\n7006 n3 boot\n7007 n3 {start}")
    };
    assert_eq!(verdict(&start(4)), Ok(()), "the replacing entry came through");
    assert_eq!(verdict(&start(5)), Ok(()), "it did not");
    assert!(verdict(&start(2)).is_err(), "nobody replaced the entry 3");
    assert!(verdict("7005 n3 raft/ack to=1 term=3 index=4").is_err(), "its own sync is to come");
    assert_eq!(verdict("7005 n3 raft/ack to=2 term=2 index=5"), Ok(()), "it was on the disk");
}

#[test]
fn every_broken_story_is_caught_by_its_oracle() {
    for (name, title, lines) in cases() {
        let entry = ALL.iter().find(|entry| entry.name == name).expect("an oracle of the table");
        let verdict = judge(&mut *(entry.new)(), &format!("{HEALTHY}\n{lines}"));
        let broken = verdict.expect_err(title);
        assert_eq!(broken.oracle, name);
        assert!(
            broken.at >= 6_000_000_000 || broken.at == 0,
            "{title}: caught too early: {broken}"
        );
    }
}

#[test]
fn every_oracle_of_facts_has_a_broken_story() {
    // Those that judge histories have their own tests.
    let by_history = [
        "kv_",
        "watch_",
        "lease_lives",
        "lease_time_to_live",
        "lease_listed",
        "auth_",
        "alarms_",
        "hash_kv_",
        "members_current",
        "snapshot_whole",
        "object_",
        "estate_",
        "parts_apart",
        "fields_owned",
        "quota_held",
        "services_",
        "webhooks_asked",
        "informer_faithful",
        "one_leader",
        "mutual_exclusion",
        "fencing",
    ];
    let told: BTreeSet<&str> = cases().map(|(oracle, ..)| oracle).collect();
    for entry in ALL {
        let elsewhere = by_history.iter().any(|prefix| entry.name.starts_with(prefix));
        assert!(elsewhere || told.contains(entry.name), "{}", entry.name);
    }
}

#[test]
fn a_fact_without_its_fields_is_reported() {
    let mut oracle = (ALL.iter().find(|e| e.name == "raft_vote_once").expect("listed").new)();
    let broken = show(&mut *oracle, "1 n1 raft/start id=1").expect_err("fields are missing");
    assert!(broken.text.contains("has no proper field"), "{broken}");
}
