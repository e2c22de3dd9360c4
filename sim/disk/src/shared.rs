//! A disk model behind [`host::Disk`], without a machine around it: for tests of components.
//!
//! Jobs run at once and take no time. A simulated machine has its own adapter, which charges the
//! latency to the waiting task.

use crate::{DiskModel, FileHandle, LockHandle, Process};
use host::{BlockFile, BoxFuture, Disk, FileLock, Open};
use parking_lot::{Mutex, MutexGuard};
use std::{io, sync::Arc};

/// A disk that one process uses. Clones are the same disk.
#[derive(Clone, Debug)]
pub struct SharedDisk {
    model: Arc<Mutex<DiskModel>>,
    process: Process,
}

impl SharedDisk {
    /// Shares a model out to one process.
    pub fn new(model: DiskModel, process: Process) -> Self {
        Self { model: Arc::new(Mutex::new(model)), process }
    }

    /// The same disk, used by another process of the machine.
    pub fn for_process(&self, process: Process) -> Self {
        Self { model: self.model.clone(), process }
    }

    /// The model, for faults and inspection. Not to be held across a disk operation.
    pub fn model(&self) -> MutexGuard<'_, DiskModel> {
        self.model.lock()
    }
}

impl Disk for SharedDisk {
    fn open(&self, path: &str, how: Open) -> io::Result<Arc<dyn BlockFile>> {
        let handle = self.model().open(self.process, path, how)?;
        Ok(Arc::new(SharedFile { model: self.model.clone(), handle }))
    }

    fn rename(&self, from: &str, to: &str) -> io::Result<()> {
        self.model().rename(from, to)
    }

    fn remove(&self, path: &str) -> io::Result<()> {
        self.model().remove(path)
    }

    fn create_dir(&self, path: &str) -> io::Result<()> {
        self.model().create_dir(path)
    }

    fn list(&self, dir: &str) -> io::Result<Vec<String>> {
        self.model().list(dir)
    }

    fn sync_dir(&self, dir: &str) -> io::Result<()> {
        self.model().sync_dir(dir)
    }

    fn lock(&self, path: &str) -> io::Result<Box<dyn FileLock>> {
        let lock = self.model().lock(self.process, path)?;
        Ok(Box::new(SharedLock { model: self.model.clone(), lock }))
    }

    fn job(&self, work: Box<dyn FnOnce() + Send>) -> BoxFuture<'static, ()> {
        work();
        Box::pin(std::future::ready(()))
    }
}

struct SharedFile {
    model: Arc<Mutex<DiskModel>>,
    handle: FileHandle,
}

impl BlockFile for SharedFile {
    fn len(&self) -> io::Result<u64> {
        self.model.lock().len(self.handle)
    }

    fn read_at(&self, offset: u64, buffer: &mut [u8]) -> io::Result<usize> {
        self.model.lock().read_at(self.handle, offset, buffer)
    }

    fn write_at(&self, offset: u64, data: &[u8]) -> io::Result<()> {
        self.model.lock().write_at(self.handle, offset, data)
    }

    fn set_len(&self, len: u64) -> io::Result<()> {
        self.model.lock().set_len(self.handle, len)
    }

    fn allocate(&self, len: u64) -> io::Result<()> {
        self.model.lock().allocate(self.handle, len)
    }

    fn sync(&self) -> io::Result<()> {
        self.model.lock().sync(self.handle)
    }

    fn sync_data(&self) -> io::Result<()> {
        self.model.lock().sync_data(self.handle)
    }

    fn forget(&self) -> io::Result<bool> {
        self.model.lock().forget(self.handle)
    }
}

impl Drop for SharedFile {
    fn drop(&mut self) {
        self.model.lock().close(self.handle);
    }
}

struct SharedLock {
    model: Arc<Mutex<DiskModel>>,
    lock: LockHandle,
}

impl FileLock for SharedLock {}

impl Drop for SharedLock {
    fn drop(&mut self) {
        self.model.lock().unlock(self.lock);
    }
}
