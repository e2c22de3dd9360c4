//! The disk of one machine as a state machine: operations in, bytes, errors and durations out.

use crate::{
    Broken, Faults,
    crash::{Chance, CrashImages, Fate},
    file::{File, SectorFate},
    names::{Inode, NameOp, Names, Place, ROOT},
    pages::PAGE,
};
use host::Open;
use rand::RngExt;
use rand_chacha::ChaCha8Rng;
use std::{collections::BTreeMap, fmt, io, time::Duration};

/// A process on the machine, as far as its locks and open files are concerned.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, PartialOrd, Ord)]
pub struct Process(pub u64);

/// An open file. It is void after a power loss and when its process is released.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub struct FileHandle(u64);

/// A held lock.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub struct LockHandle(u64);

/// The error of every operation after the power failed.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct PowerLost;

impl fmt::Display for PowerLost {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("the machine has lost power")
    }
}

impl std::error::Error for PowerLost {}

impl PowerLost {
    /// True when an operation failed for this reason: its caller should be dead by now.
    pub fn caused(error: &io::Error) -> bool {
        error.get_ref().is_some_and(|inner| inner.is::<PowerLost>())
    }
}

/// Linux's EIO.
pub(crate) fn eio() -> io::Error {
    io::Error::from_raw_os_error(5)
}

#[derive(Clone, Debug)]
struct Handle {
    inode: Inode,
    process: Process,
    writable: bool,
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
    handles: BTreeMap<u64, Handle>,
    locks: BTreeMap<u64, (Inode, Process)>,
    next_inode: Inode,
    next_handle: u64,
    used_pages: u64,
    latency: Duration,
    fuse: Option<u64>,
    off: bool,
    counts: Counts,
}

enum Kind {
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

    /// Opens a file, as [`host::Disk::open`].
    ///
    /// # Errors
    /// As there, and [`PowerLost`].
    pub fn open(&mut self, process: Process, path: &str, how: Open) -> io::Result<FileHandle> {
        self.begin(Kind::Name, None)?;
        let place = self.names.place(path)?;
        let inode = match (self.names.at(&place), how) {
            (Some(inode), _) if self.names.is_directory(inode) => {
                return Err(io::ErrorKind::IsADirectory.into());
            }
            (Some(_), Open::CreateNew) => return Err(io::ErrorKind::AlreadyExists.into()),
            (Some(inode), Open::Truncate) => {
                self.file_mut(inode)?.set_len(0);
                self.count_space();
                inode
            }
            (Some(inode), Open::Read | Open::ReadWrite | Open::Create) => inode,
            (None, Open::Read | Open::ReadWrite) => return Err(io::ErrorKind::NotFound.into()),
            (None, Open::Create | Open::CreateNew | Open::Truncate) => self.create(place),
        };
        self.file_mut(inode)?.handles += 1;
        let handle = self.take_handle();
        self.handles.insert(handle, Handle { inode, process, writable: how != Open::Read });
        Ok(FileHandle(handle))
    }

    /// Closes a file; a void handle is ignored.
    pub fn close(&mut self, handle: FileHandle) {
        if let Some(Handle { inode, .. }) = self.handles.remove(&handle.0) {
            let file = self.files.get_mut(&inode).expect("a handle keeps its file");
            file.handles -= 1;
            if file.handles == 0 && !file.linked {
                self.collect();
            }
        }
    }

    /// Length in bytes.
    ///
    /// # Errors
    /// As [`host::BlockFile::len`].
    pub fn len(&mut self, handle: FileHandle) -> io::Result<u64> {
        let inode = self.handle(handle)?.inode;
        // Metadata is cached: no latency, no errors, and no place for the power to fail.
        if self.off {
            return Err(io::Error::other(PowerLost));
        }
        Ok(self.file_mut(inode)?.len)
    }

    /// As [`host::BlockFile::read_at`].
    ///
    /// # Errors
    /// As there.
    pub fn read_at(
        &mut self,
        handle: FileHandle,
        offset: u64,
        buffer: &mut [u8],
    ) -> io::Result<usize> {
        let inode = self.handle(handle)?.inode;
        self.begin(Kind::Read, Some(inode))?;
        self.charge_bytes(buffer.len());
        Ok(self.file_mut(inode)?.read(offset, buffer))
    }

