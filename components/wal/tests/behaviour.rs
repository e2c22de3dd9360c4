//! What a log gives back, and what it refuses.

#![allow(clippy::unwrap_used)]

mod support;

use disk::{PowerLost, Process};
use host::{Defects, Disk, Open};
use raft::types::{Entry, EntryId, EntryKind};
use support::*;
use wal::{SnapshotMark, Wal, WalError, exists, snapshot_marks};

fn entries(range: std::ops::RangeInclusive<u64>, size: usize) -> Vec<Entry> {
    range.map(|index| entry(1, index, size)).collect()
}

#[test]
fn what_was_saved_is_read_back() {
    let disk = new_disk(1);
    let mut wal = create(&disk);
    let mut saved = entries(1..=5, 100);
    saved.push(Entry { kind: EntryKind::ConfChange, data: Default::default(), ..entry(1, 6, 0) });
    wal.save(Some(&state(1, 2, 0)), &saved, true).unwrap();
    wal.save(Some(&state(1, 2, 4)), &[], false).unwrap();
    wal.save_snapshot(SnapshotMark { index: 3, term: 1 }).unwrap();
    drop(wal);
    let (wal, recovered) = open(&disk).unwrap();
    assert_eq!(recovered.metadata, b"node 1");
    assert_eq!(recovered.hard_state, state(1, 2, 4));
    assert_eq!(recovered.entries, saved);
    assert_eq!(recovered.snapshots[1..], [SnapshotMark { index: 3, term: 1 }]);
    assert_eq!(wal.last().index, 6);
    drop(wal);
    let (_, recovered) = open_from(&disk, SnapshotMark { index: 3, term: 1 }).unwrap();
    assert_eq!(recovered.entries, saved[3..]);
}

#[test]
fn entries_of_any_size_cross_sectors_and_segments() {
    for size in [0, 1, 7, 8, 440, 504, 505, 3000, 20_000] {
        let disk = new_disk(1);
        let mut wal = create(&disk);
        let saved = entries(1..=12, size);
        for entry in &saved {
            wal.save(Some(&state(1, 1, entry.index)), std::slice::from_ref(entry), true).unwrap();
        }
        assert!(size < 400 || wal.segments().len() > 1, "no segment was cut");
        drop(wal);
        let (mut wal, recovered) = open(&disk).unwrap();
        assert_eq!(recovered.entries, saved);
        assert_eq!(recovered.hard_state.commit, 12);
        wal.save(None, &[entry(2, 13, size)], true).unwrap();
        drop(wal);
        assert_eq!(open(&disk).unwrap().1.entries[12], entry(2, 13, size));
    }
}

#[test]
fn a_later_entry_replaces_those_from_its_index_on() {
    let disk = new_disk(1);
    let mut wal = create(&disk);
    wal.save(None, &entries(1..=5, 10), true).unwrap();
    wal.save(None, &[entry(2, 3, 10)], true).unwrap();
    drop(wal);
    let (_, recovered) = open(&disk).unwrap();
    let terms: Vec<_> = recovered.entries.iter().map(|entry| (entry.index, entry.term)).collect();
    assert_eq!(terms, [(1, 1), (2, 1), (3, 2)]);
}

#[test]
fn the_mark_of_a_snapshot_that_nobody_started_from_comes_to_nothing() {
    let disk = new_disk(1);
    let mut wal = create(&disk);
    wal.save(Some(&state(1, 1, 4)), &entries(1..=4, 10), true).unwrap();
    // A snapshot was received, and the process died before the commit index that goes with it.
    wal.save_received(SnapshotMark { index: 9, term: 1 }).unwrap();
    drop(wal);
    let (mut wal, recovered) = open(&disk).unwrap();
    assert_eq!((wal.last().index, recovered.entries.len()), (4, 4));
    wal.save(Some(&state(1, 1, 12)), &entries(5..=12, 3_000), true).unwrap();
    drop(wal);
    // The commit index is above it by now, and the log has none to start with there.
    let marks = snapshot_marks(&machine(&disk, &Defects::none()), DIR).unwrap();
    assert_eq!(marks, [SnapshotMark::default()]);
}

