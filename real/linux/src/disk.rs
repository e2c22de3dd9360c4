//! Files of the Linux file system, by positioned I/O.

use host::{BlockFile, BoxFuture, Disk, FileLock, Open};
use std::{
    fs::{File, OpenOptions, TryLockError},
    io,
    os::unix::fs::FileExt,
    panic::{AssertUnwindSafe, catch_unwind},
    sync::Arc,
};
use tokio::{
    runtime::{Handle, RuntimeFlavor},
    task::block_in_place,
};

/// The file system as this process sees it; jobs block the worker that polls them.
pub(crate) struct FileSystem {
    handle: Handle,
}

impl FileSystem {
    pub(crate) fn new(handle: Handle) -> Self {
        Self { handle }
    }
}

impl Disk for FileSystem {
    fn open(&self, path: &str, how: Open) -> io::Result<Arc<dyn BlockFile>> {
        let mut options = OpenOptions::new();
        options.read(true);
        match how {
            Open::Read => &mut options,
            Open::ReadWrite => options.write(true),
            Open::Create => options.write(true).create(true).truncate(false),
            Open::CreateNew => options.write(true).create_new(true),
            Open::Truncate => options.write(true).create(true).truncate(true),
        };
        Ok(Arc::new(Positioned(options.open(path)?)))
    }

    fn rename(&self, from: &str, to: &str) -> io::Result<()> {
        std::fs::rename(from, to)
    }

    fn remove(&self, path: &str) -> io::Result<()> {
        match std::fs::remove_file(path) {
            // unlink(2) on a directory: EISDIR on Linux, EPERM by POSIX.
            Err(error) if error.kind() == io::ErrorKind::IsADirectory => std::fs::remove_dir(path),
            result => result,
        }
    }

    fn create_dir(&self, path: &str) -> io::Result<()> {
        std::fs::create_dir_all(path)
    }

    fn list(&self, dir: &str) -> io::Result<Vec<String>> {
        let mut names = Vec::new();
        for entry in std::fs::read_dir(dir)? {
            names.push(entry?.file_name().to_string_lossy().into_owned());
        }
        names.sort();
        Ok(names)
    }

    fn sync_dir(&self, dir: &str) -> io::Result<()> {
        File::open(dir)?.sync_all()
    }

    /// flock(2): also two holders within one process exclude each other.
    fn lock(&self, path: &str) -> io::Result<Box<dyn FileLock>> {
        let file = OpenOptions::new().write(true).create(true).truncate(false).open(path)?;
        match file.try_lock() {
            Ok(()) => Ok(Box::new(Flock(file))),
            Err(TryLockError::WouldBlock) => Err(io::ErrorKind::WouldBlock.into()),
            Err(TryLockError::Error(error)) => Err(error),
        }
    }

    fn job(&self, work: Box<dyn FnOnce() + Send>) -> BoxFuture<'static, ()> {
        if self.handle.runtime_flavor() != RuntimeFlavor::MultiThread {
            let running = self.handle.spawn_blocking(work);
            return Box::pin(async move { drop(running.await) });
        }
        // In place, the write begins at once: another thread's wake-up would cost more than the
        // write, and on a busy machine a time slice. tokio moves the worker's other tasks away.
        Box::pin(async move {
            // A panic is the job's own news: `Host::disk_job` sees that no result came.
            drop(catch_unwind(AssertUnwindSafe(|| block_in_place(work))));
        })
    }
}

/// The lock goes when the descriptor closes.
struct Flock(#[expect(dead_code, reason = "held for its drop")] File);

impl FileLock for Flock {}

struct Positioned(File);

impl BlockFile for Positioned {
    fn len(&self) -> io::Result<u64> {
        Ok(self.0.metadata()?.len())
    }

    fn read_at(&self, offset: u64, buffer: &mut [u8]) -> io::Result<usize> {
        let mut done = 0;
        while done < buffer.len() {
            match self.0.read_at(&mut buffer[done..], offset + done as u64) {
                Ok(0) => break,
                Ok(count) => done += count,
                Err(error) if error.kind() == io::ErrorKind::Interrupted => {}
                Err(error) => return Err(error),
            }
        }
        Ok(done)
    }

    fn write_at(&self, offset: u64, data: &[u8]) -> io::Result<()> {
        self.0.write_all_at(data, offset)
    }

    fn set_len(&self, len: u64) -> io::Result<()> {
        self.0.set_len(len)
    }

    fn allocate(&self, len: u64) -> io::Result<()> {
        let old = self.len()?;
        let Err(error) = crate::allocate::fallocate(&self.0, len) else { return Ok(()) };
        if error.raw_os_error() == Some(libc::EOPNOTSUPP) {
            // As etcd's fileutil.Preallocate does where fallocate is not supported.
            return if old < len { self.set_len(len) } else { Ok(()) };
        }
        // A failed fallocate may have grown the file; the contract says: nothing is changed.
        if self.len()? != old {
            self.set_len(old)?;
        }
        Err(error)
    }

    fn sync(&self) -> io::Result<()> {
        self.0.sync_all()
    }

    fn sync_data(&self) -> io::Result<()> {
        self.0.sync_data()
    }

    fn forget(&self) -> io::Result<bool> {
        self.0.sync_all()?;
        crate::page_cache::drop_clean(&self.0)
    }
}
