//! Our disk model on a foreign engine: jobs take the time that the model charges.

use disk::SharedDisk;
use host::{BlockFile, BoxFuture, Clock, Disk, FileLock, Open};
use std::{io, sync::Arc};

/// A machine's disk, its latency passing by the engine's clock.
pub struct LatentDisk {
    disk: SharedDisk,
    clock: Arc<dyn Clock>,
}

impl std::fmt::Debug for LatentDisk {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_struct("LatentDisk").field("disk", &self.disk).finish_non_exhaustive()
    }
}

impl LatentDisk {
    /// The disk of a machine with this clock.
    pub fn new(disk: SharedDisk, clock: Arc<dyn Clock>) -> Self {
        Self { disk, clock }
    }
}

impl Disk for LatentDisk {
    fn open(&self, path: &str, how: Open) -> io::Result<Arc<dyn BlockFile>> {
        self.disk.open(path, how)
    }

    fn rename(&self, from: &str, to: &str) -> io::Result<()> {
        self.disk.rename(from, to)
    }

    fn remove(&self, path: &str) -> io::Result<()> {
        self.disk.remove(path)
    }

    fn create_dir(&self, path: &str) -> io::Result<()> {
        self.disk.create_dir(path)
    }

    fn list(&self, dir: &str) -> io::Result<Vec<String>> {
        self.disk.list(dir)
    }

    fn sync_dir(&self, dir: &str) -> io::Result<()> {
        self.disk.sync_dir(dir)
    }

    fn lock(&self, path: &str) -> io::Result<Box<dyn FileLock>> {
        self.disk.lock(path)
    }

    fn job(&self, work: Box<dyn FnOnce() + Send>) -> BoxFuture<'static, ()> {
        let (disk, clock) = (self.disk.clone(), self.clock.clone());
        Box::pin(async move {
            // What ran outside a job is taken to have met the cache.
            disk.model().take_latency();
            work();
            let took = disk.model().take_latency();
            if !took.is_zero() {
                clock.sleep_until(clock.now() + took).await;
            }
        })
    }
}
