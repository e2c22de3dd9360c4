//! The log in use: appending, syncing, cutting segments, letting old ones go.

use crate::{
    Machine, Options, SnapshotMark, WalError,
    error::Doing,
    frame::{Encoder, PAYLOAD_BYTES_MAX, physical},
    open::{Recovered, exists},
    record::{CHAIN, ENTRY, METADATA, SNAPSHOT, STATE, encode_entry, encode_mark, encode_state},
    segment::SegmentName,
};
use host::{BlockFile, FileLock, Open, event};
use raft::types::{Entry, HardState};
use std::{io, sync::Arc};

/// A write-ahead log, open for appending. Calls block: make them within a disk job.
#[derive(Debug)]
pub struct Wal {
    machine: Machine,
    options: Options,
    metadata: Vec<u8>,
    /// Goes to the head of the next segment.
    state: HardState,
    /// The last entry or snapshot.
    index: u64,
    segments: Vec<SegmentName>,
    tail: Tail,
    payload: Vec<u8>,
    failed: Option<WalError>,
    _lock: Box<dyn FileLock>,
}

/// The segment that is being written.
#[derive(Debug)]
pub(crate) struct Tail {
    pub(crate) name: SegmentName,
    pub(crate) path: String,
    pub(crate) file: Arc<dyn BlockFile>,
    pub(crate) encoder: Encoder,
}

impl Tail {
    /// Writes what was encoded.
    fn flush(&mut self) -> Result<(), WalError> {
        let Self { encoder, file, path, .. } = self;
        file.write_at(encoder.offset(), &encoder.buffer).doing("write", path)?;
        encoder.mark_written();
        Ok(())
    }

    fn sync_data(&mut self) -> Result<(), WalError> {
        self.file.sync_data().doing("sync", &self.path)?;
        self.encoder.synced = self.encoder.position;
        Ok(())
    }
}

impl Wal {
    /// Makes a new log in `options.dir`, whose parent must be there and durable. It appears under
    /// its name whole or not at all.
    ///
    /// # Errors
    /// [`WalError::Exists`], what the disk says.
    pub fn create(
        machine: impl Into<Machine>,
        options: Options,
        metadata: &[u8],
    ) -> Result<Self, WalError> {
        let machine = machine.into();
        let dir = options.dir.clone();
        if exists(&machine, &dir)? {
            return Err(WalError::Exists { dir });
        }
        let unfinished = format!("{dir}.tmp");
        remove_unfinished(&machine, &unfinished)?;
        remove_empty(&machine, &dir)?;
        machine.disk.create_dir(&unfinished).doing("create", &unfinished)?;
        let name = SegmentName { sequence: 0, index: 0 };
        let head = Head { metadata, chain: 0, state: HardState::default(), first: true };
        let mut tail = head.write(&machine, &options, name, &name.path(&unfinished))?;
        sync_dir(&machine, &unfinished)?;
        machine.probe.point("wal/before-rename");
        machine.disk.rename(&unfinished, &dir).doing("rename", &unfinished)?;
        machine.probe.point("wal/after-rename");
        sync_renamed(&machine, parent(&dir))?;
        let lock = lock(&machine, &dir)?;
        tail.path = name.path(&dir);
        let recovered = Recovered { metadata: metadata.to_vec(), ..Recovered::default() };
        Ok(Self::assemble(machine, options, lock, vec![name], tail, &recovered, 0))
    }

    pub(crate) fn assemble(
        machine: Machine,
        options: Options,
        lock: Box<dyn FileLock>,
        segments: Vec<SegmentName>,
        tail: Tail,
        recovered: &Recovered,
        index: u64,
    ) -> Self {
        Self {
            machine,
            options,
            metadata: recovered.metadata.clone(),
            state: recovered.hard_state,
            index,
            segments,
            tail,
            payload: Vec::new(),
            failed: None,
            _lock: lock,
        }
    }

