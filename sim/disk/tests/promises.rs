//! What the disk keeps and what it may forget, one promise a test.

#![allow(clippy::unwrap_used)]

use disk::{Broken, DiskModel, FileHandle, PowerLost, Process, SECTOR};
use host::Open;
use rand::SeedableRng;
use rand_chacha::ChaCha8Rng;
use std::{collections::BTreeSet, io::ErrorKind, time::Duration};

const ME: Process = Process(1);

fn rng(seed: u64) -> ChaCha8Rng {
    ChaCha8Rng::seed_from_u64(seed)
}

fn disk() -> DiskModel {
    DiskModel::new(rng(7))
}

/// A disk with a durable file, open for writing.
fn disk_with(path: &str, contents: &[u8]) -> (DiskModel, FileHandle) {
    let mut disk = disk();
    disk.install(path, contents).unwrap();
    let file = disk.open(ME, path, Open::ReadWrite).unwrap();
    (disk, file)
}

fn images(disk: &DiskModel, path: &str) -> BTreeSet<Option<Vec<u8>>> {
    disk.crash_images(64, rng(1)).map(|image| image.contents(path)).collect()
}

#[test]
fn a_process_crash_loses_nothing() {
    let mut disk = disk();
    let file = disk.open(ME, "a", Open::Create).unwrap();
    disk.write_at(file, 0, b"hello").unwrap();
    disk.release_process(ME);
    assert_eq!(disk.contents("a").unwrap(), b"hello");
    assert!(disk.write_at(file, 0, b"late").is_err(), "a dead process wrote");
}

#[test]
fn synced_bytes_and_names_survive_every_image() {
    let mut disk = disk();
    disk.create_dir("d/e").unwrap();
    let file = disk.open(ME, "d/e/a", Open::Create).unwrap();
    disk.write_at(file, 0, &[1; 1000]).unwrap();
    disk.sync(file).unwrap();
    assert!(!disk.is_durable("d/e/a", 0..1000));
    for dir in ["d/e", "d", "/"] {
        disk.sync_dir(dir).unwrap();
    }
    assert!(disk.is_durable("d/e/a", 0..1000));
    disk.write_at(file, 1000, &[2; 3000]).unwrap();
    assert!(!disk.is_durable("d/e/a", 990..1000), "its sector is dirty again");
    assert!(disk.is_durable("d/e/a", 0..SECTOR as u64));
    for image in disk.crash_images(200, rng(3)) {
        assert_eq!(image.contents("d/e/a").unwrap()[..512], [1; 512]);
    }
}

#[test]
fn a_synced_file_without_a_synced_name_may_be_gone() {
    let mut disk = disk();
    let file = disk.open(ME, "a", Open::Create).unwrap();
    disk.write_at(file, 0, b"x").unwrap();
    disk.sync(file).unwrap();
    assert_eq!(images(&disk, "a"), BTreeSet::from([None, Some(b"x".to_vec())]));
}

#[test]
fn sectors_and_length_survive_independently() {
    let (mut disk, file) = disk_with("a", &[1; 1024]);
    disk.write_at(file, 0, &[2; 1024]).unwrap();
    disk.write_at(file, 1024, &[3; 10]).unwrap();
    let whole: BTreeSet<_> = disk
        .crash_images(1000, rng(1))
        .collect::<Vec<_>>()
        .iter()
        .map(|image| image.contents("a").unwrap())
        .filter(|bytes| bytes.chunks(SECTOR).all(|sector| sector.iter().all(|b| *b == sector[0])))
        .map(|bytes| (bytes.len(), bytes[0], bytes[512], bytes.get(1024).copied()))
        .collect();
    for first in [1, 2] {
        for second in [1, 2] {
            for (len, third) in [(1024, None), (1034, Some(0)), (1034, Some(3))] {
                assert!(whole.contains(&(len, first, second, third)), "{first} {second} {len}");
            }
        }
    }
    assert_eq!(whole.len(), 12);
}

#[test]
fn a_sector_is_one_of_its_versions_in_order() {
    let (mut disk, file) = disk_with("a", b"....");
    disk.write_at(file, 0, b"1").unwrap();
    disk.write_at(file, 1, b"2").unwrap();
    disk.faults.torn_sector = 0.0;
    let whole: Vec<_> =
        disk.crash_images(3, rng(1)).map(|image| image.contents("a").unwrap()).collect();
    assert_eq!(whole, [b"....".to_vec(), b"1...".to_vec(), b"12..".to_vec()]);
}