#[test]
fn a_mark_of_an_older_snapshot_does_not_hide_that_of_a_received_one() {
    let disk = new_disk(1);
    let mut wal = create(&disk);
    wal.save(Some(&state(1, 1, 2)), &entries(1..=6, 10), true).unwrap();
    let (own, received) = (SnapshotMark { index: 5, term: 1 }, SnapshotMark { index: 9, term: 1 });
    wal.save_received(received).unwrap();
    wal.save(Some(&state(1, 1, 9)), &[], true).unwrap();
    wal.save_snapshot(own).unwrap();
    drop(wal);
    let marks = snapshot_marks(&machine(&disk, &Defects::none()), DIR).unwrap();
    assert_eq!(marks, [SnapshotMark::default(), own, received]);
    assert_eq!(open_from(&disk, received).unwrap().0.last().index, 9);
}

#[test]
fn what_was_replaced_does_not_come_back_above_a_snapshot() {
    let disk = new_disk(1);
    let mut wal = create(&disk);
    wal.save(Some(&state(1, 1, 2)), &entries(1..=6, 10), true).unwrap();
    // Another leader replaces what comes after the second, with less.
    wal.save(Some(&state(2, 0, 4)), &[entry(2, 3, 1), entry(2, 4, 1)], true).unwrap();
    let mark = SnapshotMark { index: 4, term: 2 };
    wal.save_snapshot(mark).unwrap();
    drop(wal);
    let (wal, recovered) = open_from(&disk, mark).unwrap();
    assert_eq!((wal.last().index, recovered.entries), (4, vec![]));
}

#[test]
fn what_a_received_snapshot_replaced_does_not_come_back_above_it() {
    let disk = new_disk(1);
    let mut wal = create(&disk);
    wal.save(Some(&state(2, 1, 5)), &entries(1..=7, 10), true).unwrap();
    // A leader of a later term sends less than a deposed one had proposed.
    let received = SnapshotMark { index: 6, term: 3 };
    wal.save_received(received).unwrap();
    wal.save(Some(&state(3, 0, 6)), &[], true).unwrap();
    assert_eq!(wal.last(), EntryId { term: 3, index: 6 });
    drop(wal);
    let (mut wal, recovered) = open_from(&disk, received).unwrap();
    assert_eq!((wal.last(), recovered.entries), (EntryId { term: 3, index: 6 }, vec![]));
    wal.save(None, &[entry(3, 7, 10)], true).unwrap();
    drop(wal);
    let (_, recovered) = open_from(&disk, received).unwrap();
    assert_eq!(recovered.entries, [entry(3, 7, 10)]);
}

#[test]
fn a_log_that_does_not_go_with_the_snapshot_is_refused() {
    let disk = new_disk(1);
    let mut wal = create(&disk);
    wal.save(Some(&state(1, 1, 2)), &entries(1..=2, 10), true).unwrap();
    wal.save_snapshot(SnapshotMark { index: 2, term: 1 }).unwrap();
    wal.save_received(SnapshotMark { index: 9, term: 1 }).unwrap();
    wal.save(None, &[entry(1, 10, 1)], true).unwrap();
    drop(wal);
    let refused = |index, term| open_from(&disk, SnapshotMark { index, term }).unwrap_err();
    assert!(matches!(refused(2, 7), WalError::SnapshotMismatch { term: 1, .. }));
    assert!(matches!(refused(9, 2), WalError::SnapshotMismatch { term: 1, .. }));
    assert!(matches!(refused(11, 1), WalError::SnapshotNotFound { .. }));
    assert!(matches!(refused(0, 0), WalError::EntryGap { last: 2, found: 10, .. }));
    let marks = snapshot_marks(&machine(&disk, &Defects::none()), DIR).unwrap();
    let valid = [SnapshotMark::default(), SnapshotMark { index: 2, term: 1 }];
    assert_eq!(marks, valid, "a mark above the commit is not to be started from");
    let (_, recovered) = open_from(&disk, SnapshotMark { index: 9, term: 1 }).unwrap();
    assert_eq!(recovered.entries, [entry(1, 10, 1)]);
}

