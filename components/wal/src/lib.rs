//! The write-ahead log: what Raft must remember, durable before it is acted on.
//!
//! Segments of records with a chained CRC. What [`Wal::save`] synced is there after any legal crash;
//! a torn tail is repaired, in a way that may itself be interrupted; damage to what was durable is
//! refused with file, offset and what to do. Upstream: server/storage/wal. The layout, and how a
//! torn write is told from damage, is described in `frame.rs`.

mod create;
mod error;
mod frame;
mod log;
mod open;
mod record;
mod repair;
mod segment;

pub use error::WalError;
pub use log::Wal;
pub use open::{Recovered, exists, snapshot_marks};

use host::{Defects, Disk, Host, Probe};
use std::{fmt, sync::Arc};

/// The size of a segment, in bytes; its last record may exceed it. Upstream: SegmentSizeBytes.
pub const SEGMENT_BYTES: u64 = 64 * 1000 * 1000;

/// Where the log is and how it is cut.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Options {
    /// Its directory, for itself alone.
    pub dir: String,
    /// A segment that is this long is closed, and this much is reserved for each.
    pub segment_bytes: u64,
}

impl Options {
    /// A log in `dir` with segments of upstream's size.
    pub fn new(dir: impl Into<String>) -> Self {
        let dir: String = dir.into();
        Self { dir: dir.trim_end_matches('/').to_owned(), segment_bytes: SEGMENT_BYTES }
    }
}

/// A snapshot as the log knows it.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, PartialOrd, Ord)]
pub struct SnapshotMark {
    /// The last entry it includes.
    pub index: u64,
    /// That entry's term.
    pub term: u64,
}

/// The parts of a host that a log uses.
#[derive(Clone)]
pub struct Machine {
    /// Where the files are.
    pub disk: Arc<dyn Disk>,
    /// Events and crash points.
    pub probe: Arc<dyn Probe>,
    /// Deliberate bugs: E16a, E16c, E16d, E17.
    pub defects: Defects,
}

impl From<&Host> for Machine {
    fn from(host: &Host) -> Self {
        let (disk, probe) = (host.disk.clone(), host.probe.clone());
        Self { disk, probe, defects: host.defects.clone() }
    }
}

impl fmt::Debug for Machine {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Machine").field("defects", &self.defects).finish_non_exhaustive()
    }
}
