//! redb's storage over one of the host's files, and what a failed sync left of such a file.

use host::BlockFile;
use redb::StorageBackend;
use std::{
    fmt, io,
    sync::{
        Arc,
        atomic::{AtomicBool, Ordering},
    },
};

/// A file as redb wants it. One process at a time is the data directory's lock to ensure.
pub(crate) struct File {
    file: Arc<dyn BlockFile>,
    gate: Gate,
    /// Its length was set since the last sync.
    resized: AtomicBool,
}

impl File {
    pub(crate) fn new(file: Arc<dyn BlockFile>, gate: Gate) -> Self {
        Self { file, gate, resized: AtomicBool::new(false) }
    }
}

/// Stands between a database and its file, and is shut when its owner has ended: whoever still
/// holds the database then, or lets it go at last, which writes, must leave the file to the next
/// owner.
#[derive(Clone, Debug, Default)]
pub(crate) struct Gate(Arc<AtomicBool>);

impl Gate {
    /// From now on nothing goes through.
    pub(crate) fn shut(&self) {
        self.0.store(true, Ordering::Release);
    }

    fn pass(&self) -> io::Result<()> {
        match self.0.load(Ordering::Acquire) {
            true => Err(io::Error::other("the database is closed")),
            false => Ok(()),
        }
    }
}

impl fmt::Debug for File {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("File")
    }
}

impl StorageBackend for File {
    fn len(&self) -> io::Result<u64> {
        self.gate.pass()?;
        self.file.len()
    }

    fn read(&self, offset: u64, out: &mut [u8]) -> io::Result<()> {
        self.gate.pass()?;
        match self.file.read_at(offset, out)? {
            read if read == out.len() => Ok(()),
            _ => Err(io::ErrorKind::UnexpectedEof.into()),
        }
    }

    fn set_len(&self, len: u64) -> io::Result<()> {
        self.gate.pass()?;
        self.resized.store(true, Ordering::Release);
        self.file.set_len(len)
    }

    /// Keeps the length too, before anything refers to what is beyond the old end: a file that ends
    /// before the pages that its header names is an error to redb, and not a commit to be undone.
    fn sync_data(&self) -> io::Result<()> {
        self.gate.pass()?;
        match self.resized.swap(false, Ordering::AcqRel) {
            true => self.file.sync(),
            false => self.file.sync_data(),
        }
    }

    fn write(&self, offset: u64, data: &[u8]) -> io::Result<()> {
        self.gate.pass()?;
        self.file.write_at(offset, data)
    }
}

/// Bytes written again at a time.
const CHUNK: usize = 64 << 10;

/// Where redb's header says how the file was left (redb's docs/design.md, "God byte").
const GOD_BYTE: usize = 9;

/// Set while a database is open, and left so by whoever did not close it.
const RECOVERY_REQUIRED: u8 = 2;

/// Makes what this machine shows of a database that was not closed what the disk holds of it.
///
/// After a failed sync the machine goes on showing what it could not write, and takes it for
/// written: redb would find its last commit whole, build on it, and lose what is below it at the
/// next power loss. Whoever meets a failed sync does not close the database, so the mark is there.
/// What redb then reads is as after a power loss, and its checksums tell the last whole commit.
pub(crate) fn mend(file: &dyn BlockFile) -> io::Result<()> {
    let mut head = [0; GOD_BYTE + 1];
    if file.read_at(0, &mut head)? < head.len() || head[GOD_BYTE] & RECOVERY_REQUIRED == 0 {
        return Ok(());
    }
    if file.forget()? {
        return Ok(());
    }
    write_again(file)?;
    file.sync()
}

/// Writes all of a file over itself, so that the next sync covers it. Zeros are left out: they
/// hold nothing, and writing them might take space.
pub(crate) fn write_again(file: &dyn BlockFile) -> io::Result<()> {
    let mut buffer = vec![0; CHUNK];
    let mut offset = 0;
    loop {
        let read = file.read_at(offset, &mut buffer)?;
        if read == 0 {
            return Ok(());
        }
        if buffer[..read].iter().any(|byte| *byte != 0) {
            file.write_at(offset, &buffer[..read])?;
        }
        offset += read as u64;
    }
}

#[cfg(test)]
mod tests {
    #![allow(clippy::unwrap_used)]

    use super::*;
    use disk::{DiskModel, Process, SharedDisk};
    use host::{Disk, Open};
    use rand::SeedableRng;
    use rand_chacha::ChaCha8Rng;

    /// What redb does when it grows: the header that names the new pages comes before them.
    #[test]
    fn a_file_is_as_long_as_it_was_set_before_what_a_sync_parts_from_it() {
        for seed in 0..40 {
            let model = DiskModel::new(ChaCha8Rng::seed_from_u64(seed));
            let disk = SharedDisk::new(model, Process(1));
            let file = File::new(disk.open("db", Open::Create).unwrap(), Gate::default());
            file.sync_data().unwrap();
            disk.sync_dir(".").unwrap();
            file.write(0, b"header").unwrap();
            file.set_len(8192).unwrap();
            file.sync_data().unwrap();
            file.write(0, b"longer").unwrap();
            disk.model().power_off();
            disk.model().power_on();
            let after = disk.open("db", Open::ReadWrite).unwrap();
            assert_eq!(after.len().unwrap(), 8192, "seed {seed}");
        }
    }
}
