//! What may go wrong with a disk, how often, and how slow it is.

use std::{collections::BTreeMap, time::Duration};

/// The disk's misbehaviour. Plain data: change it at any time. The default is a good disk that
/// still forgets what was not synced.
#[derive(Clone, Debug, PartialEq)]
pub struct Faults {
    /// The chance of each unsynced sector and name to survive a power loss.
    pub survival: f64,
    /// The chance that a power loss tears a sector of a file: a prefix is new, the rest old.
    pub torn_sector: f64,
    /// The chance that a read fails with EIO.
    pub read_error: f64,
    /// The chance that a write fails with EIO.
    pub write_error: f64,
    /// The chance that a sync fails with EIO. The pages become clean all the same, as on Linux:
    /// the next sync succeeds although the data is lost.
    pub sync_error: f64,
    /// So many of the next file syncs fail, whatever `sync_error` says.
    pub fail_syncs: u32,
    /// The chance of each synced sector to be reported written and never be.
    pub lost_write: f64,
    /// The chance of each synced sector to be written in another's place.
    pub misdirected_write: f64,
    /// Files whose operations always fail with EIO, by path.
    pub broken: BTreeMap<String, Broken>,
    /// Bytes that the disk holds, counted in pages of 4,096.
    pub capacity_bytes: u64,
    /// How long operations take.
    pub latency: Latency,
}

/// Which operations on a file fail.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct Broken {
    /// Reads.
    pub read: bool,
    /// Writes, changes of length, reservations.
    pub write: bool,
    /// Syncs.
    pub sync: bool,
}

impl Default for Faults {
    fn default() -> Self {
        Self {
            survival: 0.5,
            torn_sector: 0.5,
            read_error: 0.0,
            write_error: 0.0,
            sync_error: 0.0,
            fail_syncs: 0,
            lost_write: 0.0,
            misdirected_write: 0.0,
            broken: BTreeMap::new(),
            capacity_bytes: u64::MAX,
            latency: Latency::default(),
        }
    }
}

impl Faults {
    /// True when the drive may betray a sync that it reports done.
    pub(crate) fn lying(&self) -> bool {
        self.lost_write > 0.0 || self.misdirected_write > 0.0
    }
}

/// How long operations take. The default is a decent SSD.
#[derive(Clone, Debug, PartialEq)]
pub struct Latency {
    /// Every operation but a sync.
    pub operation: Duration,
    /// Every 4,096 bytes read or written, in addition.
    pub page: Duration,
    /// The quickest sync.
    pub sync_min: Duration,
    /// The slowest ordinary sync.
    pub sync_max: Duration,
    /// The chance of a sync that takes `sync_tail`.
    pub tail_chance: f64,
    /// A sync that meets the drive's garbage collection.
    pub sync_tail: Duration,
    /// All of the above times this: above one is a slow disk.
    pub multiplier: f64,
}

impl Default for Latency {
    fn default() -> Self {
        Self {
            operation: Duration::from_micros(2),
            page: Duration::from_nanos(500),
            sync_min: Duration::from_micros(300),
            sync_max: Duration::from_millis(3),
            tail_chance: 0.001,
            sync_tail: Duration::from_millis(60),
            multiplier: 1.0,
        }
    }
}
