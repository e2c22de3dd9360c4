//! The disk of one machine as a state machine: operations in, bytes, errors and durations out.

use crate::{
    Broken, Faults, PowerLost,
    file::File,
    names::{Inode, NameOp, Names, Place, ROOT},
    pages::PAGE,
};
use rand::RngExt;
use rand_chacha::ChaCha8Rng;
use std::{collections::BTreeMap, io, time::Duration};

/// A process on the machine, as far as its locks and open files are concerned.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, PartialOrd, Ord)]
pub struct Process(pub u64);

/// An open file. It is void after a power loss and when its process is released.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub struct FileHandle(pub(crate) u64);

/// A held lock.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub struct LockHandle(pub(crate) u64);

/// Linux's EIO.
pub(crate) fn eio() -> io::Error {
    io::Error::from_raw_os_error(5)
}

#[derive(Clone, Debug)]
pub(crate) struct Handle {
    pub(crate) inode: Inode,
    pub(crate) process: Process,
    pub(crate) writable: bool,
}

/// How many operations of each kind a disk has seen.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct Counts {
    /// All operations, including refused ones.
    pub operations: u64,
    /// Syncs of files and directories that succeeded.
    pub syncs: u64,
    /// Bytes written.
    pub written_bytes: u64,
}

/// A machine's whole disk. Pure: no clock, no locks, chance only from the generator it was given.
/// A clone is a snapshot; it shares pages with the original.
#[derive(Clone, Debug)]
pub struct DiskModel {
    /// What goes wrong from now on.
    pub faults: Faults,
    pub(crate) files: BTreeMap<Inode, File>,
    pub(crate) names: Names,
    pub(crate) rng: ChaCha8Rng,
    pub(crate) handles: BTreeMap<u64, Handle>,
    pub(crate) locks: BTreeMap<u64, (Inode, Process)>,
    next_inode: Inode,
    next_handle: u64,
    pub(crate) used_pages: u64,
    pub(crate) latency: Duration,
    pub(crate) fuse: Option<u64>,
    pub(crate) off: bool,
    pub(crate) counts: Counts,
}

pub(crate) enum Kind {
    Read,
    Write,
    Sync,
    Name,
}

impl DiskModel {
    /// An empty, good disk.
    pub fn new(rng: ChaCha8Rng) -> Self {
        Self {
            faults: Faults::default(),
            files: BTreeMap::new(),
            names: Names::new(),
            rng,
            handles: BTreeMap::new(),
            locks: BTreeMap::new(),
            next_inode: ROOT + 1,
            next_handle: 1,
            used_pages: 0,
            latency: Duration::ZERO,
            fuse: None,
            off: false,
            counts: Counts::default(),
        }
    }

    /// Draws from another stream from now on, so that copies of one disk may meet different fates.
    pub fn reseed(&mut self, rng: ChaCha8Rng) {
        self.rng = rng;
    }

    /// The process died: its files are closed and its locks free. Nothing written is lost.
    pub fn release_process(&mut self, process: Process) {
        self.locks.retain(|_, (_, holder)| *holder != process);
        let open = self.handles.iter().filter(|(_, handle)| handle.process == process);
        let open: Vec<u64> = open.map(|(handle, _)| *handle).collect();
        for handle in open {
            self.close(FileHandle(handle));
        }
    }

    /// The time that operations took since this was last asked.
    pub fn take_latency(&mut self) -> Duration {
        std::mem::take(&mut self.latency).mul_f64(self.faults.latency.multiplier)
    }

    /// Totals since the disk was made.
    pub fn counts(&self) -> Counts {
        self.counts
    }

    /// Bytes taken from the capacity.
    pub fn used_bytes(&self) -> u64 {
        self.used_pages * PAGE as u64
    }

    /// What an operation takes now: by it a long job knows that the disk became slower or faster.
    pub fn pace(&self) -> Duration {
        self.faults.latency.operation.mul_f64(self.faults.latency.multiplier)
    }