    /// As [`host::BlockFile::write_at`]. On a full disk the part that fits is written.
    ///
    /// # Errors
    /// As there.
    pub fn write_at(&mut self, handle: FileHandle, offset: u64, data: &[u8]) -> io::Result<()> {
        let inode = self.writable(handle)?;
        self.begin(Kind::Write, Some(inode))?;
        self.charge_bytes(data.len());
        let free = self.free_pages();
        let file = self.file_mut(inode)?;
        let needed = file.pages_needed(offset, data.len()) as u64;
        if needed <= free {
            file.write(offset, data);
            self.used_pages += needed;
            self.counts.written_bytes += data.len() as u64;
            return Ok(());
        }
        let fits = file.fitting_prefix(offset, data.len(), free);
        file.write(offset, &data[..fits]);
        self.count_space();
        Err(io::ErrorKind::StorageFull.into())
    }

    /// As [`host::BlockFile::set_len`].
    ///
    /// # Errors
    /// As there.
    pub fn set_len(&mut self, handle: FileHandle, len: u64) -> io::Result<()> {
        let inode = self.writable(handle)?;
        self.begin(Kind::Write, Some(inode))?;
        self.file_mut(inode)?.set_len(len);
        self.count_space();
        Ok(())
    }

    /// As [`host::BlockFile::allocate`].
    ///
    /// # Errors
    /// As there.
    pub fn allocate(&mut self, handle: FileHandle, len: u64) -> io::Result<()> {
        let inode = self.writable(handle)?;
        self.begin(Kind::Write, Some(inode))?;
        let free = self.free_pages();
        let file = self.file_mut(inode)?;
        if file.pages_to_reserve(len) as u64 > free {
            return Err(io::ErrorKind::StorageFull.into());
        }
        file.reserve(len);
        self.count_space();
        Ok(())
    }

    /// As [`host::BlockFile::sync`].
    ///
    /// # Errors
    /// As there.
    pub fn sync(&mut self, handle: FileHandle) -> io::Result<()> {
        self.sync_file(handle, false)
    }

    /// As [`host::BlockFile::sync_data`]: a length that no written byte needs stays in doubt.
    ///
    /// # Errors
    /// As there.
    pub fn sync_data(&mut self, handle: FileHandle) -> io::Result<()> {
        self.sync_file(handle, true)
    }

    fn sync_file(&mut self, handle: FileHandle, data_only: bool) -> io::Result<()> {
        let inode = self.handle(handle)?.inode;
        self.begin(Kind::Sync, Some(inode))?;
        let Self { faults, files, rng, .. } = self;
        let file = files.get_mut(&inode).expect("a handle keeps its file");
        let forced = faults.fail_syncs > 0;
        if forced || happens(rng, faults.sync_error) {
            faults.fail_syncs = faults.fail_syncs.saturating_sub(1);
            let evict = rng.random_bool(0.5);
            file.fail_sync(|| rng.random_bool(faults.survival), evict);
            return Err(eio());
        }
        let lying = faults.lying();
        let fate = |_, sectors| sector_fate(rng, faults, sectors);
        if data_only {
            file.sync_data(fate, lying)
        } else {
            file.sync(fate, lying)
        }
        self.counts.syncs += 1;
        Ok(())
    }

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
        for part in crate::names::split(path)? {
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

    /// The process died: its files are closed and its locks free. Nothing written is lost.
    pub fn release_process(&mut self, process: Process) {
        self.locks.retain(|_, (_, holder)| *holder != process);
        let open = self.handles.iter().filter(|(_, handle)| handle.process == process);
        let open: Vec<u64> = open.map(|(handle, _)| *handle).collect();
        for handle in open {
            self.close(FileHandle(handle));
        }
    }

    /// The power fails now: unsynced changes survive by chance, and every operation fails with
    /// [`PowerLost`] until [`DiskModel::power_on`]. Handles and locks are void.
    pub fn power_off(&mut self) {
        if self.off {
            return;
        }
        let mut rng = self.rng.clone();
        let (survival, torn_sector) = (self.faults.survival, self.faults.torn_sector);
        self.crash(&mut Chance { rng: &mut rng, survival, torn_sector });
        self.rng = rng;
        self.off = true;
    }

    /// The power is back, and a fuse that was set is gone.
    pub fn power_on(&mut self) {
        (self.off, self.fuse) = (false, None);
    }

    /// True between [`DiskModel::power_off`], or a blown fuse, and [`DiskModel::power_on`].
    pub fn is_off(&self) -> bool {
        self.off
    }

    /// The power fails at the `operations`-th operation from now; zero is the next one, which does
    /// not happen.
    pub fn power_fails_after(&mut self, operations: u64) {
        self.fuse = Some(operations);
    }

    /// The disks that a power loss could leave at this moment: all, when they are at most `limit`,
    /// then some with a torn sector; else `limit` samples that begin with the extremes. Each is
    /// powered on.
    pub fn crash_images(&self, limit: usize, rng: ChaCha8Rng) -> CrashImages<'_> {
        CrashImages::new(self, limit, rng)
    }

