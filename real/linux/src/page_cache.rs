//! What Linux remembers of a file: dropped, and looked whether it is gone.
#![allow(unsafe_code)]

use std::{fs::File, io, os::fd::AsRawFd, ptr};

/// The file's bytes looked at in one piece: one byte of answer for each of its pages.
const WINDOW_BYTES: u64 = 1 << 30;

/// Drops the clean pages of a file, and says whether none is left.
///
/// The kernel takes posix_fadvise(2) as advice and may keep what it likes; mincore(2) tells. It
/// calls every page present where it may not tell, and there is no disk behind a tmpfs.
pub(crate) fn drop_clean(file: &File) -> io::Result<bool> {
    // SAFETY: the descriptor is open for as long as `file` is borrowed; no memory is passed.
    match unsafe { libc::posix_fadvise(file.as_raw_fd(), 0, 0, libc::POSIX_FADV_DONTNEED) } {
        0 => is_dropped(file),
        // A file system without advice.
        libc::EINVAL | libc::ENOSYS | libc::EOPNOTSUPP => Ok(false),
        error => Err(io::Error::from_raw_os_error(error)),
    }
}

fn is_dropped(file: &File) -> io::Result<bool> {
    let len = file.metadata()?.len();
    let mut offset = 0;
    while offset < len {
        let window = (len - offset).min(WINDOW_BYTES);
        if !is_window_dropped(file, offset, window)? {
            return Ok(false);
        }
        offset += window;
    }
    Ok(true)
}

fn is_window_dropped(file: &File, offset: u64, len: u64) -> io::Result<bool> {
    let (Ok(size), Ok(offset)) = (usize::try_from(len), libc::off_t::try_from(offset)) else {
        return Ok(false);
    };
    // The smallest page of any machine: more answers than needed, never fewer.
    let mut present = vec![0_u8; size.div_ceil(4096)];
    // SAFETY: a new mapping at an address of the kernel's choice, which nobody reads through.
    let mapped = unsafe {
        let (protection, flags) = (libc::PROT_READ, libc::MAP_SHARED);
        libc::mmap(ptr::null_mut(), size, protection, flags, file.as_raw_fd(), offset)
    };
    if mapped == libc::MAP_FAILED {
        return Err(io::Error::last_os_error());
    }
    // SAFETY: `mapped` is a mapping of `size` bytes; `present` has a byte for each of its pages.
    let asked = unsafe { libc::mincore(mapped, size, present.as_mut_ptr()) };
    let asked = if asked == 0 { Ok(()) } else { Err(io::Error::last_os_error()) };
    // SAFETY: the mapping made above, of which nothing is kept.
    unsafe { libc::munmap(mapped, size) };
    asked?;
    // Only the lowest bit has a meaning.
    Ok(present.iter().all(|page| page & 1 == 0))
}

#[cfg(test)]
mod tests {
    use super::*;
    use std::io::{Read, Seek, Write};

    #[test]
    fn a_page_that_was_dropped_is_not_there_until_it_is_read() -> io::Result<()> {
        // Not in /tmp, which may have no disk behind it.
        let path = concat!(env!("CARGO_MANIFEST_DIR"), "/src/page_cache.rs.test");
        let mut file =
            File::options().read(true).write(true).create(true).truncate(true).open(path)?;
        std::fs::remove_file(path)?;
        file.write_all(&[7; 100_000])?;
        assert!(!is_dropped(&file)?, "what was written is remembered");
        file.sync_all()?;
        if !drop_clean(&file)? {
            // A file system that keeps its pages says so.
            return Ok(());
        }
        let mut bytes = Vec::new();
        file.rewind()?;
        file.read_to_end(&mut bytes)?;
        assert_eq!(bytes, [7; 100_000]);
        assert!(!is_dropped(&file)?, "what was read is remembered");
        Ok(())
    }
}
