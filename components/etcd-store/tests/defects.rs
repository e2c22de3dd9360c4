//! Each deliberate bug does the harm it is there for, and its absence does none.

#![cfg(feature = "defects")]
#![allow(clippy::unwrap_used)]

mod support;

use disk::SharedDisk;
use etcd_api::{
    etcdserverpb::{AlarmRequest, AuthUserAddRequest},
    internal::internal_request::Request,
};
use etcd_store::{ALL_WATCHES, KeyRange, SnapshotReceiver, Store, WatchMessage, WatchSpec};
use host::{Defects, Disk, Open};
use support::{apply, compact, crash, delete, new_disk, open_with, pairs, put, text};
use tokio::sync::mpsc::Receiver;

/// Runs a story with the bug and without it: it must tell the two apart.
fn differs(name: &str, story: impl Fn(&Defects) -> bool) {
    assert!(story(&Defects::none()), "{name} is suspected without cause");
    assert!(!story(&Defects::named([name])), "{name} does no harm");
}

/// A restarted member that applies the entries it does not know as applied.
fn restart_and_replay(store: Store, disk: &SharedDisk, log: &[Request]) -> Store {
    crash(store, disk);
    let mut store = open_with(disk, &Defects::none());
    let from = usize::try_from(store.applied().index).unwrap();
    for request in &log[from..] {
        apply(&mut store, request.clone());
    }
    store
}

fn watch(store: &mut Store, start_revision: i64) -> Receiver<WatchMessage> {
    let (stream, receiver) = store.open_stream();
    let range = KeyRange::new(&text("a"), &text("z"));
    let (no_put, no_delete, prev_kv) = (false, false, false);
    let spec = WatchSpec { id: 0, range, start_revision, no_put, no_delete, prev_kv };
    store.watch(stream, spec).unwrap();
    receiver
}

#[test]
fn e01_the_index_is_committed_without_its_entry() {
    differs("E01", |defects| {
        let disk = new_disk(1);
        let mut store = open_with(&disk, defects);
        let log = [put("a", "1"), put("b", "2")];
        log.iter().for_each(|request| drop(apply(&mut store, request.clone())));
        store.commit().unwrap();
        pairs(&restart_and_replay(store, &disk, &log)).len() == 2
    });
}

#[test]
fn e03a_a_defragmentation_commits_without_the_index() {
    differs("E03a", |defects| {
        let disk = new_disk(1);
        let mut store = open_with(&disk, defects);
        let log = [put("a", "1"), put("a", "2")];
        log.iter().for_each(|request| drop(apply(&mut store, request.clone())));
        let done = store.begin_defragment().unwrap().run(&disk);
        store.end_defragment(&disk, done).unwrap();
        restart_and_replay(store, &disk, &log).revision() == 3
    });
}

fn carry(leader: &mut Store, from: &SharedDisk, to: &SharedDisk, defects: &Defects) -> u64 {
    let file = leader.begin_snapshot().unwrap().run(from).unwrap();
    let mut bytes = vec![0; usize::try_from(file.size).unwrap()];
    file.read_at(0, &mut bytes).unwrap();
    let index = file.position.index;
    let receiver = SnapshotReceiver::open(to, "data/snap", index, file.digest).unwrap();
    receiver.write(0, &bytes).unwrap();
    assert!(receiver.finish(to, defects).unwrap());
    index
}

/// A leader with `puts` entries, committed.
fn leader(disk: &SharedDisk, puts: usize) -> Store {
    let mut leader = open_with(disk, &Defects::none());
    for _ in 0..puts {
        apply(&mut leader, put("a", "leader"));
    }
    leader.commit().unwrap();
    leader
}

#[test]
fn e03b_the_old_index_is_written_over_the_snapshot_s() {
    differs("E03b", |defects| {
        let (from, to) = (new_disk(1), new_disk(2));
        let mut leader = leader(&from, 3);
        let mut store = open_with(&to, defects);
        let index = carry(&mut leader, &from, &to, defects);
        store.install(index).unwrap();
        store.applied().index == index
    });
}

#[test]
fn e03c_and_e04a_entries_do_not_move_the_index() {
    let user = AuthUserAddRequest {
        name: "u".to_owned(),
        hashed_password: "x".to_owned(),
        ..AuthUserAddRequest::default()
    };
    for (name, request) in
        [("E03c", Request::Alarm(AlarmRequest::default())), ("E04a", Request::AuthUserAdd(user))]
    {
        differs(name, |defects| {
            let disk = new_disk(1);
            let mut store = open_with(&disk, defects);
            apply(&mut store, put("a", "1"));
            apply(&mut store, request.clone());
            store.commit().unwrap();
            crash(store, &disk);
            open_with(&disk, &Defects::none()).applied().index == 2
        });
    }
}