    pub(crate) fn crash(&mut self, fate: &mut impl Fate) {
        self.names.crash(|| fate.version(1) == 1);
        let live = self.names.live();
        self.files.retain(|inode, _| live.contains(inode));
        for file in self.files.values_mut() {
            file.crash(fate);
            file.linked = true;
        }
        self.handles.clear();
        self.locks.clear();
        self.latency = Duration::ZERO;
        self.fuse = None;
        self.count_space();
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

    /// Every operation passes here: power, fuse, latency, errors.
    fn begin(&mut self, kind: Kind, inode: Option<Inode>) -> io::Result<()> {
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

    fn charge_bytes(&mut self, bytes: usize) {
        let pages = u32::try_from(bytes / PAGE).unwrap_or(u32::MAX);
        self.latency += self.faults.latency.page * pages;
    }

    fn handle(&self, handle: FileHandle) -> io::Result<&Handle> {
        let gone = if self.off { io::Error::other(PowerLost) } else { closed() };
        self.handles.get(&handle.0).ok_or(gone)
    }

    fn writable(&self, handle: FileHandle) -> io::Result<Inode> {
        let handle = self.handle(handle)?;
        if handle.writable { Ok(handle.inode) } else { Err(io::ErrorKind::PermissionDenied.into()) }
    }

    fn file_mut(&mut self, inode: Inode) -> io::Result<&mut File> {
        self.files.get_mut(&inode).ok_or_else(closed)
    }

    pub(crate) fn create(&mut self, at: Place) -> Inode {
        let inode = self.take_inode();
        self.files.insert(inode, File { linked: true, ..File::default() });
        self.names.change(NameOp::Link { at, inode });
        inode
    }

    fn unlink(&mut self, inode: Option<Inode>) {
        if let Some(file) = inode.and_then(|inode| self.files.get_mut(&inode)) {
            file.linked = false;
            self.collect();
        }
    }

    /// Frees what has neither name nor handle, and counts the space anew.
    fn collect(&mut self) {
        let live = self.names.live();
        self.files.retain(|inode, file| file.handles > 0 || live.contains(inode));
        self.count_space();
    }

    fn count_space(&mut self) {
        let takes_space = |file: &&File| file.linked || file.handles > 0;
        self.used_pages = self.files.values().filter(takes_space).map(|f| f.blocks as u64).sum();
    }

    fn free_pages(&self) -> u64 {
        (self.faults.capacity_bytes / PAGE as u64).saturating_sub(self.used_pages)
    }

    fn take_inode(&mut self) -> Inode {
        self.next_inode += 1;
        self.next_inode - 1
    }

    fn take_handle(&mut self) -> u64 {
        self.next_handle += 1;
        self.next_handle - 1
    }
}

/// A file that its process no longer has.
fn closed() -> io::Error {
    io::Error::from_raw_os_error(9)
}

/// Draws only where the outcome is open, so that a fault that is off costs and shifts nothing.
fn happens(rng: &mut ChaCha8Rng, chance: f64) -> bool {
    chance > 0.0 && rng.random_bool(chance.min(1.0))
}

fn sector_fate(rng: &mut ChaCha8Rng, faults: &Faults, sectors: u64) -> SectorFate {
    if happens(rng, faults.lost_write) {
        SectorFate::Lost
    } else if sectors > 1 && happens(rng, faults.misdirected_write) {
        SectorFate::Misdirected { to: rng.random_range(0..sectors) }
    } else {
        SectorFate::Kept
    }
}
