//! Sparse bytes in shared pages: cloning is cheap, and a page is copied when first changed.

use std::sync::Arc;

/// Bytes in a page, the unit of sharing.
pub(crate) const PAGE: usize = 4096;

/// Bytes past the last written page, and absent pages, read as zeros.
#[derive(Clone, Debug, Default)]
pub(crate) struct Pages(Vec<Option<Arc<[u8; PAGE]>>>);

/// The page that holds a byte, and the byte's place in it.
fn locate(offset: u64) -> (usize, usize) {
    let page = usize::try_from(offset / PAGE as u64).expect("a file fits in memory");
    (page, (offset % PAGE as u64) as usize)
}

/// The pages that hold `len` bytes.
pub(crate) fn pages_for(len: u64) -> usize {
    usize::try_from(len.div_ceil(PAGE as u64)).expect("a file fits in memory")
}

impl Pages {
    pub(crate) fn read(&self, mut offset: u64, mut buffer: &mut [u8]) {
        while !buffer.is_empty() {
            let (page, at) = locate(offset);
            let (now, later) = buffer.split_at_mut(buffer.len().min(PAGE - at));
            match self.0.get(page) {
                Some(Some(bytes)) => now.copy_from_slice(&bytes[at..at + now.len()]),
                Some(None) | None => now.fill(0),
            }
            offset += now.len() as u64;
            buffer = later;
        }
    }

    pub(crate) fn write(&mut self, mut offset: u64, mut data: &[u8]) {
        while !data.is_empty() {
            let (page, at) = locate(offset);
            let (now, later) = data.split_at(data.len().min(PAGE - at));
            self.page_mut(page)[at..at + now.len()].copy_from_slice(now);
            offset += now.len() as u64;
            data = later;
        }
    }

    /// Everything from `len` on becomes zeros.
    pub(crate) fn truncate(&mut self, len: u64) {
        self.0.truncate(pages_for(len));
        let (page, at) = locate(len);
        if at > 0 && self.has(page) {
            self.page_mut(page)[at..].fill(0);
        }
    }

    /// Flips the bits of `mask` in one byte.
    pub(crate) fn flip(&mut self, offset: u64, mask: u8) {
        let (page, at) = locate(offset);
        self.page_mut(page)[at] ^= mask;
    }

    /// Takes over another's page without copying it.
    pub(crate) fn share(&mut self, page: usize, from: &Pages) {
        let shared = from.0.get(page).cloned().flatten();
        if page < self.0.len() {
            self.0[page] = shared;
        } else if shared.is_some() {
            self.0.resize(page, None);
            self.0.push(shared);
        }
    }

    /// True when the page takes up space.
    pub(crate) fn has(&self, page: usize) -> bool {
        matches!(self.0.get(page), Some(Some(_)))
    }

    /// One past the last page that may take up space.
    pub(crate) fn count(&self) -> usize {
        self.0.len()
    }

    /// Past this everything is zeros.
    pub(crate) fn bytes(&self) -> u64 {
        (self.0.len() * PAGE) as u64
    }

    /// True when both hold the same bytes in `offset..offset + len`.
    pub(crate) fn same(&self, other: &Pages, offset: u64, len: u64) -> bool {
        let first = locate(offset).0;
        (first..pages_for(offset + len)).all(|page| {
            let (ours, theirs) = (self.0.get(page), other.0.get(page));
            let shared = match (ours, theirs) {
                (Some(Some(a)), Some(Some(b))) => Arc::ptr_eq(a, b),
                (Some(None) | None, Some(None) | None) => true,
                (Some(_), Some(_) | None) | (None, Some(_)) => false,
            };
            shared || self.same_bytes(other, page, offset, len)
        })
    }

    fn same_bytes(&self, other: &Pages, page: usize, offset: u64, len: u64) -> bool {
        let start = (page * PAGE) as u64;
        let (from, to) = (start.max(offset), (start + PAGE as u64).min(offset + len));
        let (mut a, mut b) = ([0; PAGE], [0; PAGE]);
        let size = (to - from) as usize;
        self.read(from, &mut a[..size]);
        other.read(from, &mut b[..size]);
        a[..size] == b[..size]
    }

    fn page_mut(&mut self, page: usize) -> &mut [u8; PAGE] {
        if page >= self.0.len() {
            self.0.resize(page + 1, None);
        }
        Arc::make_mut(self.0[page].get_or_insert_with(|| Arc::new([0; PAGE])))
    }
}