#[test]
fn a_torn_sector_is_a_new_prefix_and_an_old_rest() {
    let (mut disk, file) = disk_with("a", &[1; 512]);
    disk.write_at(file, 0, &[2; 512]).unwrap();
    disk.faults.torn_sector = 1.0;
    disk.power_off();
    disk.power_on();
    let bytes = disk.contents("a").unwrap();
    let new = bytes.iter().take_while(|b| **b == 2).count();
    assert!(new > 0 && new < 512);
    assert!(bytes[new..].iter().all(|b| *b == 1));
}

#[test]
fn a_rename_happens_wholly_or_not_at_all() {
    let (mut disk, _) = disk_with("old", b"o");
    disk.install("new", b"n").unwrap();
    disk.rename("new", "old").unwrap();
    let seen: BTreeSet<_> = disk
        .crash_images(64, rng(1))
        .map(|image| (image.contents("old").unwrap(), image.contents("new")))
        .collect();
    let undone = (b"o".to_vec(), Some(b"n".to_vec()));
    assert_eq!(seen, BTreeSet::from([undone, (b"n".to_vec(), None)]));
}

#[test]
fn a_cut_and_what_follows_it_stay_in_order() {
    let (mut disk, file) = disk_with("a", &[1; 1024]);
    disk.set_len(file, 0).unwrap();
    disk.write_at(file, 0, &[2; 512]).unwrap();
    disk.set_len(file, 1024).unwrap();
    for image in disk.crash_images(100, rng(1)) {
        let bytes = image.contents("a").unwrap();
        if bytes.contains(&2) {
            assert!(
                bytes.len() >= 512 && bytes[512..].iter().all(|b| *b == 0),
                "old bytes are back"
            );
        } else {
            assert!(bytes == [1; 1024] || bytes.iter().all(|b| *b == 0));
        }
    }
}

#[test]
fn sync_data_keeps_the_length_that_data_needs_and_no_other() {
    let (mut disk, file) = disk_with("a", b"");
    disk.write_at(file, 0, &[1; 600]).unwrap();
    disk.set_len(file, 5000).unwrap();
    disk.sync_data(file).unwrap();
    let lens: BTreeSet<_> =
        disk.crash_images(64, rng(1)).map(|image| image.contents("a").unwrap().len()).collect();
    assert_eq!(lens, BTreeSet::from([600, 5000]));
    disk.sync(file).unwrap();
    assert!(disk.is_durable("a", 0..5000));
}

#[test]
fn a_failed_sync_loses_the_pages_and_the_next_one_says_ok() {
    let (mut disk, file) = disk_with("a", &[1; 512]);
    disk.faults.fail_syncs = 1;
    disk.faults.survival = 0.0;
    disk.write_at(file, 0, &[2; 512]).unwrap();
    assert_eq!(disk.sync(file).unwrap_err().raw_os_error(), Some(5));
    disk.sync(file).unwrap();
    assert!(!disk.is_durable("a", 0..512) || disk.contents("a").unwrap() == [1; 512]);
    assert_eq!(disk.durable_contents("a").unwrap(), [1; 512]);
}

#[test]
fn what_a_failed_sync_lost_is_not_shown_once_forgotten() {
    let mut ignored = 0;
    for seed in 0..40 {
        let (mut disk, file) = disk_with("a", &[1; 512]);
        disk.reseed(rng(seed));
        disk.faults.fail_syncs = 1;
        disk.faults.survival = 0.0;
        disk.write_at(file, 0, &[2; 512]).unwrap();
        disk.sync(file).unwrap_err();
        if disk.forget(file).unwrap() {
            assert_eq!(disk.contents("a").unwrap(), [1; 512]);
            assert!(disk.is_durable("a", 0..512));
        } else {
            ignored += 1;
        }
    }
    assert!((1..40).contains(&ignored), "both happen");
}

#[test]
fn lost_and_misdirected_writes_show_after_the_power_loss() {
    let (mut disk, file) = disk_with("a", &[1; 2048]);
    disk.faults.lost_write = 1.0;
    disk.write_at(file, 0, &[2; 512]).unwrap();
    disk.sync(file).unwrap();
    assert_eq!(disk.contents("a").unwrap()[0], 2);
    assert!(!disk.is_durable("a", 0..512));
    disk.faults.lost_write = 0.0;
    disk.faults.misdirected_write = 1.0;
    disk.write_at(file, 512, &[3; 512]).unwrap();
    disk.sync(file).unwrap();
    disk.power_off();
    disk.power_on();
    let bytes = disk.contents("a").unwrap();
    assert_eq!(bytes[0..512].iter().filter(|b| **b == 2).count(), 0);
    assert_eq!(bytes.iter().filter(|b| **b == 3).count(), 512);
}

