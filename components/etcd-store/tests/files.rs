//! Files: snapshots, defragmentation, leftovers, crash images, and the same input giving the same disk.

#![allow(clippy::unwrap_used)]

mod support;

use disk::SharedDisk;
use etcd_store::{Config, KeyRange, SnapshotReceiver, Store, StoreError, WatchSpec};
use host::{Defects, Disk, Open};
use support::{
    apply, at, compact, config, crash, delete, grant, host, new_disk, open, pairs, put, put_leased,
    rng, shared, text,
};

/// A store with some of everything, committed.
fn filled(disk: &SharedDisk) -> Store {
    let mut store = open(disk);
    apply(&mut store, grant(7));
    for key in 0..40 {
        apply(&mut store, put(&format!("k{key}"), &"v".repeat(key * 10)));
    }
    apply(&mut store, put_leased("leased", "v", 7));
    apply(&mut store, delete("k1", "k3"));
    apply(&mut store, compact(20));
    store.commit().unwrap();
    store
}

/// Carries a snapshot of `store` to another disk.
fn carry(store: &mut Store, from: &SharedDisk, to: &SharedDisk) -> u64 {
    let file = store.begin_snapshot().unwrap().run(from).unwrap();
    let index = file.position.index;
    let receiver = SnapshotReceiver::open(to, "data/snap", index, file.digest).unwrap();
    let mut buffer = [0; 1_000];
    let mut offset = receiver.received().unwrap();
    while offset < file.size {
        let read = file.read_at(offset, &mut buffer).unwrap();
        receiver.write(offset, &buffer[..read]).unwrap();
        offset += read as u64;
    }
    assert!(receiver.finish(to, &Defects::none()).unwrap());
    index
}

#[test]
fn an_installed_snapshot_is_the_sender_s_state() {
    let (from, to) = (new_disk(1), new_disk(2));
    let mut leader = filled(&from);
    let mut follower = open(&to);
    apply(&mut follower, put("old", "gone"));
    follower.commit().unwrap();
    let index = carry(&mut leader, &from, &to);
    // Jobs begun on the old file come home to the new one.
    apply(&mut follower, put("older", "gone"));
    let commit = follower.begin_commit().unwrap().unwrap();
    follower.install(index).unwrap();
    follower.end_commit(commit.run()).unwrap();
    assert_eq!(follower.applied(), leader.applied());
    assert_eq!(follower.hash().unwrap(), leader.hash().unwrap());
    assert_eq!(follower.lessor().keys(7).count(), 1);
    for store in [&mut leader, &mut follower] {
        apply(store, put("next", "1"));
        while store.compact_step(10) {}
    }
    assert_eq!(follower.hash_kv(0).unwrap(), leader.hash_kv(0).unwrap());
    crash(follower, &to);
    let again = open(&to);
    assert_eq!(again.applied().index, index);
    assert_eq!(to.list("data/snap").unwrap(), ["db", "owner"]);
}

#[test]
fn whoever_still_holds_a_closed_store_leaves_the_file_to_the_next() {
    for clean in [true, false] {
        let disk = new_disk(1);
        let mut old = filled(&disk);
        apply(&mut old, put("unwritten", "1"));
        let late = old.begin_commit().unwrap().unwrap();
        old.close(clean);
        let mut new = open(&disk);
        apply(&mut new, put("next", "1"));
        new.commit().unwrap();
        let (applied, hash) = (new.applied(), new.hash().unwrap());
        assert!(old.end_commit(late.run()).is_err());
        drop(old);
        crash(new, &disk);
        let again = open(&disk);
        assert_eq!((again.applied(), again.hash().unwrap()), (applied, hash));
    }
}

#[test]
fn a_snapshot_that_the_log_names_is_installed_at_start() {
    let (from, to) = (new_disk(1), new_disk(2));
    let mut leader = filled(&from);
    drop(open(&to));
    let index = carry(&mut leader, &from, &to);
    to.open("data/snap/db.tmp", Open::Create).unwrap();
    let config = Config { snapshot_index: index, ..config() };
    let store = Store::open(&host(&to, &Defects::none()), config).unwrap();
    assert_eq!(pairs(&store), pairs(&leader));
    assert_eq!(to.list("data/snap").unwrap(), ["db", "owner"]);
}

