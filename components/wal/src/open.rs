//! Recovery: reads a log back, repairs what was torn, refuses what was damaged.

use crate::{
    Machine, Options, SnapshotMark, Wal, WalError,
    error::Doing,
    frame::{Encoder, SECTOR, physical},
    log::{Tail, parent, sync_dir},
    record::Record,
    repair::repair,
    segment::{Scan, SegmentName, Stop, list, scan, unbroken},
};
use host::{BlockFile, Open};
use raft::types::{Entry, EntryId, HardState, Term};
use std::sync::Arc;

/// What a log says.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Recovered {
    /// As given to [`Wal::create`].
    pub metadata: Vec<u8>,
    /// The last hard state.
    pub hard_state: HardState,
    /// The entries after the snapshot, without gaps; later ones have replaced earlier ones of the
    /// same index. Those above `hard_state.commit` may yet be replaced.
    pub entries: Vec<Entry>,
    /// All marks of snapshots in the segments that were read, but those that came to nothing.
    pub snapshots: Vec<SnapshotMark>,
}

impl Recovered {
    /// What a log ends with that was opened from a snapshot.
    pub fn last(&self, from: SnapshotMark) -> EntryId {
        let snapshot = EntryId { term: from.term, index: from.index };
        let last = |entry: &Entry| EntryId { term: entry.term, index: entry.index };
        self.entries.last().map_or(snapshot, last)
    }
}

/// The marks of snapshots that may be started from, the oldest snapshot first: those not above the
/// last hard state's commit. That of a snapshot that was received may stand before those of older
/// ones that were made meanwhile.
/// Takes no lock and changes nothing. Upstream: ValidSnapshotEntries.
///
/// # Errors
/// [`WalError::Corrupt`], [`WalError::NotFound`], what the disk says.
pub fn snapshot_marks(machine: &Machine, dir: &str) -> Result<Vec<SnapshotMark>, WalError> {
    let segments = list(machine, dir)?;
    let read = read_segments(machine, dir, unbroken(&segments), None)?;
    let state = read.state;
    let mut marks = read.snapshots;
    marks.retain(|mark| mark.index <= state.commit);
    marks.sort_by_key(|mark| mark.index);
    Ok(marks)
}

/// True when there is a log in `dir`.
///
/// # Errors
/// What the disk says, other than that there is no such directory.
pub fn exists(machine: &Machine, dir: &str) -> Result<bool, WalError> {
    match list(machine, dir) {
        Ok(segments) => Ok(!segments.is_empty()),
        Err(WalError::Io { source, .. }) if source.kind() == std::io::ErrorKind::NotFound => {
            Ok(false)
        }
        Err(error) => Err(error),
    }
}

impl Wal {
    /// Reads the log from a snapshot on and makes it ready for appending. All that is returned is
    /// durable, also what a process left unsynced when it died.
    ///
    /// # Errors
    /// [`WalError::Corrupt`] with file and offset when durable bytes are damaged: nothing is changed
    /// then. `NotFound`, `SnapshotNotFound`, `SnapshotMismatch`, `EntryGap`, `MetadataConflict`
    /// when the log does not go with the snapshot; `Locked`; what the disk says.
    pub fn open(
        machine: impl Into<Machine>,
        options: Options,
        from: SnapshotMark,
    ) -> Result<(Self, Recovered), WalError> {
        let machine = machine.into();
        let dir = options.dir.as_str();
        let missing = || WalError::NotFound { dir: dir.to_owned(), index: from.index };
        if !exists(&machine, dir)? {
            return Err(missing());
        }
        let lock = crate::log::lock(&machine, dir)?;
        let segments = list(&machine, dir)?;
        let whole = unbroken(&segments);
        let start = whole.iter().rposition(|name| name.index <= from.index).ok_or_else(missing)?;
        let read = read_segments(&machine, dir, &whole[start..], Some(from))?;
        let last = read.last.as_ref().ok_or_else(missing)?;
        let tail = open_tail(&machine, &options, last)?;
        remove_unfinished(&machine, dir)?;
        // A process that died may have left names and bytes that only the cache holds.
        sync_dir(&machine, dir)?;
        sync_dir(&machine, parent(dir))?;
        let recovered = read.recovered();
        // Not the mark of a snapshot above the commit: nobody starts from it.
        let last = recovered.last(from);
        let wal = Wal::assemble(machine, options, lock, segments, tail, &recovered, last);
        Ok((wal, recovered))
    }
}

