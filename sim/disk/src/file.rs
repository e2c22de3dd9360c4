//! One file: what the page cache shows, what the platter holds, and the writes in between.

use crate::pages::{PAGE, Pages, pages_for};
use std::{collections::BTreeSet, ops::Range};

/// Bytes in a sector: what a disk writes at once.
pub const SECTOR: usize = 512;

/// Above this many unsynced bytes the kernel writes back on its own, as Linux does.
const WRITEBACK_BYTES: usize = 8 << 20;

/// A change that is not yet durable.
#[derive(Clone, Debug)]
pub(crate) enum Op {
    /// Bytes of the file's log of written data.
    Write { offset: u64, data: Range<usize> },
    /// A new length, by set_len or allocate.
    SetLen { from: u64, to: u64 },
}

/// What the drive does to one sector that it is told to keep.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum SectorFate {
    Kept,
    Lost,
    /// Written over another sector of the file.
    Misdirected {
        to: u64,
    },
}

#[derive(Clone, Debug, Default)]
pub(crate) struct File {
    pub(crate) cached: Pages,
    pub(crate) len: u64,
    pub(crate) durable: Pages,
    pub(crate) durable_len: u64,
    pub(crate) ops: Vec<Op>,
    pub(crate) written: Vec<u8>,
    /// Pages below this take up space, written or not.
    pub(crate) reserved: usize,
    /// Pages that take up space.
    pub(crate) blocks: usize,
    /// A fault made cache and platter differ where nothing is dirty.
    pub(crate) diverged: bool,
    /// It has a name.
    pub(crate) linked: bool,
    /// Open handles.
    pub(crate) handles: usize,
}

/// The sectors that `len` bytes at `offset` touch.
pub(crate) fn sectors(offset: u64, len: usize) -> Range<u64> {
    offset / SECTOR as u64..(offset + len as u64).div_ceil(SECTOR as u64)
}

impl File {
    pub(crate) fn read(&self, offset: u64, buffer: &mut [u8]) -> usize {
        let left = self.len.saturating_sub(offset);
        let size = buffer.len().min(usize::try_from(left).unwrap_or(usize::MAX));
        self.cached.read(offset, &mut buffer[..size]);
        size
    }

    /// Pages that a write would newly take from the disk.
    pub(crate) fn pages_needed(&self, offset: u64, len: usize) -> usize {
        let first = (offset / PAGE as u64) as usize;
        (first.max(self.reserved)..pages_for(offset + len as u64))
            .filter(|page| !self.cached.has(*page))
            .count()
    }

    /// How much of a write fits when only `free` pages are left.
    pub(crate) fn fitting_prefix(&self, offset: u64, len: usize, free: u64) -> usize {
        let page_ends = (offset / PAGE as u64 + 1..).map(|page| page * PAGE as u64 - offset);
        let ends = page_ends.map(|end| usize::try_from(end).unwrap_or(len));
        ends.take_while(|end| *end < len && self.pages_needed(offset, *end) as u64 <= free)
            .last()
            .unwrap_or(0)
    }

    pub(crate) fn write(&mut self, offset: u64, data: &[u8]) {
        if data.is_empty() {
            return;
        }
        self.blocks += self.pages_needed(offset, data.len());
        self.cached.write(offset, data);
        self.len = self.len.max(offset + data.len() as u64);
        let start = self.written.len();
        self.written.extend_from_slice(data);
        self.ops.push(Op::Write { offset, data: start..self.written.len() });
        if self.written.len() > WRITEBACK_BYTES {
            self.flush(|_, _| SectorFate::Kept, false);
        }
    }

    pub(crate) fn set_len(&mut self, to: u64) {
        if to == self.len {
            return;
        }
        self.ops.push(Op::SetLen { from: self.len, to });
        if to < self.len {
            self.cached.truncate(to);
            self.reserved = self.reserved.min(pages_for(to));
            self.blocks = self.count_blocks();
        }
        self.len = to;
    }

    /// Pages that reserving `len` bytes would newly take.
    pub(crate) fn pages_to_reserve(&self, len: u64) -> usize {
        (self.reserved..pages_for(len)).filter(|page| !self.cached.has(*page)).count()
    }

    pub(crate) fn reserve(&mut self, len: u64) {
        self.blocks += self.pages_to_reserve(len);
        self.reserved = self.reserved.max(pages_for(len));
        if len > self.len {
            self.set_len(len);
        }
    }

    fn count_blocks(&self) -> usize {
        self.reserved + (self.reserved..self.cached.count()).filter(|p| self.cached.has(*p)).count()
    }

    /// Makes the cache durable, sector by sector where the drive has faults.
    pub(crate) fn sync(&mut self, fate: impl FnMut(u64, u64) -> SectorFate, faulty: bool) {
        self.flush(fate, faulty);
    }

