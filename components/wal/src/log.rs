//! The log in use: appending, syncing, cutting segments, letting old ones go.

use crate::{
    Machine, Options, SnapshotMark, WalError,
    create::Head,
    error::Doing,
    frame::{Encoder, PAYLOAD_BYTES_MAX, physical},
    open::Recovered,
    record::{ENTRY, SNAPSHOT, STATE, encode_entry, encode_mark, encode_state},
    segment::SegmentName,
};
use host::{BlockFile, FileLock, event, sometimes};
use raft::types::{Entry, EntryId, HardState};
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
    last: EntryId,
    segments: Vec<SegmentName>,
    tail: Tail,
    /// Since the log was opened.
    written: u64,
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
    pub(crate) fn flush(&mut self) -> Result<(), WalError> {
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
    pub(crate) fn assemble(
        machine: Machine,
        options: Options,
        lock: Box<dyn FileLock>,
        segments: Vec<SegmentName>,
        tail: Tail,
        recovered: &Recovered,
        last: EntryId,
    ) -> Self {
        Self {
            machine,
            options,
            metadata: recovered.metadata.clone(),
            state: recovered.hard_state,
            last,
            segments,
            tail,
            written: 0,
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
            self.last = EntryId { term: entry.term, index: entry.index };
        }
        if let Some(state) = state {
            self.tail.encoder.frame(STATE, &encode_state(state));
            self.state = *state;
        }
        if !self.tail.encoder.buffer.is_empty() {
            self.written += self.tail.encoder.buffer.len() as u64;
            self.tail.flush()?;
            self.machine.probe.point("wal/after-append");
        }
        if physical(self.tail.encoder.position) >= self.options.segment_bytes {
            return self.cut();
        }
        if sync {
            self.tail.sync_data()?;
            self.machine.probe.point("wal/after-sync");
            self.tell_synced();
        }
        Ok(())
    }

    /// For who reads a trace: what the log has made durable, before its owner knows.
    fn tell_synced(&self) {
        let HardState { term, vote, commit } = self.state;
        let index = self.last.index;
        event!(
            self.machine,
            Fact,
            "wal/synced",
            index = index,
            term = term,
            vote = vote,
            commit = commit
        );
    }

    /// Records that a snapshot of entries that are in the log is durable, and syncs. The snapshot
    /// itself must be durable before.
    ///
    /// # Errors
    /// As [`Wal::save`].
    pub fn save_snapshot(&mut self, mark: SnapshotMark) -> Result<(), WalError> {
        self.check(&[])?;
        self.tail.encoder.frame(SNAPSHOT, &encode_mark(mark));
        let saved = self.append(None, &[], true);
        self.remember_failure(saved)
    }

    /// The same of a snapshot that was received and replaces the log: it does not have the
    /// snapshot's last entry, and what it has above that is not to be read again.
    ///
    /// # Errors
    /// As [`Wal::save`].
    pub fn save_received(&mut self, mark: SnapshotMark) -> Result<(), WalError> {
        self.check(&[])?;
        self.last = EntryId { term: mark.term, index: mark.index };
        self.save_snapshot(mark)
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

    /// Bytes of records written since the log was opened, without the heads of new segments.
    pub fn written_bytes(&self) -> u64 {
        self.written
    }

    /// The last entry or snapshot recorded.
    pub fn last(&self) -> EntryId {
        self.last
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
        let name = SegmentName { sequence: old.name.sequence + 1, index: self.last.index + 1 };
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
        sometimes!(self.machine, "wal: a segment is cut");
        tail.path = path;
        self.tail = tail;
        self.segments.push(name);
        self.tell_synced();
        Ok(())
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
pub(crate) fn sync_renamed(machine: &Machine, dir: &str) -> Result<(), WalError> {
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