/// The last segment as it was read, and where.
struct Last {
    name: SegmentName,
    path: String,
    scan: Scan,
}

/// What was read so far.
#[derive(Default)]
struct Reading {
    from: Option<SnapshotMark>,
    metadata: Option<Vec<u8>>,
    state: HardState,
    entries: Vec<Entry>,
    snapshots: Vec<SnapshotMark>,
    matched: bool,
    /// The term of the entry that the snapshot ends with, where the log has one.
    base: Option<Term>,
    last: Option<Last>,
}

fn read_segments(
    machine: &Machine,
    dir: &str,
    segments: &[SegmentName],
    from: Option<SnapshotMark>,
) -> Result<Reading, WalError> {
    let mut read = Reading { from, ..Reading::default() };
    let mut chain = None;
    for (position, name) in segments.iter().enumerate() {
        let path = name.path(dir);
        let mut taken = Ok(());
        let mut scan = scan(machine, &path, *name, chain, |record| {
            if taken.is_ok() {
                taken = read.take(record, &path);
            }
        })?;
        let is_last = position + 1 == segments.len();
        // Damage says more than what it led to.
        check(machine, &path, &mut scan, is_last)?;
        taken?;
        chain = Some(scan.chain);
        read.last = is_last.then_some(Last { name: *name, path, scan });
    }
    match from {
        Some(mark) if !read.matched => Err(WalError::SnapshotNotFound { mark }),
        Some(_) | None => Ok(read),
    }
}

/// Only the last segment may be torn; damage is refused anywhere.
fn check(machine: &Machine, path: &str, scan: &mut Scan, is_last: bool) -> Result<(), WalError> {
    let corrupt =
        |what| Err(WalError::Corrupt { file: path.to_owned(), offset: scan.offset(), what });
    match scan.stop {
        // E16a: a torn last record was reported as corruption (upstream #15068).
        Stop::Torn if is_last && machine.defects.has("E16a") => corrupt("crc mismatch"),
        // E16d: the unsafe inverse; every bad record is taken for a torn one and cut off.
        Stop::Damaged(_) if is_last && machine.defects.has("E16d") => {
            scan.stop = Stop::Torn;
            Ok(())
        }
        Stop::Damaged(what) => corrupt(what),
        Stop::Clean | Stop::Torn if is_last => Ok(()),
        Stop::Clean if scan.is_whole() => Ok(()),
        Stop::Clean | Stop::Torn => corrupt("records are missing at the end of the segment"),
    }
}

impl Reading {
    fn take(&mut self, record: Record, path: &str) -> Result<(), WalError> {
        match record {
            Record::Metadata(metadata) => {
                if self.metadata.as_ref().is_some_and(|before| *before != metadata) {
                    return Err(WalError::MetadataConflict { file: path.to_owned() });
                }
                self.metadata = Some(metadata);
            }
            Record::Entry(entry) => self.take_entry(entry, path)?,
            Record::State(state) => self.state = state,
            Record::Chain => {}
            Record::Snapshot(mark) => self.take_mark(mark)?,
        }
        Ok(())
    }