    /// Makes durable what was written. Lengths set after the last write are not needed to read it
    /// and stay in doubt.
    pub(crate) fn sync_data(&mut self, fate: impl FnMut(u64, u64) -> SectorFate, faulty: bool) {
        let is_write = |op: &Op| matches!(op, Op::Write { .. });
        let kept = self.ops.iter().rposition(is_write).map_or(0, |last| last + 1);
        if kept == self.ops.len() {
            return self.flush(fate, faulty);
        }
        let later = self.ops.split_off(kept);
        let (cached, len) = (self.cached.clone(), self.len);
        self.cached = self.at_op(kept);
        self.len = self.len_at_op(kept);
        self.flush(fate, faulty);
        (self.cached, self.len, self.ops) = (cached, len, later);
    }

    /// The kernel gave up writing: the pages are clean, and the platter has what `kept` chose.
    pub(crate) fn fail_sync(&mut self, mut kept: impl FnMut() -> bool, evict: bool) {
        for sector in self.dirty_sectors() {
            if kept() {
                self.keep_sector(sector, sector);
            }
        }
        self.durable_len = self.durable_len.max(self.len);
        self.durable.truncate(self.durable_len);
        self.diverged = true;
        self.ops.clear();
        self.written.clear();
        if evict {
            self.cached = self.durable.clone();
            self.cached.truncate(self.len);
        }
    }

    /// The cache shows what the platter holds. Nothing is dirty.
    pub(crate) fn drop_clean(&mut self) {
        self.cached = self.durable.clone();
        self.cached.truncate(self.len);
        self.blocks = self.count_blocks();
        self.diverged = false;
    }

    fn flush(&mut self, mut fate: impl FnMut(u64, u64) -> SectorFate, faulty: bool) {
        if self.ops.is_empty() {
            return;
        }
        if faulty || self.diverged {
            self.flush_sectors(&mut fate);
        } else {
            self.flush_pages();
        }
        self.durable_len = self.len;
        self.durable.truncate(self.len);
        self.ops.clear();
        self.written.clear();
    }

    fn flush_pages(&mut self) {
        let mut cut = u64::MAX;
        for op in &self.ops {
            match op {
                Op::Write { offset, data } => {
                    let end = offset + data.len() as u64;
                    for page in (offset / PAGE as u64) as usize..pages_for(end) {
                        self.durable.share(page, &self.cached);
                    }
                }
                Op::SetLen { to, from } if to < from => cut = cut.min(*to),
                Op::SetLen { .. } => {}
            }
        }
        if cut < u64::MAX {
            let last = self.durable.count().max(self.cached.count());
            for page in (cut / PAGE as u64) as usize..last {
                self.durable.share(page, &self.cached);
            }
        }
    }

    fn flush_sectors(&mut self, fate: &mut impl FnMut(u64, u64) -> SectorFate) {
        for op in &self.ops {
            match op {
                Op::SetLen { to, from } if to < from => self.durable.truncate(*to),
                Op::SetLen { .. } | Op::Write { .. } => {}
            }
        }
        let in_file = self.len.div_ceil(SECTOR as u64);
        for sector in self.dirty_sectors() {
            match fate(sector, in_file) {
                SectorFate::Kept => self.keep_sector(sector, sector),
                SectorFate::Lost => self.diverged = true,
                SectorFate::Misdirected { to } => {
                    self.keep_sector(sector, to);
                    self.diverged = true;
                }
            }
        }
    }

    fn keep_sector(&mut self, from: u64, to: u64) {
        let mut bytes = [0; SECTOR];
        self.cached.read(from * SECTOR as u64, &mut bytes);
        self.durable.write(to * SECTOR as u64, &bytes);
    }

    pub(crate) fn dirty_sectors(&self) -> BTreeSet<u64> {
        let mut dirty = BTreeSet::new();
        for op in &self.ops {
            match op {
                Op::Write { offset, data } => dirty.extend(sectors(*offset, data.len())),
                Op::SetLen { .. } => {}
            }
        }
        dirty
    }

    /// The contents as they were after the first `count` unsynced changes.
    fn at_op(&self, count: usize) -> Pages {
        let mut pages = self.durable.clone();
        for op in &self.ops[..count] {
            match op {
                Op::Write { offset, data } => pages.write(*offset, &self.written[data.clone()]),
                Op::SetLen { to, .. } => pages.truncate(*to),
            }
        }
        pages
    }

    /// The length after the first `count` unsynced changes.
    pub(crate) fn len_at_op(&self, count: usize) -> u64 {
        self.ops[..count].iter().fold(self.durable_len, |len, op| match op {
            Op::Write { offset, data } => len.max(offset + data.len() as u64),
            Op::SetLen { to, .. } => *to,
        })
    }

    /// After a restart the cache is what the platter holds.
    pub(crate) fn forget_cache(&mut self) {
        self.cached = self.durable.clone();
        self.len = self.durable_len;
        self.reserved = self.reserved.min(pages_for(self.len));
        self.blocks = self.count_blocks();
        self.ops.clear();
        self.written.clear();
        self.diverged = false;
        self.handles = 0;
    }
}
