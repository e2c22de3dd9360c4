//! A machine's disk behind `host::Disk`: one boot's view of it, and what its work costs in time.
//!
//! A job's operations take effect when it starts, a sync's included; their summed latency passes
//! before the job is over, at the pace that the disk has meanwhile. A process that dies during it has
//! written, and does not know it. Power that fails *between* two operations of a job is the model's
//! fuse ([`disk::DiskModel::power_fails_after`]): the operation it strikes fails, the machine is off
//! at that instant, and the rest of the job reaches nothing.

use crate::{machine::Machine, world::Inner};
use disk::{DiskModel, FileHandle, LockHandle, PowerLost, Process};
use host::{BlockFile, BoxFuture, Disk, FileLock, Open};
use kernel::{Boot, Kind, key_of};
use std::{
    fmt, io,
    sync::{Arc, Weak},
    time::Duration,
};

const JOB: Kind = Kind::new(67, "disk job");
/// How often a long job looks whether the disk became slower or faster.
const SLICE: Duration = Duration::from_millis(500);
const OPERATION: Kind = Kind::new(68, "disk operation");

/// The disk as one boot of a process sees it.
#[derive(Clone)]
pub(crate) struct MachineDisk(Arc<Mount>);

struct Mount {
    inner: Weak<Inner>,
    machine: Arc<Machine>,
    boot: Boot,
}

impl MachineDisk {
    pub(crate) fn new(inner: Weak<Inner>, machine: Arc<Machine>, boot: Boot) -> Self {
        Self(Arc::new(Mount { inner, machine, boot }))
    }
}

impl Mount {
    fn process(&self) -> Process {
        Process(u64::from(self.boot.number()))
    }

    /// One operation. A boot that is dead reaches nothing; an operation that found the power gone
    /// takes the machine with it.
    fn operate<T>(
        &self,
        name: &'static str,
        on: impl fmt::Display,
        work: impl FnOnce(&mut DiskModel) -> io::Result<T>,
    ) -> io::Result<T> {
        let inner = self.inner.upgrade().filter(|_| self.boot.is_alive());
        let inner = inner.ok_or_else(|| io::Error::other(PowerLost))?;
        let result = work(&mut self.machine.disk.lock());
        let failed = u64::from(result.is_err());
        inner.kernel.record(Some(self.machine.id), OPERATION, key_of(name), failed);
        let how = result.as_ref().err();
        inner.kernel.note(|| match how {
            None => format!("{name} {on}"),
            Some(error) => format!("{name} {on}: {error}"),
        });
        if result.as_ref().is_err_and(PowerLost::caused) {
            inner.lose_power(&self.machine);
        }
        result
    }
}

impl Mount {
    /// Waits as long as a job takes. A long one goes on at the pace that the disk has by then.
    async fn pass(&self, took: Duration) {
        let nanos = u64::try_from(took.as_nanos()).unwrap_or(u64::MAX);
        if let Some(inner) = self.inner.upgrade() {
            inner.kernel.record(Some(self.machine.id), JOB, nanos, 0);
            inner.kernel.note(|| format!("takes {took:?}"));
        }
        let mut left = took;
        loop {
            let Some(inner) = self.inner.upgrade() else { return };
            let (slice, pace) = (left.min(SLICE), self.machine.disk.lock().pace());
            let delay = inner.kernel.delay(self.machine.id, slice);
            drop(inner);
            delay.await;
            left -= slice;
            if left.is_zero() {
                return;
            }
            let now = self.machine.disk.lock().pace();
            if now != pace && !pace.is_zero() {
                left = left.mul_f64(now.as_secs_f64() / pace.as_secs_f64());
            }
        }
    }
}

impl Disk for MachineDisk {
    fn open(&self, path: &str, how: Open) -> io::Result<Arc<dyn BlockFile>> {
        let process = self.0.process();
        let handle = self.0.operate("open", path, |disk| disk.open(process, path, how))?;
        Ok(Arc::new(MachineFile { mount: self.0.clone(), handle, path: path.into() }))
    }