    /// A later entry replaces those from its index on, also when it is itself in the snapshot
    /// already: what was proposed above it by a deposed leader must not come back. (Upstream's
    /// ReadAll passes over such an entry and keeps what it had replaced.)
    ///
    /// It also tells that no snapshot from its index on was started from: the process died between
    /// the mark and the commit index that makes it valid, and the log went on below it. When the
    /// commit index gets there after all, the mark is in a segment too old for it.
    fn take_entry(&mut self, entry: Entry, path: &str) -> Result<(), WalError> {
        self.snapshots.retain(|mark| mark.index < entry.index);
        let Some(from) = self.from else { return Ok(()) };
        let Some(position) = entry.index.checked_sub(from.index + 1) else {
            self.base = (entry.index == from.index).then_some(entry.term);
            self.entries.clear();
            return Ok(());
        };
        if position > self.entries.len() as u64 {
            let last = from.index + self.entries.len() as u64;
            return Err(WalError::EntryGap { file: path.to_owned(), last, found: entry.index });
        }
        self.entries.truncate(position as usize);
        self.entries.push(entry);
        Ok(())
    }

    /// Where the log does not have the snapshot's last entry the snapshot was received, and replaced
    /// what stands before its mark, also what is above it: a deposed leader may have proposed more
    /// than its successor's snapshot holds. (Upstream's ReadAll keeps such entries.)
    fn take_mark(&mut self, mark: SnapshotMark) -> Result<(), WalError> {
        self.snapshots.push(mark);
        match self.from {
            Some(from) if from.index == mark.index => {
                self.matched = true;
                if self.base != Some(mark.term) {
                    self.entries.clear();
                }
                let same = from.term == mark.term;
                let mismatch = WalError::SnapshotMismatch { mark: from, term: mark.term };
                if same { Ok(()) } else { Err(mismatch) }
            }
            Some(_) | None => Ok(()),
        }
    }

    fn recovered(self) -> Recovered {
        Recovered {
            metadata: self.metadata.unwrap_or_default(),
            hard_state: self.state,
            entries: self.entries,
            snapshots: self.snapshots,
        }
    }
}

/// Repairs the last segment where it must be and makes it durable and long enough again.
fn open_tail(machine: &Machine, options: &Options, last: &Last) -> Result<Tail, WalError> {
    let Last { name, path, scan } = last;
    let file = machine.disk.open(path, Open::ReadWrite).doing("open", path)?;
    if scan.stop == Stop::Torn {
        repair(machine, &options.dir, path, &*file, scan)?;
    }
    rewrite_unsynced(&*file, scan).doing("write", path)?;
    preallocate(&file, options.segment_bytes, path)?;
    file.sync().doing("sync", path)?;
    let encoder = Encoder::new(name.sequence, scan.end as u64, scan.chain);
    Ok(Tail { name: *name, path: path.clone(), file, encoder })
}

/// Writes again what no later record vouches for. When a sync fails, Linux takes the pages for clean
/// although the disk does not have them: what was read here may be nowhere else, and another sync
/// would not write it.
fn rewrite_unsynced(file: &dyn BlockFile, scan: &Scan) -> std::io::Result<()> {
    let from = physical(scan.synced) / SECTOR as u64 * SECTOR as u64;
    let to = usize::try_from(scan.offset()).unwrap_or(usize::MAX);
    match scan.image.bytes().get(from as usize..to) {
        Some(bytes) if !bytes.is_empty() => file.write_at(from, bytes),
        Some(_) | None => Ok(()),
    }
}

/// A full disk is no reason not to start: reads go on, and the first write will say so.
fn preallocate(file: &Arc<dyn BlockFile>, bytes: u64, path: &str) -> Result<(), WalError> {
    match file.allocate(bytes).doing("allocate", path) {
        Err(WalError::DiskFull { .. }) => Ok(()),
        result => result,
    }
}

/// A cut that a crash interrupted left its file under a temporary name.
fn remove_unfinished(machine: &Machine, dir: &str) -> Result<(), WalError> {
    let names = machine.disk.list(dir).doing("list", dir)?;
    for name in names.iter().filter(|name| name.ends_with(".tmp")) {
        let path = format!("{dir}/{name}");
        machine.disk.remove(&path).doing("remove", &path)?;
    }
    Ok(())
}
