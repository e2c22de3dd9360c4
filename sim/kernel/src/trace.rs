//! What happened, folded into 128 bits, and on request kept entry by entry.

use crate::{NodeId, Time};
use std::{collections::BTreeMap, fmt};

/// What sort of thing happened. Each crate of the machine room names its own.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Kind {
    /// Distinct among all kinds; it goes into the hash.
    pub code: u16,
    /// For people.
    pub name: &'static str,
}

impl Kind {
    /// A kind with its code and name.
    pub const fn new(code: u16, name: &'static str) -> Self {
        Self { code, name }
    }
}

/// One thing that happened. Payload bytes never go in; their lengths may.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Entry {
    /// When.
    pub at: Time,
    /// On which node; `None` for the world itself.
    pub node: Option<NodeId>,
    /// What.
    pub kind: Kind,
    /// Particulars: keys of names, lengths, counts. Never an index that depends on other nodes.
    pub a: u64,
    /// As `a`.
    pub b: u64,
}

impl fmt::Display for Entry {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let node = self.node.map_or_else(|| "world".to_owned(), |node| format!("node {}", node.0));
        write!(f, "{} {node:>9} {:<16} {:016x} {:016x}", self.at, self.kind.name, self.a, self.b)
    }
}

/// Where two traces part: the index, and what each has there. `None` when they are equal.
pub fn first_difference<'a>(
    one: &'a [Entry],
    other: &'a [Entry],
) -> Option<(usize, Option<&'a Entry>, Option<&'a Entry>)> {
    let longest = one.len().max(other.len());
    let index = (0..longest).find(|&index| one.get(index) != other.get(index))?;
    Some((index, one.get(index), other.get(index)))
}

/// The hash of all that happened so far.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct TraceHash(pub u128);

impl fmt::Display for TraceHash {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{:032x}", self.0)
    }
}

/// Two rolling 64-bit lanes and, where asked for, the entries themselves.
#[derive(Debug)]
pub(crate) struct Trace {
    high: u64,
    low: u64,
    entries: Option<Vec<Entry>>,
    notes: BTreeMap<usize, String>,
}

impl Trace {
    pub(crate) fn new(seed: u64, record: bool) -> Self {
        let entries = record.then(Vec::new);
        Self { high: seed, low: !seed, entries, notes: BTreeMap::new() }
    }

    pub(crate) fn add(&mut self, entry: Entry) {
        let node = entry.node.map_or(u64::from(u32::MAX), |node| u64::from(node.0));
        self.fold(entry.at.0);
        self.fold(node << 16 | u64::from(entry.kind.code));
        self.fold(entry.a);
        self.fold(entry.b);
        if let Some(entries) = &mut self.entries {
            entries.push(entry);
        }
    }

    /// Words for the entry added last, if entries are kept.
    pub(crate) fn note(&mut self, words: impl FnOnce() -> String) {
        if let Some(last) = self.entries.as_ref().and_then(|entries| entries.len().checked_sub(1)) {
            self.notes.insert(last, words());
        }
    }

    fn fold(&mut self, value: u64) {
        self.high = (self.high.rotate_left(5) ^ value).wrapping_mul(0x9e37_79b9_7f4a_7c15);
        self.low = (self.low ^ value).wrapping_mul(0xff51_afd7_ed55_8ccd).rotate_left(31);
    }

    pub(crate) fn hash(&self) -> TraceHash {
        TraceHash(u128::from(self.high) << 64 | u128::from(self.low))
    }

    pub(crate) fn take(&mut self) -> Vec<(Entry, Option<String>)> {
        let entries = self.entries.as_mut().map(std::mem::take).unwrap_or_default();
        let mut notes = std::mem::take(&mut self.notes);
        let noted = |(index, entry)| (entry, notes.remove(&index));
        entries.into_iter().enumerate().map(noted).collect()
    }
}