    fn rename(&self, from: &str, to: &str) -> io::Result<()> {
        self.0.operate("rename", format_args!("{from} {to}"), |disk| disk.rename(from, to))
    }

    fn remove(&self, path: &str) -> io::Result<()> {
        self.0.operate("remove", path, |disk| disk.remove(path))
    }

    fn create_dir(&self, path: &str) -> io::Result<()> {
        self.0.operate("create_dir", path, |disk| disk.create_dir(path))
    }

    fn list(&self, dir: &str) -> io::Result<Vec<String>> {
        self.0.operate("list", dir, |disk| disk.list(dir))
    }

    fn sync_dir(&self, dir: &str) -> io::Result<()> {
        self.0.operate("sync_dir", dir, |disk| disk.sync_dir(dir))
    }

    fn lock(&self, path: &str) -> io::Result<Box<dyn FileLock>> {
        let process = self.0.process();
        let lock = self.0.operate("lock", path, |disk| disk.lock(process, path))?;
        Ok(Box::new(MachineLock { mount: self.0.clone(), lock }))
    }

    fn job(&self, work: Box<dyn FnOnce() + Send>) -> BoxFuture<'static, ()> {
        let mount = self.0.clone();
        Box::pin(async move {
            let took = {
                // What ran outside a job is taken to have met the cache.
                mount.machine.disk.lock().take_latency();
                work();
                mount.machine.disk.lock().take_latency()
            };
            mount.pass(took).await;
        })
    }
}

struct MachineFile {
    mount: Arc<Mount>,
    handle: FileHandle,
    /// Its name when it was opened.
    path: Box<str>,
}

impl BlockFile for MachineFile {
    fn len(&self) -> io::Result<u64> {
        self.mount.operate("len", &self.path, |disk| disk.len(self.handle))
    }

    fn read_at(&self, offset: u64, buffer: &mut [u8]) -> io::Result<usize> {
        self.mount.operate(
            "read_at",
            format_args!("{} at {offset}, {} B", self.path, buffer.len()),
            |disk| disk.read_at(self.handle, offset, buffer),
        )
    }

    fn write_at(&self, offset: u64, data: &[u8]) -> io::Result<()> {
        self.mount.operate(
            "write_at",
            format_args!("{} at {offset}, {} B", self.path, data.len()),
            |disk| disk.write_at(self.handle, offset, data),
        )
    }

    fn set_len(&self, len: u64) -> io::Result<()> {
        self.mount.operate("set_len", format_args!("{} {len} B", self.path), |disk| {
            disk.set_len(self.handle, len)
        })
    }

    fn allocate(&self, len: u64) -> io::Result<()> {
        self.mount.operate("allocate", format_args!("{} {len} B", self.path), |disk| {
            disk.allocate(self.handle, len)
        })
    }

    fn sync(&self) -> io::Result<()> {
        self.mount.operate("sync", &self.path, |disk| disk.sync(self.handle))
    }

    fn sync_data(&self) -> io::Result<()> {
        self.mount.operate("sync_data", &self.path, |disk| disk.sync_data(self.handle))
    }

    fn forget(&self) -> io::Result<bool> {
        self.mount.operate("forget", &self.path, |disk| disk.forget(self.handle))
    }
}

impl Drop for MachineFile {
    fn drop(&mut self) {
        // A dead boot's files were closed when it died, and its handles may have been reused.
        if self.mount.boot.is_alive() {
            self.mount.machine.disk.lock().close(self.handle);
        }
    }
}

struct MachineLock {
    mount: Arc<Mount>,
    lock: LockHandle,
}

impl FileLock for MachineLock {}

impl Drop for MachineLock {
    fn drop(&mut self) {
        if self.mount.boot.is_alive() {
            self.mount.machine.disk.lock().unlock(self.lock);
        }
    }
}