#[test]
fn watches_go_on_across_an_installed_snapshot() {
    let (from, to) = (new_disk(1), new_disk(2));
    let (mut leader, mut follower) = (open(&from), open(&to));
    for store in [&mut leader, &mut follower] {
        apply(store, put("a", "1"));
    }
    let (stream, mut receiver) = follower.open_stream();
    let range = KeyRange::new(&text("a"), &text("z"));
    let (no_put, no_delete, prev_kv) = (false, false, false);
    let spec = WatchSpec { id: 0, range, start_revision: 0, no_put, no_delete, prev_kv };
    follower.watch(stream, spec).unwrap();
    for request in [put("b", "2"), delete("a", ""), put("c", "3")] {
        apply(&mut leader, request);
    }
    leader.commit().unwrap();
    let index = carry(&mut leader, &from, &to);
    follower.install(index).unwrap();
    while follower.sync_watches().unwrap() {}
    apply(&mut follower, put("d", "4"));
    let heard = std::iter::from_fn(|| receiver.try_recv().ok()).flat_map(|message| message.events);
    let revisions: Vec<i64> =
        heard.map(|event| event.event().kv.as_ref().unwrap().mod_revision).collect();
    assert_eq!(revisions, [3, 4, 5, 6]);
}

/// The log begins with the snapshot before it is installed, so that a start finishes what a crash
/// interrupted.
#[test]
fn an_installation_survives_a_power_failure_anywhere() {
    let from = new_disk(1);
    let mut leader = filled(&from);
    for fuse in 0..60 {
        let to = new_disk(fuse);
        let mut follower = open(&to);
        apply(&mut follower, put("old", "gone"));
        follower.commit().unwrap();
        let index = carry(&mut leader, &from, &to);
        to.model().power_fails_after(fuse);
        let _ = follower.install(index);
        drop(follower);
        to.model().power_off();
        to.model().power_on();
        let config = Config { snapshot_index: index, ..config() };
        let again = Store::open(&host(&to, &Defects::none()), config).unwrap();
        assert_eq!(again.applied(), leader.applied(), "fuse {fuse}");
        assert_eq!(again.hash().unwrap(), leader.hash().unwrap(), "fuse {fuse}");
    }
}

/// Linux takes pages for clean after a failed sync: what the file shows is not what the disk holds.
#[test]
fn what_a_failed_sync_left_in_the_cache_is_made_durable_at_the_next_start() {
    for seed in 0..40 {
        let disk = new_disk(seed);
        let mut store = filled(&disk);
        for key in 0..40 {
            apply(&mut store, put(&format!("k{key}"), &"w".repeat(100)));
        }
        disk.model().faults.fail_syncs = 1;
        store.commit().unwrap_err();
        disk.model().faults.fail_syncs = 0;
        drop(store);
        let mut again = open(&disk);
        apply(&mut again, put("next", "1"));
        again.commit().unwrap();
        let (applied, hash) = (again.applied(), again.hash().unwrap());
        crash(again, &disk);
        let last = open(&disk);
        assert_eq!((last.applied(), last.hash().unwrap()), (applied, hash), "seed {seed}");
    }
}

#[test]
fn a_snapshot_whose_sync_failed_is_whole_after_the_second_attempt() {
    for seed in 0..20 {
        let (from, to) = (new_disk(1), new_disk(seed));
        let mut leader = filled(&from);
        drop(open(&to));
        let file = leader.begin_snapshot().unwrap().run(&from).unwrap();
        let index = file.position.index;
        let mut whole = vec![0; usize::try_from(file.size).unwrap()];
        file.read_at(0, &mut whole).unwrap();
        let receive = || SnapshotReceiver::open(&to, "data/snap", index, file.digest).unwrap();
        let receiver = receive();
        receiver.write(0, &whole).unwrap();
        to.model().faults.fail_syncs = 1;
        receiver.finish(&to, &Defects::none()).unwrap_err();
        let receiver = receive();
        assert_eq!(receiver.received().unwrap(), file.size);
        if !receiver.finish(&to, &Defects::none()).unwrap() {
            // The cache showed what was lost: the sender starts over.
            let receiver = receive();
            receiver.write(0, &whole).unwrap();
            assert!(receiver.finish(&to, &Defects::none()).unwrap());
        }
        to.model().power_off();
        to.model().power_on();
        let config = Config { snapshot_index: index, ..config() };
        let store = Store::open(&host(&to, &Defects::none()), config).unwrap();
        assert_eq!(store.hash().unwrap(), leader.hash().unwrap(), "seed {seed}");
    }
}

#[test]
fn a_spoilt_snapshot_is_refused_and_a_torn_one_resumed() {
    let disk = new_disk(1);
    let receiver = SnapshotReceiver::open(&disk, "data/snap", 5, [1; 32]).unwrap();
    receiver.write(0, b"half").unwrap();
    drop(receiver);
    let receiver = SnapshotReceiver::open(&disk, "data/snap", 5, [1; 32]).unwrap();
    assert_eq!(receiver.received().unwrap(), 4);
    assert!(!receiver.finish(&disk, &Defects::none()).unwrap());
    let mut store = open(&disk);
    assert!(matches!(store.install(5), Err(StoreError::Backend { .. })));
}