    /// Every operation passes here: power, fuse, latency, errors.
    pub(crate) fn begin(&mut self, kind: Kind, inode: Option<Inode>) -> io::Result<()> {
        self.counts.operations += 1;
        match &mut self.fuse {
            Some(0) => self.power_off(),
            Some(left) => *left -= 1,
            None => {}
        }
        if self.off {
            return Err(io::Error::other(PowerLost));
        }
        let is_sync = matches!(kind, Kind::Sync);
        let cost = if is_sync { self.sync_time() } else { self.faults.latency.operation };
        self.latency += cost;
        let (rate, broken): (f64, fn(&Broken) -> bool) = match kind {
            Kind::Read => (self.faults.read_error, |broken| broken.read),
            Kind::Write => (self.faults.write_error, |broken| broken.write),
            Kind::Sync => (0.0, |broken| broken.sync),
            Kind::Name => return Ok(()),
        };
        let dead = !self.faults.broken.is_empty() && self.is_broken(inode, broken);
        if dead || happens(&mut self.rng, rate) { Err(eio()) } else { Ok(()) }
    }

    fn is_broken(&self, inode: Option<Inode>, how: fn(&Broken) -> bool) -> bool {
        let same = |path: &str| inode.is_some() && self.names.find(path).ok() == inode;
        self.faults.broken.iter().any(|(path, broken)| how(broken) && same(path))
    }

    fn sync_time(&mut self) -> Duration {
        let latency = &self.faults.latency;
        if happens(&mut self.rng, latency.tail_chance) {
            return latency.sync_tail;
        }
        let nanos = |time: Duration| u64::try_from(time.as_nanos()).unwrap_or(u64::MAX);
        let (min, max) = (nanos(latency.sync_min), nanos(latency.sync_max));
        Duration::from_nanos(self.rng.random_range(min..=max.max(min)))
    }

    pub(crate) fn charge_bytes(&mut self, bytes: usize) {
        let pages = u32::try_from(bytes / PAGE).unwrap_or(u32::MAX);
        self.latency += self.faults.latency.page * pages;
    }

    pub(crate) fn handle(&self, handle: FileHandle) -> io::Result<&Handle> {
        let gone = if self.off { io::Error::other(PowerLost) } else { closed() };
        self.handles.get(&handle.0).ok_or(gone)
    }

    pub(crate) fn writable(&self, handle: FileHandle) -> io::Result<Inode> {
        let handle = self.handle(handle)?;
        if handle.writable { Ok(handle.inode) } else { Err(io::ErrorKind::PermissionDenied.into()) }
    }

    pub(crate) fn file_mut(&mut self, inode: Inode) -> io::Result<&mut File> {
        self.files.get_mut(&inode).ok_or_else(closed)
    }

    pub(crate) fn create(&mut self, at: Place) -> Inode {
        let inode = self.take_inode();
        self.files.insert(inode, File { linked: true, ..File::default() });
        self.names.change(NameOp::Link { at, inode });
        inode
    }

    pub(crate) fn unlink(&mut self, inode: Option<Inode>) {
        if let Some(file) = inode.and_then(|inode| self.files.get_mut(&inode)) {
            file.linked = false;
            self.collect();
        }
    }

    /// Frees what has neither name nor handle, and counts the space anew.
    pub(crate) fn collect(&mut self) {
        let live = self.names.live();
        self.files.retain(|inode, file| file.handles > 0 || live.contains(inode));
        self.count_space();
    }

    pub(crate) fn count_space(&mut self) {
        let takes_space = |file: &&File| file.linked || file.handles > 0;
        self.used_pages = self.files.values().filter(takes_space).map(|f| f.blocks as u64).sum();
    }

    pub(crate) fn free_pages(&self) -> u64 {
        (self.faults.capacity_bytes / PAGE as u64).saturating_sub(self.used_pages)
    }

    pub(crate) fn take_inode(&mut self) -> Inode {
        self.next_inode += 1;
        self.next_inode - 1
    }

    pub(crate) fn take_handle(&mut self) -> u64 {
        self.next_handle += 1;
        self.next_handle - 1
    }
}

/// A file that its process no longer has.
fn closed() -> io::Error {
    io::Error::from_raw_os_error(9)
}

/// Draws only where the outcome is open, so that a fault that is off costs and shifts nothing.
pub(crate) fn happens(rng: &mut ChaCha8Rng, chance: f64) -> bool {
    chance > 0.0 && rng.random_bool(chance.min(1.0))
}
