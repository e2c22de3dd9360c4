//! What a power loss leaves of a file, given who decides what survives.

use crate::{
    SECTOR,
    file::{File, Op, sectors},
    model::happens,
};
use rand::RngExt;
use rand_chacha::ChaCha8Rng;
use std::collections::BTreeMap;

/// Who decides what survives.
pub(crate) trait Fate {
    /// Which of the versions `0..=newest` the platter holds; zero is the last synced one.
    fn version(&mut self, newest: usize) -> usize;
    /// The sector, out of so many, that the power loss tore, and how many of its bytes are new.
    fn tear(&mut self, sectors: usize) -> Option<(usize, usize)>;
}

/// Fate by chance.
#[derive(Debug)]
pub(crate) struct Chance<'a> {
    pub(crate) rng: &'a mut ChaCha8Rng,
    pub(crate) survival: f64,
    pub(crate) torn_sector: f64,
}

impl Fate for Chance<'_> {
    fn version(&mut self, newest: usize) -> usize {
        if newest == 0 || !happens(self.rng, self.survival) {
            return 0;
        }
        // The newest is the likeliest: write-back takes what the cache holds at the time.
        if self.survival >= 1.0 || self.rng.random_bool(0.75) {
            newest
        } else {
            self.rng.random_range(1..=newest)
        }
    }

    fn tear(&mut self, sectors: usize) -> Option<(usize, usize)> {
        let torn = sectors > 0 && happens(self.rng, self.torn_sector);
        torn.then(|| (self.rng.random_range(0..sectors), self.rng.random_range(1..SECTOR)))
    }
}

/// What became of one sector, as counts of the file's unsynced changes.
struct Cut {
    /// It holds the writes among the first so many.
    kept: usize,
    /// If it was torn: between which two of its versions.
    torn: (usize, usize),
}

impl File {
    /// The machine lost power. The length is any that the file had since the last sync; each sector
    /// is any version of itself since then. What followed a cut of the file cannot survive without
    /// the cut, and what was cut off cannot come back after it.
    pub(crate) fn crash(&mut self, fate: &mut impl Fate) {
        if !self.ops.is_empty() {
            let kept = self.choose_length(fate);
            let cuts = self.choose_sectors(kept, fate);
            let torn = self.tear(&cuts, fate);
            let mut image = self.durable.clone();
            for (index, op) in self.ops.iter().enumerate() {
                match op {
                    Op::Write { offset, data } => {
                        let bytes = &self.written[data.clone()];
                        for_each_sector(*offset, bytes, |sector, offset, part| {
                            if cuts.get(&sector).is_some_and(|cut| index < cut.kept) {
                                image.write(offset, part);
                            }
                        });
                    }
                    Op::SetLen { from, to } if to < from && index < kept => image.truncate(*to),
                    Op::SetLen { .. } => {}
                }
            }
            if let Some((sector, bytes)) = torn {
                image.write(sector * SECTOR as u64, &bytes);
            }
            self.durable_len = self.len_at_op(kept);
            image.truncate(self.durable_len);
            self.durable = image;
        }
        self.forget_cache();
    }

    /// How many of the changes count for the length.
    fn choose_length(&self, fate: &mut impl Fate) -> usize {
        let mut len = self.durable_len;
        let mut kept = vec![0];
        for index in 0..self.ops.len() {
            let next = match &self.ops[index] {
                Op::Write { offset, data } => len.max(offset + data.len() as u64),
                Op::SetLen { to, .. } => *to,
            };
            if next != len {
                kept.push(index + 1);
            }
            len = next;
        }
        kept[fate.version(kept.len() - 1)]
    }

    /// How far the changes of each dirty sector came.
    fn choose_sectors(&self, kept: usize, fate: &mut impl Fate) -> BTreeMap<u64, Cut> {
        let mut writes: BTreeMap<u64, Vec<usize>> = BTreeMap::new();
        let mut cut_at = u64::MAX;
        for (index, op) in self.ops.iter().enumerate() {
            match op {
                Op::SetLen { from, to } if to < from && index >= kept => cut_at = cut_at.min(*to),
                Op::SetLen { .. } => {}
                Op::Write { offset, data } => {
                    for sector in sectors(*offset, data.len()) {
                        if (sector + 1) * SECTOR as u64 <= cut_at {
                            writes.entry(sector).or_default().push(index);
                        }
                    }
                }
            }
        }
        let mut choose = |writes: Vec<usize>| {
            let version = fate.version(writes.len());
            let cut = |version: usize| if version == 0 { 0 } else { writes[version - 1] + 1 };
            // Torn on the way to the version after it, or on the way to the newest.
            let old = version.min(writes.len() - 1);
            Cut { kept: cut(version), torn: (cut(old), cut(old + 1)) }
        };
        writes.into_iter().map(|(sector, writes)| (sector, choose(writes))).collect()
    }

    /// One sector was being written when the power went.
    fn tear(&self, cuts: &BTreeMap<u64, Cut>, fate: &mut impl Fate) -> Option<(u64, [u8; SECTOR])> {
        let (chosen, new_bytes) = fate.tear(cuts.len())?;
        let (sector, cut) = cuts.iter().nth(chosen)?;
        let (sector, (old, new)) = (*sector, cut.torn);
        let (mut bytes, new) = (self.sector_at(sector, old), self.sector_at(sector, new));
        bytes[..new_bytes].copy_from_slice(&new[..new_bytes]);
        Some((sector, bytes))
    }

    fn sector_at(&self, sector: u64, cut: usize) -> [u8; SECTOR] {
        let start = sector * SECTOR as u64;
        let mut bytes = [0; SECTOR];
        self.durable.read(start, &mut bytes);
        for op in &self.ops[..cut] {
            match op {
                Op::Write { offset, data } => {
                    for_each_sector(*offset, &self.written[data.clone()], |at, offset, part| {
                        if at == sector {
                            let from = (offset - start) as usize;
                            bytes[from..from + part.len()].copy_from_slice(part);
                        }
                    });
                }
                Op::SetLen { to, .. } if *to < start + SECTOR as u64 => {
                    bytes[to.saturating_sub(start) as usize..].fill(0);
                }
                Op::SetLen { .. } => {}
            }
        }
        bytes
    }
}

/// Calls with each sector that `data` at `offset` touches, and the piece that falls into it.
fn for_each_sector(offset: u64, data: &[u8], mut each: impl FnMut(u64, u64, &[u8])) {
    let (mut offset, mut rest) = (offset, data);
    while !rest.is_empty() {
        let room = SECTOR - (offset % SECTOR as u64) as usize;
        let (part, later) = rest.split_at(rest.len().min(room));
        each(offset / SECTOR as u64, offset, part);
        offset += part.len() as u64;
        rest = later;
    }
}
