//! Logs on simulated disks.

#![allow(clippy::unwrap_used, dead_code)]

pub(crate) mod crash;

use disk::{DiskModel, Process, SharedDisk};
use host::{Defects, NoProbe};
use raft::types::{Entry, EntryKind, HardState};
use rand::SeedableRng;
use rand_chacha::ChaCha8Rng;
use std::sync::Arc;
use wal::{Machine, Options, Recovered, SnapshotMark, Wal, WalError};

pub(crate) const DIR: &str = "data/wal";
/// Small enough that a few saves fill it.
pub(crate) const SEGMENT: u64 = 4096;

pub(crate) fn rng(seed: u64) -> ChaCha8Rng {
    ChaCha8Rng::seed_from_u64(seed)
}

/// A disk with a durable directory for the log.
pub(crate) fn new_disk(seed: u64) -> SharedDisk {
    let mut model = DiskModel::new(rng(seed));
    model.install("data/owner", b"").unwrap();
    SharedDisk::new(model, Process(1))
}

pub(crate) fn shared(model: DiskModel) -> SharedDisk {
    SharedDisk::new(model, Process(1))
}

pub(crate) fn machine(disk: &SharedDisk, defects: &Defects) -> Machine {
    let disk = Arc::new(disk.clone());
    Machine { disk, probe: Arc::new(NoProbe), defects: defects.clone() }
}

pub(crate) fn options() -> Options {
    Options { segment_bytes: SEGMENT, ..Options::new(DIR) }
}

pub(crate) fn create(disk: &SharedDisk) -> Wal {
    Wal::create(machine(disk, &Defects::none()), options(), b"node 1").unwrap()
}

pub(crate) fn open(disk: &SharedDisk) -> Result<(Wal, Recovered), WalError> {
    open_from(disk, SnapshotMark::default())
}

pub(crate) fn open_from(
    disk: &SharedDisk,
    from: SnapshotMark,
) -> Result<(Wal, Recovered), WalError> {
    Wal::open(machine(disk, &Defects::none()), options(), from)
}

pub(crate) fn entry(term: u64, index: u64, size: usize) -> Entry {
    let data: Vec<u8> = (0..size).map(|at| (at as u64 * 7 + index * 3 + term) as u8).collect();
    Entry { term, index, kind: EntryKind::Normal, data: data.into() }
}

pub(crate) fn state(term: u64, vote: u64, commit: u64) -> HardState {
    HardState { term, vote, commit }
}

/// The path of the last segment.
pub(crate) fn last_segment(disk: &SharedDisk) -> String {
    let tree = disk.model().tree();
    let segments = tree.into_iter().map(|(path, _)| path).filter(|path| path.ends_with(".wal"));
    segments.max().unwrap()
}
