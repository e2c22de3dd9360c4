//! What tests, faults and oracles may see of a disk and programs may not.

use crate::{DiskModel, SECTOR, file::File, names::Inode};
use std::{io, ops::Range};

impl DiskModel {
    /// The file as programs see it.
    pub fn contents(&self, path: &str) -> Option<Vec<u8>> {
        let file = self.files.get(&self.names.find(path).ok()?)?;
        let mut bytes = vec![0; usize::try_from(file.len).ok()?];
        file.read(0, &mut bytes);
        Some(bytes)
    }

    /// The file as it would be if power failed and nothing in doubt survived.
    pub fn durable_contents(&self, path: &str) -> Option<Vec<u8>> {
        let file = self.files.get(&self.names.find_durable(path)?)?;
        let mut bytes = vec![0; usize::try_from(file.durable_len).ok()?];
        file.durable.read(0, &mut bytes);
        Some(bytes)
    }

    /// True when every legal crash image has these bytes of the file as programs see them now: its
    /// name, its length as far as needed, and its sectors are durable.
    pub fn is_durable(&self, path: &str, range: Range<u64>) -> bool {
        let Ok(inode) = self.names.find(path) else { return false };
        let Some(file) = self.files.get(&inode) else { return false };
        self.name_is_durable(path, inode) && file.is_durable(range)
    }

    fn name_is_durable(&self, path: &str, inode: Inode) -> bool {
        let parts = crate::names::split(path).unwrap_or_default();
        let ends = (1..=parts.len()).map(|count| parts[..count].join("/"));
        let settled = |part: String| {
            self.names.place(&part).is_ok_and(|place| !self.names.is_pending(&place))
        };
        self.names.find_durable(path) == Some(inode) && ends.into_iter().all(settled)
    }

    /// The number of sectors and names whose fate a power loss would decide.
    pub fn in_doubt(&self) -> usize {
        let sectors = self.files.values().map(|file| file.dirty_sectors().len());
        sectors.sum::<usize>() + self.names.pending()
    }

    /// Every path that programs see, in order, with the file's length; `None` for a directory.
    pub fn tree(&self) -> Vec<(String, Option<u64>)> {
        let len = |inode: &Inode| self.files.get(inode).map(|file| file.len);
        self.names.walk().into_iter().map(|(path, inode)| (path, len(&inode))).collect()
    }

    /// Where the file's sectors are that hold anything but zeros, in bytes from its beginning.
    pub fn data_sectors(&self, path: &str) -> Vec<u64> {
        let file = self.names.find(path).ok().and_then(|inode| self.files.get(&inode));
        file.into_iter().flat_map(|file| file.data_sectors()).map(|(offset, _)| offset).collect()
    }

    /// A hash of all paths and contents that programs see: equal disks have equal hashes in every
    /// build and process.
    pub fn hash(&self) -> u64 {
        let mut hash = Fnv::default();
        for (path, inode) in self.names.walk() {
            hash.add(path.as_bytes());
            let Some(file) = self.files.get(&inode) else { continue };
            hash.add(&file.len.to_le_bytes());
            // Zeros count for their place only, so that a sparse file costs little.
            for (offset, sector) in file.data_sectors() {
                hash.add(&offset.to_le_bytes());
                hash.add(&sector);
            }
        }
        hash.0
    }

    /// Bit rot: flips the bits of `mask` in one byte, on the platter and in the cache.
    ///
    /// # Errors
    /// `NotFound`; `InvalidInput` past the end.
    pub fn rot(&mut self, path: &str, offset: u64, mask: u8) -> io::Result<()> {
        let inode = self.names.find(path)?;
        let file = self.files.get_mut(&inode).ok_or(io::ErrorKind::NotFound)?;
        if offset >= file.len {
            return Err(io::ErrorKind::InvalidInput.into());
        }
        file.cached.flip(offset, mask);
        if offset < file.durable_len {
            file.durable.flip(offset, mask);
        }
        Ok(())
    }

    /// Puts a file there as if it had always been: durable, its directories too.
    ///
    /// # Errors
    /// `NotADirectory`, `IsADirectory`, `InvalidInput`.
    pub fn install(&mut self, path: &str, contents: &[u8]) -> io::Result<()> {
        let parts = crate::names::split(path)?;
        let parents = parts.split_last().map(|(_, parents)| parents.join("/")).unwrap_or_default();
        self.create_dir(&parents)?;
        let place = self.names.place(path)?;
        let inode = match self.names.at(&place) {
            Some(inode) if self.names.is_directory(inode) => {
                return Err(io::ErrorKind::IsADirectory.into());
            }
            Some(inode) => inode,
            None => self.create(place),
        };
        let file = self.files.get_mut(&inode).ok_or(io::ErrorKind::NotFound)?;
        file.set_len(0);
        file.write(0, contents);
        file.sync(|_, _| crate::file::SectorFate::Kept, false);
        for count in 0..parts.len() {
            let directory = self.names.find(&parts[..count].join("/"))?;
            self.names.sync(directory);
        }
        Ok(())
    }
}

impl File {
    /// Sectors as programs see them, without those that are all zeros.
    fn data_sectors(&self) -> impl Iterator<Item = (u64, [u8; SECTOR])> {
        let offsets = (0..self.len.min(self.cached.bytes())).step_by(SECTOR);
        offsets.filter_map(|offset| {
            let mut sector = [0; SECTOR];
            self.cached.read(offset, &mut sector);
            (sector != [0; SECTOR]).then_some((offset, sector))
        })
    }

    fn is_durable(&self, range: Range<u64>) -> bool {
        let dirty = self.dirty_sectors();
        let mut sectors = crate::file::sectors(range.start, (range.end - range.start) as usize);
        let shortest = (0..=self.ops.len()).map(|count| self.len_at_op(count)).min();
        range.end <= self.len
            && shortest.is_some_and(|len| range.end <= len)
            && !sectors.any(|sector| dirty.contains(&sector))
            && self.cached.same(&self.durable, range.start, range.end - range.start)
    }
}

/// FNV-1a over eight bytes at a time: fixed for ever, and quick enough.
struct Fnv(u64);

impl Default for Fnv {
    fn default() -> Self {
        Self(0xcbf2_9ce4_8422_2325)
    }
}

impl Fnv {
    fn add(&mut self, bytes: &[u8]) {
        for chunk in bytes.chunks(8) {
            let mut word = [0; 8];
            word[..chunk.len()].copy_from_slice(chunk);
            self.0 = (self.0 ^ u64::from_le_bytes(word)).wrapping_mul(0x0000_0100_0000_01b3);
            self.0 ^= self.0 >> 29;
        }
        self.0 = (self.0 ^ bytes.len() as u64).wrapping_mul(0x0000_0100_0000_01b3);
    }
}