#[test]
fn e06_a_revision_is_used_twice_after_a_crash_in_a_compaction() {
    differs("E06", |defects| {
        let disk = new_disk(1);
        let mut store = open_with(&disk, defects);
        for request in [put("a", "1"), put("b", "1"), delete("b", ""), compact(4)] {
            apply(&mut store, request);
        }
        // The rows are deleted, the mark of completion is not written.
        store.compact_step(100);
        store.commit().unwrap();
        crash(store, &disk);
        open_with(&disk, defects).revision() == 4
    });
}

#[test]
fn e07_a_deletion_is_never_heard_of() {
    differs("E07", |defects| {
        let mut store = open_with(&new_disk(1), defects);
        for request in [put("a", "1"), delete("a", ""), put("b", "1"), compact(3)] {
            apply(&mut store, request);
        }
        while store.compact_step(100) {}
        let mut receiver = watch(&mut store, 3);
        store.sync_watches().unwrap();
        receiver.try_recv().unwrap().events.len() == 2
    });
}

#[test]
fn e09_a_starved_watch_skips_what_was_compacted() {
    differs("E09", |defects| {
        let mut store = open_with(&new_disk(1), defects);
        let mut receiver = watch(&mut store, 0);
        for _ in 0..10 {
            apply(&mut store, put("a", "1"));
        }
        apply(&mut store, compact(10));
        while store.compact_step(100) {}
        // The victim is given back its message, and the buffer is full once more.
        receiver.try_recv().unwrap();
        store.sync_watches().unwrap();
        store.sync_watches().unwrap();
        let mut ended = false;
        for _ in 0..10 {
            while let Ok(message) = receiver.try_recv() {
                ended |= message.compact_revision > 0;
            }
            store.sync_watches().unwrap();
        }
        ended
    });
}

#[test]
fn e12_progress_runs_ahead() {
    differs("E12", |defects| {
        let mut store = open_with(&new_disk(1), defects);
        apply(&mut store, put("a", "1"));
        let mut receiver = watch(&mut store, 2);
        // The first stream that was opened.
        store.request_progress(1);
        store.sync_watches().unwrap();
        receiver.try_recv().unwrap().id != ALL_WATCHES
    });
}

#[test]
fn e14a_a_second_snapshot_takes_the_first_away() {
    differs("E14a", |defects| {
        let (from, to) = (new_disk(1), new_disk(2));
        let mut leader = leader(&from, 2);
        let mut store = open_with(&to, defects);
        let first = carry(&mut leader, &from, &to, defects);
        apply(&mut leader, put("a", "later"));
        leader.commit().unwrap();
        carry(&mut leader, &from, &to, defects);
        store.install(first).is_ok()
    });
}

#[test]
fn e14b_a_defragmentation_brings_the_old_file_back() {
    differs("E14b", |defects| {
        let (from, to) = (new_disk(1), new_disk(2));
        let mut leader = leader(&from, 3);
        let mut store = open_with(&to, defects);
        apply(&mut store, put("old", "1"));
        let done = store.begin_defragment().unwrap().run(&to);
        let index = carry(&mut leader, &from, &to, defects);
        store.install(index).unwrap();
        let _ = store.end_defragment(&to, done);
        drop(store);
        open_with(&to, &Defects::none()).applied().index == index
    });
}

#[test]
fn e14c_a_leftover_of_a_defragmentation_is_merged() {
    differs("E14c", |defects| {
        let disk = new_disk(1);
        let mut store = open_with(&disk, defects);
        apply(&mut store, put("a", "1"));
        // As a defragmentation leaves it that crashed before its end, in the same process.
        let done = store.begin_defragment().unwrap().run(&disk);
        drop(done);
        let bytes = disk.model().contents("data/snap/db.tmp").unwrap();
        let mut store = open_with(&disk, defects);
        for request in [delete("a", ""), compact(3), put("b", "1"), compact(4)] {
            apply(&mut store, request);
        }
        while store.compact_step(100) {}
        let leftover = disk.open("data/snap/db.tmp", Open::Truncate).unwrap();
        leftover.write_at(0, &bytes).unwrap();
        let hash = store.hash_kv(0).unwrap();
        let done = store.begin_defragment().unwrap().run(&disk);
        store.end_defragment(&disk, done).unwrap();
        store.hash_kv(0).unwrap() == hash && store.hash().unwrap() == expected_hash()
    });
}

/// The hash of all rows of a file that was never defragmented.
fn expected_hash() -> u32 {
    let mut store = open_with(&new_disk(7), &Defects::none());
    for request in [put("a", "1"), delete("a", ""), compact(3), put("b", "1"), compact(4)] {
        apply(&mut store, request);
    }
    while store.compact_step(100) {}
    store.hash().unwrap()
}