#[test]
fn rot_is_on_the_platter_and_in_the_cache() {
    let (mut disk, _) = disk_with("a", &[0; 100]);
    disk.rot("a", 50, 0x80).unwrap();
    assert_eq!(disk.contents("a").unwrap()[50], 0x80);
    assert_eq!(disk.durable_contents("a").unwrap()[50], 0x80);
    assert_eq!(disk.rot("a", 100, 1).unwrap_err().kind(), ErrorKind::InvalidInput);
}

#[test]
fn a_full_disk_refuses_and_reserved_space_does_not() {
    let mut disk = disk();
    disk.faults.capacity_bytes = 5 * 4096;
    let wal = disk.open(ME, "wal", Open::Create).unwrap();
    disk.allocate(wal, 3 * 4096).unwrap();
    let other = disk.open(ME, "other", Open::Create).unwrap();
    let refused = disk.write_at(other, 100, &[1; 3 * 4096]).unwrap_err();
    assert_eq!(refused.kind(), ErrorKind::StorageFull);
    assert_eq!(disk.len(other).unwrap(), 2 * 4096, "the part that fits was written");
    assert_eq!(disk.allocate(wal, 4 * 4096).unwrap_err().kind(), ErrorKind::StorageFull);
    disk.write_at(wal, 0, &[1; 3 * 4096]).unwrap();
    disk.remove("other").unwrap();
    assert_eq!(disk.used_bytes(), 5 * 4096, "still open");
    disk.close(other);
    assert_eq!(disk.used_bytes(), 3 * 4096);
}

#[test]
fn a_fuse_blows_at_its_operation_and_power_stays_off() {
    let (mut disk, file) = disk_with("a", b"");
    disk.power_fails_after(2);
    disk.write_at(file, 0, b"1").unwrap();
    disk.write_at(file, 1, b"2").unwrap();
    assert!(PowerLost::caused(&disk.write_at(file, 2, b"3").unwrap_err()));
    assert!(disk.is_off());
    assert!(PowerLost::caused(&disk.list("/").unwrap_err()));
    disk.power_on();
    assert_eq!(disk.list("/").unwrap(), ["a"]);
    assert!(disk.write_at(file, 0, b"x").is_err(), "a handle outlived the power loss");
}

#[test]
fn locks_exclude_until_their_process_is_gone() {
    let mut disk = disk();
    disk.lock(ME, "lock").unwrap();
    let refused = disk.lock(Process(2), "lock").unwrap_err();
    assert_eq!(refused.kind(), ErrorKind::WouldBlock);
    disk.release_process(ME);
    let lock = disk.lock(Process(2), "lock").unwrap();
    disk.unlock(lock);
    disk.lock(ME, "lock").unwrap();
}

#[test]
fn a_removed_file_stays_readable_while_open() {
    let (mut disk, file) = disk_with("a", b"text");
    disk.remove("a").unwrap();
    let mut buffer = [0; 4];
    assert_eq!(disk.read_at(file, 0, &mut buffer).unwrap(), 4);
    assert_eq!(&buffer, b"text");
    assert_eq!(disk.open(ME, "a", Open::Read).unwrap_err().kind(), ErrorKind::NotFound);
}

#[test]
fn broken_files_fail_as_told() {
    let (mut disk, file) = disk_with("d/a", b"text");
    disk.faults.broken.insert("d/a".into(), Broken { read: true, ..Broken::default() });
    assert_eq!(disk.read_at(file, 0, &mut [0; 4]).unwrap_err().raw_os_error(), Some(5));
    disk.write_at(file, 0, b"T").unwrap();
}

#[test]
fn latency_is_charged_once() {
    let (mut disk, file) = disk_with("a", b"");
    disk.take_latency();
    disk.faults.latency.tail_chance = 0.0;
    disk.sync(file).unwrap();
    let once = disk.take_latency();
    assert!(once >= Duration::from_micros(300) && once <= Duration::from_millis(3));
    assert_eq!(disk.take_latency(), Duration::ZERO);
    disk.faults.latency.multiplier = 100.0;
    disk.sync(file).unwrap();
    assert!(disk.take_latency() >= Duration::from_millis(30));
}

#[test]
fn equal_seeds_give_equal_disks() {
    let run = |seed| {
        let mut disk = DiskModel::new(rng(seed));
        let file = disk.open(ME, "a", Open::Create).unwrap();
        for at in 0..20 {
            disk.write_at(file, at * 300, &[at as u8 + 1; 300]).unwrap();
        }
        disk.sync_dir("/").unwrap();
        disk.power_off();
        disk.power_on();
        disk.hash()
    };
    let hashes: BTreeSet<_> = (0..10).map(run).collect();
    assert!(hashes.len() > 2 && (0..10).map(run).collect::<BTreeSet<_>>() == hashes);
}