    /// Appends entries, then the hard state. With `sync`, all that was ever appended is durable
    /// when this returns; without, it may be lost. Cuts a new segment when the last one is full.
    ///
    /// # Errors
    /// [`WalError::TooLarge`]: nothing was appended. [`WalError::DiskFull`] and whatever else the
    /// disk says: nothing of this call may be acknowledged, and every later call fails the same way.
    pub fn save(
        &mut self,
        state: Option<&HardState>,
        entries: &[Entry],
        sync: bool,
    ) -> Result<(), WalError> {
        self.check(entries)?;
        let saved = self.append(state, entries, sync);
        self.remember_failure(saved)
    }

    fn check(&self, entries: &[Entry]) -> Result<(), WalError> {
        let largest = entries.iter().map(|entry| entry.data.len()).max().unwrap_or(0);
        let limit = PAYLOAD_BYTES_MAX / 2;
        match &self.failed {
            Some(error) => Err(error.clone()),
            None if largest > limit => Err(WalError::TooLarge { bytes: largest, limit }),
            None => Ok(()),
        }
    }

    fn append(
        &mut self,
        state: Option<&HardState>,
        entries: &[Entry],
        sync: bool,
    ) -> Result<(), WalError> {
        for entry in entries {
            encode_entry(entry, &mut self.payload);
            self.tail.encoder.frame(ENTRY, &self.payload);
            self.index = entry.index;
        }
        if let Some(state) = state {
            self.tail.encoder.frame(STATE, &encode_state(state));
            self.state = *state;
        }
        if !self.tail.encoder.buffer.is_empty() {
            self.tail.flush()?;
            self.machine.probe.point("wal/after-append");
        }
        if physical(self.tail.encoder.position) >= self.options.segment_bytes {
            return self.cut();
        }
        if sync {
            self.tail.sync_data()?;
            self.machine.probe.point("wal/after-sync");
        }
        Ok(())
    }

    /// Records that a snapshot is durable, and syncs. The snapshot itself must be durable before.
    ///
    /// # Errors
    /// As [`Wal::save`].
    pub fn save_snapshot(&mut self, mark: SnapshotMark) -> Result<(), WalError> {
        self.check(&[])?;
        self.tail.encoder.frame(SNAPSHOT, &encode_mark(mark));
        // Only when the snapshot is ahead: it may be of applied entries that are in the log.
        self.index = self.index.max(mark.index);
        let saved = self.append(None, &[], true);
        self.remember_failure(saved)
    }

    /// Makes everything appended so far durable.
    ///
    /// # Errors
    /// As [`Wal::save`].
    pub fn sync(&mut self) -> Result<(), WalError> {
        self.save(None, &[], true)
    }

    /// Removes segments that recovery from a snapshot at `index` would not read. The caller keeps
    /// `index` at or below the oldest snapshot that it may start from.
    ///
    /// # Errors
    /// What the disk says. The log stays usable: a segment too many does no harm.
    pub fn release_to(&mut self, index: u64) -> Result<(), WalError> {
        if let Some(error) = &self.failed {
            return Err(error.clone());
        }
        let unneeded = self.segments.windows(2).take_while(|pair| pair[1].index <= index).count();
        for _ in 0..unneeded {
            let path = self.segments[0].path(&self.options.dir);
            match self.machine.disk.remove(&path) {
                Err(error) if error.kind() != io::ErrorKind::NotFound => {
                    return Err(WalError::io("remove", &path, error));
                }
                Ok(()) | Err(_) => drop(self.segments.remove(0)),
            }
        }
        if unneeded > 0 { sync_dir(&self.machine, &self.options.dir) } else { Ok(()) }
    }

    /// The segment files in use, oldest first.
    pub fn segments(&self) -> Vec<String> {
        self.segments.iter().map(|name| name.file()).collect()
    }

    /// The last entry or snapshot recorded.
    pub fn last_index(&self) -> u64 {
        self.index
    }

    fn remember_failure(&mut self, result: Result<(), WalError>) -> Result<(), WalError> {
        if let Err(error) = &result {
            self.failed = Some(error.clone());
        }
        result
    }

