//! Files: what survives a restart, and what does not.
//!
//! A write is durable only after [`BlockFile::sync`] or [`BlockFile::sync_data`] returned `Ok`; a
//! name (created, renamed, removed) only after [`Disk::sync_dir`] of its directory did. Until then
//! a crash of the *process* loses nothing, and a crash of the *machine* may keep any subset of the
//! unsynced 512-byte sectors, in any order. After a sync that failed, what was written since the
//! last good one is in doubt for ever: the caller must not retry the sync and go on.
//!
//! Paths are UTF-8, absolute or relative to the machine's root, `/` between components. All calls
//! block: use them within [`crate::Host::disk_job`], or where the data is known to be cached.

use crate::BoxFuture;
use std::{fmt, io, sync::Arc};

/// How to open a file.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Open {
    /// It must exist; for reading only.
    Read,
    /// It must exist.
    ReadWrite,
    /// Created empty if absent.
    Create,
    /// It must not exist (`AlreadyExists`).
    CreateNew,
    /// Created, or emptied if it exists.
    Truncate,
}

/// An open file: positioned reads and writes, no cursor. Closed by dropping.
pub trait BlockFile: Send + Sync {
    /// Length in bytes.
    ///
    /// # Errors
    /// EIO.
    fn len(&self) -> io::Result<u64>;
    /// True when the length is zero.
    ///
    /// # Errors
    /// As [`BlockFile::len`].
    fn is_empty(&self) -> io::Result<bool> {
        Ok(self.len()? == 0)
    }
    /// Reads up to `buffer.len()` bytes at `offset`; fewer only at the end of the file.
    ///
    /// # Errors
    /// EIO: the sector cannot be read.
    fn read_at(&self, offset: u64, buffer: &mut [u8]) -> io::Result<usize>;
    /// Writes all of `data` at `offset`, extending the file if needed (a gap reads as zeros).
    ///
    /// # Errors
    /// `StorageFull` (nothing or a part was written), EIO.
    fn write_at(&self, offset: u64, data: &[u8]) -> io::Result<()>;
    /// Cuts or extends with zeros. Extending reserves no space.
    ///
    /// # Errors
    /// EIO, `StorageFull`.
    fn set_len(&self, len: u64) -> io::Result<()>;
    /// Reserves space for `len` bytes in all, so that writes below it cannot meet a full disk; the
    /// length grows to `len` and new bytes read as zeros.
    ///
    /// # Errors
    /// `StorageFull`: nothing is changed.
    fn allocate(&self, len: u64) -> io::Result<()>;
    /// Makes contents and length durable (fsync).
    ///
    /// # Errors
    /// EIO: what was written since the last good sync is lost or in doubt. Never retry.
    fn sync(&self) -> io::Result<()>;
    /// Makes contents durable, and the length where it is needed to read them (fdatasync).
    ///
    /// # Errors
    /// As [`BlockFile::sync`].
    fn sync_data(&self) -> io::Result<()>;
    /// Syncs, then drops what the machine remembers of the file, so that reads show what the disk
    /// holds. After a failed sync, also of a process before this one, the machine goes on showing
    /// what it could not write, and takes it for written.
    ///
    /// False when something may still be remembered: then only writing it again makes it durable.
    ///
    /// # Errors
    /// As [`BlockFile::sync`].
    fn forget(&self) -> io::Result<bool>;
}

impl fmt::Debug for dyn BlockFile {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("BlockFile")
    }
}

/// An exclusive hold on a path, released when dropped or when the process dies.
pub trait FileLock: Send + Sync {}

impl fmt::Debug for dyn FileLock {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("FileLock")
    }
}

/// The machine's file system.
pub trait Disk: Send + Sync {
    /// Opens a file.
    ///
    /// # Errors
    /// `NotFound`, `AlreadyExists`, `PermissionDenied`, `StorageFull`, EIO.
    fn open(&self, path: &str, how: Open) -> io::Result<Arc<dyn BlockFile>>;
    /// Renames a file or directory, replacing a file at `to` atomically.
    ///
    /// # Errors
    /// `NotFound`, EIO.
    fn rename(&self, from: &str, to: &str) -> io::Result<()>;
    /// Removes a file or an empty directory. Open files stay readable until closed.
    ///
    /// # Errors
    /// `NotFound`, `DirectoryNotEmpty`, EIO.
    fn remove(&self, path: &str) -> io::Result<()>;
    /// Creates a directory and its missing parents; existing ones are fine.
    ///
    /// # Errors
    /// `PermissionDenied`, `StorageFull`, EIO.
    fn create_dir(&self, path: &str) -> io::Result<()>;
    /// The names in a directory, sorted.
    ///
    /// # Errors
    /// `NotFound`, EIO.
    fn list(&self, dir: &str) -> io::Result<Vec<String>>;
    /// Makes the names in `dir` durable (fsync of the directory).
    ///
    /// # Errors
    /// As [`BlockFile::sync`].
    fn sync_dir(&self, dir: &str) -> io::Result<()>;
    /// Takes an exclusive advisory lock on `path`, creating the file if absent.
    ///
    /// # Errors
    /// `WouldBlock` when another process holds it.
    fn lock(&self, path: &str) -> io::Result<Box<dyn FileLock>>;
    /// Runs blocking work off the async path; see [`crate::Host::disk_job`]. Jobs of one host may
    /// run at the same time.
    fn job(&self, work: Box<dyn FnOnce() + Send>) -> BoxFuture<'static, ()>;
}