#[test]
fn defragmentation_keeps_everything_and_lets_entries_pass() {
    let disk = new_disk(1);
    let mut store = filled(&disk);
    while store.compact_step(100) {}
    apply(&mut store, put("before", "1"));
    let job = store.begin_defragment().unwrap();
    assert!(matches!(store.begin_defragment(), Err(StoreError::Busy)));
    apply(&mut store, put("meanwhile", "2"));
    assert!(store.begin_commit().unwrap().is_none());
    let (hash, size) = (store.hash_kv(0).unwrap(), store.size().unwrap());
    let done = job.run(&disk);
    store.end_defragment(&disk, done).unwrap();
    assert!(store.size().unwrap() <= size);
    assert_eq!(store.hash_kv(0).unwrap(), hash);
    let durable = store.durable_index();
    assert_eq!(durable + 1, store.applied().index);
    crash(store, &disk);
    let mut store = open(&disk);
    assert_eq!(store.applied().index, durable);
    apply(&mut store, put("meanwhile", "2"));
    assert_eq!(store.hash_kv(0).unwrap(), hash);
}

#[test]
fn a_stale_defragmentation_does_not_replace_a_snapshot() {
    let (from, to) = (new_disk(1), new_disk(2));
    let mut leader = filled(&from);
    let mut follower = open(&to);
    apply(&mut follower, put("old", "gone"));
    let index = carry(&mut leader, &from, &to);
    let done = follower.begin_defragment().unwrap().run(&to);
    follower.install(index).unwrap();
    assert_eq!(follower.end_defragment(&to, done), Err(StoreError::Replaced));
    drop(follower);
    assert_eq!(open(&to).hash().unwrap(), leader.hash().unwrap());
}

#[test]
fn a_failed_commit_is_final() {
    let disk = new_disk(1);
    let mut store = open(&disk);
    apply(&mut store, put("a", "1"));
    disk.model().power_off();
    let error = store.commit().unwrap_err();
    assert!(matches!(error, StoreError::Backend { .. }));
    disk.model().power_on();
    assert_eq!(store.commit(), Err(error.clone()));
    assert_eq!(store.begin_defragment().err(), Some(error));
    assert_eq!(store.durable_index(), 0);
}

/// The power fails at every few operations of commits and a defragmentation: whatever image is
/// left opens, at a commit's boundary, and is the state of that entry.
#[test]
fn every_image_of_a_crash_opens_with_whole_entries() {
    let total = 30;
    let mut hashes = vec![];
    let mut twin = open(&new_disk(9));
    hashes.push(twin.hash_kv(0).unwrap());
    for index in 1..=total {
        entry(&mut twin, index);
        hashes.push(twin.hash_kv(0).unwrap());
    }
    for fuse in (1..160).step_by(6) {
        let disk = new_disk(fuse);
        let mut store = open(&disk);
        disk.model().power_fails_after(fuse);
        let durable = run_until_power_fails(&mut store, &disk, total);
        drop(store);
        disk.model().power_off();
        disk.model().power_on();
        let store = open(&disk);
        let index = store.applied().index;
        assert!(index >= durable, "fuse {fuse}: {index} is less than {durable}");
        assert_eq!(store.hash_kv(0).unwrap(), hashes[index as usize], "fuse {fuse}");
    }
}

fn entry(store: &mut Store, index: u64) {
    assert_eq!(store.applied().index + 1, index);
    let key = format!("k{}", index % 7);
    let request = if index % 5 == 4 { delete(&key, "") } else { put(&key, &"v".repeat(900)) };
    apply(store, request);
}

fn run_until_power_fails(store: &mut Store, disk: &SharedDisk, total: u64) -> u64 {
    for index in 1..=total {
        entry(store, index);
        let result = match index {
            20 => store.begin_defragment().and_then(|job| {
                let done = job.run(disk);
                store.end_defragment(disk, done)
            }),
            _ if index % 3 == 0 => store.commit(),
            _ => Ok(()),
        };
        if result.is_err() {
            break;
        }
    }
    store.durable_index()
}

/// What a commit said is durable is in every image.
#[test]
fn every_image_after_a_commit_has_it() {
    let disk = new_disk(3);
    let mut store = open(&disk);
    for key in ["a", "b"] {
        apply(&mut store, put(key, "1"));
        store.commit().unwrap();
    }
    let images: Vec<_> = disk.model().crash_images(20, rng(1)).collect();
    for image in images {
        let store = open(&shared(image));
        assert_eq!(store.applied().index, 2);
        assert_eq!(pairs(&store).len(), 2);
    }
}

#[test]
fn the_same_entries_make_the_same_disk() {
    let run = || {
        let disk = new_disk(1);
        let mut store = filled(&disk);
        while store.compact_step(7) {}
        store.apply_empty(at(store.applied().index + 1)).unwrap();
        let done = store.begin_defragment().unwrap().run(&disk);
        store.end_defragment(&disk, done).unwrap();
        apply(&mut store, put("z", "z"));
        store.commit().unwrap();
        drop(store);
        let model = disk.model();
        (model.hash(), format!("{:?}", model.counts()))
    };
    assert_eq!(run(), run());
}
