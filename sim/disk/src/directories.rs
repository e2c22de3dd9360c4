//! Operations on names, and locks.

use crate::{
    DiskModel, LockHandle, Process,
    model::{Kind, eio, happens},
    names::{Inode, NameOp, ROOT, split},
};
use std::io;

impl DiskModel {
    /// As [`host::Disk::rename`].
    ///
    /// # Errors
    /// As there; `InvalidInput` when a directory would move below itself.
    pub fn rename(&mut self, from: &str, to: &str) -> io::Result<()> {
        self.begin(Kind::Name, None)?;
        let (from, to) = (self.names.place(from)?, self.names.place(to)?);
        let inode = self.names.at(&from).ok_or(io::ErrorKind::NotFound)?;
        if from == to {
            return Ok(());
        }
        if self.names.is_below(to.0, inode) {
            return Err(io::ErrorKind::InvalidInput.into());
        }
        let replaced = self.names.at(&to);
        self.check_replace(inode, replaced)?;
        self.names.change(NameOp::Rename { from, to, inode });
        self.unlink(replaced);
        Ok(())
    }

    fn check_replace(&self, moved: Inode, replaced: Option<Inode>) -> io::Result<()> {
        let Some(replaced) = replaced else { return Ok(()) };
        match (self.names.is_directory(moved), self.names.is_directory(replaced)) {
            (false, false) => Ok(()),
            (false, true) => Err(io::ErrorKind::IsADirectory.into()),
            (true, false) => Err(io::ErrorKind::NotADirectory.into()),
            (true, true) if self.names.is_empty(replaced) => Ok(()),
            (true, true) => Err(io::ErrorKind::DirectoryNotEmpty.into()),
        }
    }

    /// As [`host::Disk::remove`].
    ///
    /// # Errors
    /// As there.
    pub fn remove(&mut self, path: &str) -> io::Result<()> {
        self.begin(Kind::Name, None)?;
        let at = self.names.place(path)?;
        let inode = self.names.at(&at).ok_or(io::ErrorKind::NotFound)?;
        if self.names.is_directory(inode) && !self.names.is_empty(inode) {
            return Err(io::ErrorKind::DirectoryNotEmpty.into());
        }
        self.names.change(NameOp::Unlink { at });
        self.unlink(Some(inode));
        Ok(())
    }

    /// As [`host::Disk::create_dir`]. Each new directory's name is durable once its parent is
    /// synced.
    ///
    /// # Errors
    /// As there; `NotADirectory` when a file is in the way.
    pub fn create_dir(&mut self, path: &str) -> io::Result<()> {
        self.begin(Kind::Name, None)?;
        let mut parent = ROOT;
        for part in split(path)? {
            let place = (parent, part.to_owned());
            parent = match self.names.at(&place) {
                Some(inode) if self.names.is_directory(inode) => inode,
                Some(_) => return Err(io::ErrorKind::NotADirectory.into()),
                None => {
                    let inode = self.take_inode();
                    self.names.add_directory(place, inode);
                    inode
                }
            };
        }
        Ok(())
    }

    /// As [`host::Disk::list`].
    ///
    /// # Errors
    /// As there.
    pub fn list(&mut self, directory: &str) -> io::Result<Vec<String>> {
        self.begin(Kind::Name, None)?;
        self.names.list(self.names.find(directory)?)
    }

    /// As [`host::Disk::sync_dir`]. Names below it, and its own, are not included.
    ///
    /// # Errors
    /// As there.
    pub fn sync_dir(&mut self, directory: &str) -> io::Result<()> {
        self.begin(Kind::Sync, None)?;
        let inode = self.names.find(directory)?;
        if !self.names.is_directory(inode) {
            return Err(io::ErrorKind::NotADirectory.into());
        }
        if happens(&mut self.rng, self.faults.sync_error) {
            return Err(eio());
        }
        self.names.sync(inode);
        self.collect();
        self.counts.syncs += 1;
        Ok(())
    }

    /// As [`host::Disk::lock`]: held until unlocked, released with the process, or power is lost.
    ///
    /// # Errors
    /// `WouldBlock` when it is held, also by the same process.
    pub fn lock(&mut self, process: Process, path: &str) -> io::Result<LockHandle> {
        self.begin(Kind::Name, None)?;
        let place = self.names.place(path)?;
        let inode = match self.names.at(&place) {
            Some(inode) => inode,
            None => self.create(place),
        };
        if self.locks.values().any(|(held, _)| *held == inode) {
            return Err(io::ErrorKind::WouldBlock.into());
        }
        let handle = self.take_handle();
        self.locks.insert(handle, (inode, process));
        Ok(LockHandle(handle))
    }

    /// Gives a lock back; a void handle is ignored.
    pub fn unlock(&mut self, lock: LockHandle) {
        self.locks.remove(&lock.0);
    }
}
