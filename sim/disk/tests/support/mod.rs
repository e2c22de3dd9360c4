//! Random operations on a few files of one directory.

#![allow(clippy::unwrap_used, dead_code)]

use disk::{DiskModel, FileHandle, Process};
use host::Open;
use proptest::prelude::*;
use rand::SeedableRng;
use rand_chacha::ChaCha8Rng;

pub(crate) const NAMES: [&str; 3] = ["d/a", "d/b", "d/c"];

/// One operation; files are numbers into [`NAMES`]. Those on missing files do nothing.
#[derive(Clone, Debug)]
pub(crate) enum Step {
    Create(usize),
    Write(usize, u64, usize, u8),
    SetLen(usize, u64),
    Sync(usize),
    SyncDir,
    Remove(usize),
    Rename(usize, usize),
}

pub(crate) fn step() -> impl Strategy<Value = Step> {
    let file = || 0..NAMES.len();
    prop_oneof![
        3 => file().prop_map(Step::Create),
        8 => (file(), 0..3000u64, 0..1500usize, 1..=255u8)
            .prop_map(|(file, offset, len, byte)| Step::Write(file, offset, len, byte)),
        2 => (file(), 0..4000u64).prop_map(|(file, len)| Step::SetLen(file, len)),
        3 => file().prop_map(Step::Sync),
        2 => Just(Step::SyncDir),
        1 => file().prop_map(Step::Remove),
        1 => (file(), file()).prop_map(|(from, to)| Step::Rename(from, to)),
    ]
}

pub(crate) fn rng(seed: u64) -> ChaCha8Rng {
    ChaCha8Rng::seed_from_u64(seed)
}

/// A disk with the durable directory `d`.
pub(crate) fn new_disk(seed: u64) -> DiskModel {
    let mut disk = DiskModel::new(rng(seed));
    disk.create_dir("d").unwrap();
    disk.sync_dir("/").unwrap();
    disk.faults.torn_sector = 0.0;
    disk
}

/// Does one step on the model.
pub(crate) fn apply(disk: &mut DiskModel, step: &Step) {
    let mut on = |file: usize, how: Open, work: &dyn Fn(&mut DiskModel, FileHandle)| {
        if let Ok(handle) = disk.open(Process(1), NAMES[file], how) {
            work(disk, handle);
            disk.close(handle);
        }
    };
    match step {
        Step::Create(file) => on(*file, Open::Create, &|_, _| ()),
        Step::Write(file, offset, len, byte) => on(*file, Open::ReadWrite, &|disk, handle| {
            disk.write_at(handle, *offset, &vec![*byte; *len]).unwrap();
        }),
        Step::SetLen(file, len) => on(*file, Open::ReadWrite, &|disk, handle| {
            disk.set_len(handle, *len).unwrap();
        }),
        Step::Sync(file) => on(*file, Open::ReadWrite, &|disk, handle| disk.sync(handle).unwrap()),
        Step::SyncDir => disk.sync_dir("d").unwrap(),
        Step::Remove(file) => drop(disk.remove(NAMES[*file])),
        Step::Rename(from, to) => drop(disk.rename(NAMES[*from], NAMES[*to])),
    }
}

/// What a power loss leaves when each doubtful change survives with this chance.
pub(crate) fn crashed(disk: &DiskModel, survival: f64, seed: u64) -> DiskModel {
    let mut disk = disk.clone();
    disk.faults.survival = survival;
    disk.reseed(rng(seed));
    disk.power_off();
    disk.power_on();
    disk
}
