//! A write with its sync, by io_uring: two linked requests.
#![allow(unsafe_code)]

use io_uring::{IoUring, opcode, squeue::Flags, types};
use std::{
    fs::File,
    io,
    os::fd::{AsRawFd, FromRawFd, OwnedFd},
    sync::{Arc, Mutex, PoisonError},
};
use tokio::io::unix::AsyncFd;

/// Requests of one write.
const LINKED: usize = 2;

/// A ring for one file, and the descriptor that becomes readable when a request is done.
pub(super) struct Ring {
    ring: Mutex<IoUring>,
    done: AsyncFd<OwnedFd>,
    file: Arc<File>,
}

impl Ring {
    /// A small ring.
    pub(super) fn new(file: Arc<File>) -> io::Result<Self> {
        let ring = IoUring::new(8)?;
        // SAFETY: no memory is passed.
        let done = unsafe { libc::eventfd(0, libc::EFD_CLOEXEC | libc::EFD_NONBLOCK) };
        if done < 0 {
            return Err(io::Error::last_os_error());
        }
        // SAFETY: the descriptor was just made and is nobody else's.
        let done = unsafe { OwnedFd::from_raw_fd(done) };
        ring.submitter().register_eventfd(done.as_raw_fd())?;
        // SAFETY: an owned descriptor is the same for as long as it lives, and stays open.
        let done = unsafe { AsyncFd::register(done)? };
        Ok(Self { ring: Mutex::new(ring), done, file })
    }

    /// Writes and syncs; the thread waits in the kernel.
    pub(super) fn write_waiting(&self, record: &[u8], offset: u64) -> io::Result<()> {
        let mut ring = self.ring.lock().unwrap_or_else(PoisonError::into_inner);
        self.submit(&mut ring, record, offset, LINKED)?;
        let results: Vec<_> = ring.completion().map(|done| done.result()).collect();
        check(&results, record.len())
    }

    /// Writes and syncs; the task waits for the reactor. Not to be dropped before it is done: the
    /// kernel reads `record`.
    pub(super) async fn write(&self, record: &[u8], offset: u64) -> io::Result<()> {
        let with_ring = |work: &mut dyn FnMut(&mut IoUring) -> io::Result<()>| {
            work(&mut self.ring.lock().unwrap_or_else(PoisonError::into_inner))
        };
        with_ring(&mut |ring| self.submit(ring, record, offset, 0))?;
        let mut results = Vec::new();
        while results.len() < LINKED {
            let mut ready = self.done.readable().await?;
            // Whoever reads the counter resets it; what was completed since is in the ring.
            let _ = ready.try_io(|done| read_counter(done.get_ref()));
            with_ring(&mut |ring| {
                results.extend(ring.completion().map(|done| done.result()));
                Ok(())
            })?;
        }
        check(&results, record.len())
    }

    fn submit(
        &self,
        ring: &mut IoUring,
        record: &[u8],
        offset: u64,
        wait: usize,
    ) -> io::Result<()> {
        let file = types::Fd(self.file.as_raw_fd());
        let len = u32::try_from(record.len()).map_err(io::Error::other)?;
        let write = opcode::Write::new(file, record.as_ptr(), len).offset(offset).build();
        let sync = opcode::Fsync::new(file).flags(types::FsyncFlags::DATASYNC).build();
        // SAFETY: both callers keep `record` and the file until both requests are completed.
        unsafe { ring.submission().push_multiple(&[write.flags(Flags::IO_LINK), sync]) }
            .map_err(io::Error::other)?;
        ring.submit_and_wait(wait).map(drop)
    }
}

fn read_counter(done: &OwnedFd) -> io::Result<()> {
    let mut counter = [0_u8; 8];
    // SAFETY: the buffer has the eight bytes that an eventfd gives.
    let read = unsafe { libc::read(done.as_raw_fd(), counter.as_mut_ptr().cast(), counter.len()) };
    if read < 0 { Err(io::Error::last_os_error()) } else { Ok(()) }
}

fn check(results: &[i32], bytes: usize) -> io::Result<()> {
    match results {
        [written, 0] if usize::try_from(*written) == Ok(bytes) => Ok(()),
        _ => Err(io::Error::other(format!("results {results:?} of a write and a sync"))),
    }
}