    /// Goes on in a new segment. The old one is cut to its contents and durable before; the new one
    /// gets its name when its head is durable. Upstream: WAL.cut.
    fn cut(&mut self) -> Result<(), WalError> {
        let old = &mut self.tail;
        old.file.set_len(physical(old.encoder.position)).doing("truncate", &old.path)?;
        old.file.sync().doing("sync", &old.path)?;
        let name = SegmentName { sequence: old.name.sequence + 1, index: self.index + 1 };
        let path = name.path(&self.options.dir);
        let unfinished = format!("{path}.tmp");
        let chain = old.encoder.chain;
        let head = Head { metadata: &self.metadata, chain, state: self.state, first: false };
        let mut tail = head.write(&self.machine, &self.options, name, &unfinished)?;
        self.machine.probe.point("wal/before-rename");
        self.machine.disk.rename(&unfinished, &path).doing("rename", &unfinished)?;
        self.machine.probe.point("wal/after-rename");
        sync_renamed(&self.machine, &self.options.dir)?;
        event!(self.machine, Debug, "wal: created a new segment", path = &path);
        tail.path = path;
        self.tail = tail;
        self.segments.push(name);
        Ok(())
    }
}

/// What every segment begins with.
struct Head<'a> {
    metadata: &'a [u8],
    chain: u32,
    state: HardState,
    first: bool,
}

impl Head<'_> {
    /// Writes a preallocated segment with this head and makes it durable.
    fn write(
        &self,
        machine: &Machine,
        options: &Options,
        name: SegmentName,
        path: &str,
    ) -> Result<Tail, WalError> {
        let file = machine.disk.open(path, Open::Truncate).doing("create", path)?;
        file.allocate(options.segment_bytes).doing("allocate", path)?;
        let mut encoder = Encoder::new(name.sequence, 0, self.chain);
        encoder.frame(CHAIN, &self.chain.to_le_bytes());
        encoder.frame(METADATA, self.metadata);
        if self.first {
            // The empty snapshot, from which a log without one is opened.
            encoder.frame(SNAPSHOT, &encode_mark(SnapshotMark::default()));
        }
        if self.state != HardState::default() {
            encoder.frame(STATE, &encode_state(&self.state));
        }
        let mut tail = Tail { name, path: path.to_owned(), file, encoder };
        tail.flush()?;
        tail.file.sync().doing("sync", path)?;
        tail.encoder.synced = tail.encoder.position;
        Ok(tail)
    }
}

pub(crate) fn lock(machine: &Machine, dir: &str) -> Result<Box<dyn FileLock>, WalError> {
    match machine.disk.lock(&format!("{dir}/lock")) {
        Err(error) if error.kind() == io::ErrorKind::WouldBlock => {
            Err(WalError::Locked { dir: dir.to_owned() })
        }
        result => result.doing("lock", dir),
    }
}

pub(crate) fn sync_dir(machine: &Machine, dir: &str) -> Result<(), WalError> {
    machine.disk.sync_dir(dir).doing("sync", dir)
}

/// Makes a new name durable.
fn sync_renamed(machine: &Machine, dir: &str) -> Result<(), WalError> {
    // E17: upstream did not sync the directory after a segment was renamed (#6368).
    if machine.defects.has("E17") { Ok(()) } else { sync_dir(machine, dir) }
}

/// The directory that a path is in.
pub(crate) fn parent(path: &str) -> &str {
    match path.trim_end_matches('/').rsplit_once('/') {
        Some(("", _)) => "/",
        Some((parent, _)) => parent,
        None => ".",
    }
}

/// Removes the directory that an interrupted `create` left, with its files.
fn remove_unfinished(machine: &Machine, dir: &str) -> Result<(), WalError> {
    for name in list_if_there(machine, dir)?.unwrap_or_default() {
        let path = format!("{dir}/{name}");
        machine.disk.remove(&path).doing("remove", &path)?;
    }
    remove_empty(machine, dir)
}

/// Makes way for the new directory. One with files that are not ours is refused.
fn remove_empty(machine: &Machine, dir: &str) -> Result<(), WalError> {
    match list_if_there(machine, dir)? {
        Some(_) => machine.disk.remove(dir).doing("remove", dir),
        None => Ok(()),
    }
}

fn list_if_there(machine: &Machine, dir: &str) -> Result<Option<Vec<String>>, WalError> {
    match machine.disk.list(dir) {
        Err(error) if error.kind() == io::ErrorKind::NotFound => Ok(None),
        names => names.doing("list", dir).map(Some),
    }
}
