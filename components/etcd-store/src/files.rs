//! Snapshot files: copies of the backend that leave this member, and such that arrive.
//!
//! In the directory of the backend stand `db`, while work is under way `*.tmp` files that mean
//! nothing after a crash, and `<index>.snap.db` files: snapshots received whole and not yet
//! installed, whose index the write-ahead log may name.

use crate::{
    backend::{
        Backend, Position,
        database::{self, disk_fault},
        snapshot_view, sync_parent, write_again,
    },
    batch::Table,
    error::StoreError,
    meta,
};
use bytes::Bytes;
use host::{BlockFile, Defects, Disk, Host, Open};
use redb::ReadTransaction;
use sha2::{Digest, Sha256};
use std::{fmt, sync::Arc};

/// Bytes read at a time when a file is hashed.
const CHUNK: usize = 64 << 10;
const RECEIVED: &str = ".snap.db";

pub(crate) fn backend_path(dir: &str) -> String {
    format!("{dir}/db")
}

pub(crate) fn received_path(dir: &str, index: u64) -> String {
    format!("{dir}/{index:016x}{RECEIVED}")
}

/// Removes what a crash left behind, and received snapshots other than the wanted one.
pub(crate) fn clean(host: &Host, dir: &str, wanted: u64) -> Result<(), StoreError> {
    let (disk, fault) = (&*host.disk, disk_fault(dir));
    let wanted = format!("{wanted:016x}{RECEIVED}");
    for name in disk.list(dir).map_err(&fault)? {
        // E14c, #20271: what a crashed defragmentation wrote stays, and is written to again.
        if host.defects.has("E14c") && name == "db.tmp" {
            continue;
        }
        if name.ends_with(".tmp") || (name.ends_with(RECEIVED) && name != wanted) {
            disk.remove(&format!("{dir}/{name}")).map_err(&fault)?;
        }
    }
    Ok(())
}

/// True when a received snapshot stands ready.
pub(crate) fn is_received(disk: &dyn Disk, dir: &str, index: u64) -> Result<bool, StoreError> {
    let names = disk.list(dir).map_err(disk_fault(dir))?;
    Ok(names.contains(&format!("{index:016x}{RECEIVED}")))
}

/// How far the log is applied in a received snapshot, which is opened for it.
pub(crate) fn position_of(
    disk: &dyn Disk,
    path: &str,
    cache_bytes: usize,
) -> Result<Position, StoreError> {
    let db = database::Db::open(disk, path, Open::ReadWrite, cache_bytes)?;
    let rows = database::view_rows(&db.read()?, Table::Meta, path)?;
    drop(db);
    let file = disk.open(path, Open::ReadWrite).map_err(disk_fault(path))?;
    file.sync().map_err(disk_fault(path))?;
    meta::position(&rows)
}

/// A copy of what is committed, about to be made.
pub struct SnapshotJob {
    host: Host,
    view: ReadTransaction,
    path: String,
    cache_bytes: usize,
}

impl fmt::Debug for SnapshotJob {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("SnapshotJob").field("path", &self.path).finish_non_exhaustive()
    }
}

/// A finished copy; its name is gone already, its space goes with this value.
#[derive(Debug)]
pub struct SnapshotFile {
    /// The last entry included.
    pub position: Position,
    /// Raft's configuration as its owner encoded it, as of that entry; empty before the first.
    pub conf_state: Bytes,
    /// Length in bytes.
    pub size: u64,
    /// SHA-256 of the whole file.
    pub digest: [u8; 32],
    file: Arc<dyn BlockFile>,
}

impl SnapshotFile {
    /// Reads a part; fewer bytes than asked only at the end. Blocking.
    ///
    /// # Errors
    /// As [`BlockFile::read_at`].
    pub fn read_at(&self, offset: u64, buffer: &mut [u8]) -> std::io::Result<usize> {
        self.file.read_at(offset, buffer)
    }
}

impl SnapshotJob {
    pub(crate) fn new(
        host: &Host,
        backend: &Backend,
        path: String,
        cache_bytes: usize,
    ) -> Result<Self, StoreError> {
        Ok(Self { host: host.clone(), view: snapshot_view(backend)?, path, cache_bytes })
    }