#[test]
fn released_segments_are_gone_and_the_rest_opens() {
    let disk = new_disk(1);
    let mut wal = create(&disk);
    for entry in entries(1..=30, 700) {
        wal.save(Some(&state(1, 1, entry.index)), &[entry], true).unwrap();
    }
    let mark = SnapshotMark { index: 20, term: 1 };
    wal.save_snapshot(mark).unwrap();
    let before = wal.segments().len();
    wal.release_to(20).unwrap();
    assert!(wal.segments().len() < before);
    assert!(wal.segments()[0].as_str() > "0000000000000001");
    drop(wal);
    let (_, recovered) = open_from(&disk, mark).unwrap();
    assert_eq!(recovered.entries, entries(21..=30, 700));
    let refused = open(&disk).unwrap_err();
    assert!(matches!(refused, WalError::NotFound { index: 0, .. }));
}

#[test]
fn a_log_is_made_once_and_used_by_one() {
    let disk = new_disk(1);
    let machine = machine(&disk, &Defects::none());
    assert!(!exists(&machine, DIR).unwrap());
    assert!(matches!(open(&disk).unwrap_err(), WalError::NotFound { .. }));
    let wal = create(&disk);
    assert!(exists(&machine, DIR).unwrap());
    let again = Wal::create(machine, options(), b"other").unwrap_err();
    assert!(matches!(again, WalError::Exists { .. }));
    assert!(matches!(open(&disk).unwrap_err(), WalError::Locked { .. }));
    drop(wal);
    open(&disk).unwrap();
}

#[test]
fn a_full_disk_poisons_and_acknowledged_entries_stay() {
    let disk = new_disk(1);
    let mut wal = create(&disk);
    disk.model().faults.capacity_bytes = 5 * 4096;
    let mut acknowledged = 0;
    let error = loop {
        match wal.save(None, &[entry(1, acknowledged + 1, 1000)], true) {
            Ok(()) => acknowledged += 1,
            Err(error) => break error,
        }
    };
    assert!(error.is_disk_full(), "{error}");
    assert!(error.to_string().contains("no space left"));
    disk.model().faults.capacity_bytes = u64::MAX;
    assert!(wal.save(None, &[entry(1, 99, 1)], true).unwrap_err().is_disk_full());
    drop(wal);
    let (_, recovered) = open(&disk).unwrap();
    assert!(recovered.entries.len() as u64 >= acknowledged && acknowledged > 5);
}

#[test]
fn a_full_disk_does_not_keep_a_log_from_opening() {
    let disk = new_disk(1);
    let mut wal = create(&disk);
    wal.save(None, &entries(1..=3, 100), true).unwrap();
    disk.model().faults.survival = 1.0;
    wal.save(None, &entries(4..=4, 2000), false).unwrap();
    let path = last_segment(&disk);
    disk.model().power_off();
    disk.model().power_on();
    drop(wal);
    // Take a sector out of the unsynced entry, and all space.
    let file = disk.open(&path, Open::ReadWrite).unwrap();
    file.write_at(1024, &[0; 512]).unwrap();
    let used = disk.model().used_bytes();
    disk.model().faults.capacity_bytes = used;
    let (_, recovered) = open(&disk).unwrap();
    assert_eq!(recovered.entries, entries(1..=3, 100));
}

#[test]
fn a_failed_sync_is_never_retried() {
    let disk = new_disk(1);
    let mut wal = create(&disk);
    wal.save(None, &entries(1..=1, 100), true).unwrap();
    disk.model().faults.fail_syncs = 1;
    let error = wal.save(None, &entries(2..=2, 100), true).unwrap_err();
    assert!(matches!(&error, WalError::Io { while_doing: "sync", .. }), "{error}");
    let syncs = disk.model().counts().syncs;
    for again in [wal.save(None, &[], true), wal.sync(), wal.save_snapshot(SnapshotMark::default())]
    {
        assert_eq!(again.unwrap_err().to_string(), error.to_string());
    }
    assert_eq!(disk.model().counts().syncs, syncs);
}

