//! Making a new log, and the head that every segment begins with.

use crate::{
    Machine, Options, SnapshotMark, Wal, WalError,
    error::Doing,
    frame::Encoder,
    log::{Tail, lock, parent, sync_dir, sync_renamed},
    open::{Recovered, exists},
    record::{CHAIN, METADATA, SNAPSHOT, STATE, encode_mark, encode_state},
    segment::SegmentName,
};
use host::Open;
use raft::types::{EntryId, HardState};
use std::io;

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
        Ok(Self::assemble(machine, options, lock, vec![name], tail, &recovered, EntryId::default()))
    }
}

/// What every segment begins with.
pub(crate) struct Head<'a> {
    pub(crate) metadata: &'a [u8],
    pub(crate) chain: u32,
    pub(crate) state: HardState,
    pub(crate) first: bool,
}

impl Head<'_> {
    /// Writes a preallocated segment with this head and makes it durable.
    pub(crate) fn write(
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
