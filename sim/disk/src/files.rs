//! Operations on files.

use crate::{
    DiskModel, Faults, FileHandle, PowerLost, Process,
    file::SectorFate,
    model::{Handle, Kind, eio, happens},
};
use host::Open;
use rand::RngExt;
use rand_chacha::ChaCha8Rng;
use std::io;

impl DiskModel {
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

    /// As [`host::BlockFile::forget`]. Now and then the machine does not take the advice.
    ///
    /// # Errors
    /// As there.
    pub fn forget(&mut self, handle: FileHandle) -> io::Result<bool> {
        self.sync_file(handle, false)?;
        if self.rng.random_bool(0.25) {
            return Ok(false);
        }
        let inode = self.handle(handle)?.inode;
        self.file_mut(inode)?.drop_clean();
        self.count_space();
        Ok(true)
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
            file.fail_sync(|| happens(rng, faults.survival), evict);
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