    /// Copies and hashes; blocking. Entries may be applied and committed meanwhile.
    ///
    /// # Errors
    /// Whatever the disk says, and when the backend was replaced meanwhile.
    pub fn run(self, disk: &dyn Disk) -> Result<SnapshotFile, StoreError> {
        self.host.point("snapshot/before-copy");
        let fault = disk_fault(&self.path);
        database::copy(&self.view, disk, &self.path, Open::Truncate, self.cache_bytes)?;
        let meta_rows = database::view_rows(&self.view, Table::Meta, &self.path)?;
        let file = disk.open(&self.path, Open::Read).map_err(&fault)?;
        disk.remove(&self.path).map_err(&fault)?;
        let (size, digest) = hash(&*file).map_err(&fault)?;
        let position = meta::position(&meta_rows)?;
        let conf_state = meta::conf_state(&meta_rows).unwrap_or_default();
        Ok(SnapshotFile { position, conf_state, size, digest, file })
    }
}

fn hash(file: &dyn BlockFile) -> std::io::Result<(u64, [u8; 32])> {
    let mut hasher = Sha256::new();
    let mut buffer = vec![0; CHUNK];
    let mut offset = 0;
    loop {
        let read = file.read_at(offset, &mut buffer)?;
        if read == 0 {
            return Ok((offset, hasher.finalize().into()));
        }
        hasher.update(&buffer[..read]);
        offset += read as u64;
    }
}

/// A snapshot on its way in. All methods block.
#[derive(Debug)]
pub struct SnapshotReceiver {
    dir: String,
    index: u64,
    digest: [u8; 32],
    tmp: String,
    file: Arc<dyn BlockFile>,
    /// An earlier attempt wrote a part, and may have ended with a failed sync.
    resumed: bool,
}

impl SnapshotReceiver {
    /// Begins, or goes on where an earlier attempt at the same file stopped: see
    /// [`SnapshotReceiver::received`].
    ///
    /// # Errors
    /// Whatever the disk says.
    pub fn open(
        disk: &dyn Disk,
        dir: &str,
        index: u64,
        digest: [u8; 32],
    ) -> Result<Self, StoreError> {
        let mark = u64::from_be_bytes([0, 1, 2, 3, 4, 5, 6, 7].map(|at: usize| digest[at]));
        let tmp = format!("{dir}/{index:016x}-{mark:016x}.tmp");
        let file = disk.open(&tmp, Open::Create).map_err(disk_fault(&tmp))?;
        let resumed = !file.is_empty().map_err(disk_fault(&tmp))?;
        Ok(Self { dir: dir.to_owned(), index, digest, tmp, file, resumed })
    }

    /// Bytes there already.
    ///
    /// # Errors
    /// Whatever the disk says.
    pub fn received(&self) -> Result<u64, StoreError> {
        self.file.len().map_err(disk_fault(&self.tmp))
    }

    /// Writes a part.
    ///
    /// # Errors
    /// Whatever the disk says.
    pub fn write(&self, offset: u64, data: &[u8]) -> Result<(), StoreError> {
        self.file.write_at(offset, data).map_err(disk_fault(&self.tmp))
    }

    /// Checks the digest and makes the file durable under the name by which `install` finds it.
    /// False when the digest differs: the file is removed, and the sender starts over.
    ///
    /// # Errors
    /// Whatever the disk says.
    pub fn finish(self, disk: &dyn Disk, defects: &Defects) -> Result<bool, StoreError> {
        let fault = disk_fault(&self.tmp);
        let (_, digest) = hash(&*self.file).map_err(&fault)?;
        if digest != self.digest {
            disk.remove(&self.tmp).map_err(&fault)?;
            return Ok(false);
        }
        if defects.has("E14a") {
            // #18055: an older snapshot, which is about to be installed, is deleted.
            remove_below(disk, &self.dir, self.index)?;
        }
        if self.resumed {
            write_again(&*self.file).map_err(&fault)?;
        }
        self.file.sync().map_err(&fault)?;
        let path = received_path(&self.dir, self.index);
        disk.rename(&self.tmp, &path).map_err(&fault)?;
        sync_parent(disk, &path)?;
        Ok(true)
    }
}

/// Removes received snapshots older than one that is installed.
pub(crate) fn remove_below(disk: &dyn Disk, dir: &str, index: u64) -> Result<(), StoreError> {
    let fault = disk_fault(dir);
    for name in disk.list(dir).map_err(&fault)? {
        let of = name.strip_suffix(RECEIVED).and_then(|of| u64::from_str_radix(of, 16).ok());
        if of.is_some_and(|of| of < index) {
            disk.remove(&format!("{dir}/{name}")).map_err(&fault)?;
        }
    }
    Ok(())
}