#[test]
fn unsynced_records_behind_a_hole_are_cut_off() {
    // Upstream's "max entry size limit exceeded" at boot (#14098): later sectors of the preallocated
    // tail survived, earlier ones did not.
    let disk = new_disk(1);
    let mut wal = create(&disk);
    wal.save(Some(&state(1, 1, 0)), &entries(1..=1, 300), true).unwrap();
    wal.save(None, &entries(2..=5, 600), false).unwrap();
    drop(wal);
    let path = last_segment(&disk);
    let whole = disk.model().contents(&path).unwrap();
    for lost in 2..5 {
        let hurt = shared(disk.model().clone());
        let file = hurt.open(&path, Open::ReadWrite).unwrap();
        file.write_at(lost * 512, &[0; 512]).unwrap();
        let (mut wal, recovered) = open(&hurt).unwrap();
        assert!(!recovered.entries.is_empty() && recovered.entries.len() < 5);
        let copy = hurt.model().contents(&format!("{path}.broken")).unwrap();
        assert_eq!(copy[..512], whole[..512]);
        let next = recovered.entries.len() as u64 + 1;
        wal.save(None, &[entry(2, next, 2000)], true).unwrap();
        drop(wal);
        assert_eq!(open(&hurt).unwrap().1.entries.last(), Some(&entry(2, next, 2000)));
    }
}

#[test]
fn a_leftover_of_an_interrupted_creation_or_cut_is_in_nobodys_way() {
    let disk = new_disk(1);
    disk.model().install("data/wal.tmp/0000000000000000-0000000000000000.wal", b"torn").unwrap();
    disk.create_dir(DIR).unwrap();
    let wal = create(&disk);
    drop(wal);
    let cut = format!("{DIR}/0000000000000001-0000000000000001.wal.tmp");
    disk.model().install(&cut, b"torn").unwrap();
    open(&disk).unwrap();
    assert!(disk.model().contents(&cut).is_none());
    assert!(disk.list("data/wal.tmp").is_err());
}

#[test]
fn a_log_moves_between_the_threads_of_disk_jobs() {
    let disk = new_disk(1);
    let mut wal = create(&disk);
    let saved = std::thread::scope(|scope| {
        scope.spawn(move || wal.save(None, &entries(1..=1, 10), true).map(|()| wal)).join().unwrap()
    });
    assert_eq!(saved.unwrap().last().index, 1);
}

#[test]
fn what_a_dead_process_left_in_the_cache_is_durable_once_opened() {
    let disk = new_disk(1);
    let mut wal = create(&disk);
    wal.save(Some(&state(1, 1, 0)), &entries(1..=3, 300), false).unwrap();
    disk.model().release_process(Process(1));
    drop(wal);
    let (_, recovered) = open(&disk).unwrap();
    for image in disk.model().crash_images(50, rng(2)) {
        assert_eq!(open(&shared(image)).unwrap().1, recovered);
    }
}

#[test]
fn the_power_may_fail_at_any_operation() {
    // Every operation of a life with cuts, release and a reopening, in turn.
    for fuse in 0.. {
        let disk = new_disk(fuse);
        disk.model().power_fails_after(fuse);
        let outcome = live(&disk);
        disk.model().power_on();
        let (acknowledged, error) = outcome;
        match &error {
            Some(WalError::Io { source, .. }) => assert!(PowerLost::caused(source)),
            Some(error) => panic!("{error}"),
            None => break,
        }
        if !exists(&machine(&disk, &Defects::none()), DIR).unwrap() {
            assert_eq!(acknowledged, 0, "fuse {fuse}");
            continue;
        }
        let (_, recovered) = open_from(&disk, SnapshotMark { index: 0, term: 0 }).unwrap();
        assert!(recovered.hard_state.commit >= acknowledged, "fuse {fuse}");
        assert!(recovered.entries.len() as u64 >= acknowledged, "fuse {fuse}");
    }
}

fn live(disk: &disk::SharedDisk) -> (u64, Option<WalError>) {
    let mut acknowledged = 0;
    let mut run = || -> Result<(), WalError> {
        let mut wal = Wal::create(machine(disk, &Defects::none()), options(), b"n")?;
        for index in 1..=20 {
            if index == 10 {
                drop(wal);
                wal = open(disk)?.0;
            }
            wal.save(Some(&state(1, 1, index)), &[entry(1, index, 600)], true)?;
            acknowledged = index;
        }
        Ok(())
    };
    let error = run().err();
    (acknowledged, error)
}
