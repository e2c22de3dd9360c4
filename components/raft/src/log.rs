//! The log in memory: what is written, what is on disk, what is committed, what is applied.
//!
//! Upstream: log.go and log_unstable.go. There, stable entries are read back from a `Storage`;
//! here every entry since the last compaction stays in memory, and two marks say how far it has
//! been handed to the disk and how far the disk has it.

use std::collections::VecDeque;

use crate::types::{Entry, EntryId, EntryKind, Index, SnapshotMeta, Term};

/// Invariant: `base.index <= applied <= applying <= committed <= last`, and
/// `stable <= handed <= last`; without defects `applying <= stable`.
#[derive(Debug, Default)]
pub(crate) struct Log {
    /// The entry before the first in memory.
    base: EntryId,
    entries: VecDeque<Entry>,
    pub(crate) committed: Index,
    /// Handed out to be applied.
    applying: Index,
    pub(crate) applied: Index,
    /// What was handed out and not yet applied: last index and bytes of each page.
    pages: VecDeque<(Index, u64)>,
    outstanding: u64,
    /// Handed out to be written.
    handed: Index,
    /// Known to be on disk.
    stable: Index,
    /// For each write under way its number and the last index that it makes durable.
    writes: VecDeque<(u64, Index)>,
    /// A snapshot that is to be installed, or is being.
    pub(crate) snapshot: Option<SnapshotMeta>,
    snapshot_handed: bool,
}

/// Why entries from the leader were not taken.
#[derive(Debug, PartialEq, Eq)]
pub(crate) enum AppendFailure {
    /// Our log does not hold the entry that they follow upon.
    Mismatch,
    /// They contradict what we know to be committed: someone broke the rules.
    Conflict(Index),
}

impl Log {
    /// A log as found on disk: all of it durable.
    pub(crate) fn new(
        base: EntryId,
        entries: Vec<Entry>,
        committed: Index,
        applied: Index,
    ) -> Self {
        let last = base.index + entries.len() as Index;
        Self {
            base,
            entries: entries.into(),
            committed,
            applying: applied,
            applied,
            handed: last,
            stable: last,
            ..Self::default()
        }
    }

    /// The first index in memory.
    pub(crate) fn first_index(&self) -> Index {
        self.base.index + 1
    }

    pub(crate) fn last_index(&self) -> Index {
        self.base.index + self.entries.len() as Index
    }

    pub(crate) fn last(&self) -> EntryId {
        self.entries.back().map_or(self.base, Entry::id)
    }

    pub(crate) fn stable(&self) -> Index {
        self.stable
    }

    /// The term of an entry, if we still or already know it.
    pub(crate) fn term(&self, index: Index) -> Option<Term> {
        if index == self.base.index {
            return Some(self.base.term);
        }
        self.get(index).map(|entry| entry.term)
    }

    fn get(&self, index: Index) -> Option<&Entry> {
        let at = index.checked_sub(self.first_index())?;
        self.entries.get(usize::try_from(at).ok()?)
    }

    pub(crate) fn matches(&self, id: EntryId) -> bool {
        self.term(id.index) == Some(id.term)
    }

    /// Entries from `from` on, up to a size; the first fits always.
    pub(crate) fn slice(&self, from: Index, max_bytes: u64) -> Vec<Entry> {
        self.page(from, self.last_index(), max_bytes)
    }

    fn page(&self, from: Index, to: Index, max_bytes: u64) -> Vec<Entry> {
        let mut bytes = 0;
        let mut page = Vec::new();
        for entry in self.range(from, to) {
            bytes += entry.size();
            if bytes > max_bytes && !page.is_empty() {
                break;
            }
            page.push(entry.clone());
        }
        page
    }

    /// Entries `from..=to`, of those in memory.
    pub(crate) fn range(&self, from: Index, to: Index) -> impl Iterator<Item = &Entry> {
        let place =
            |index: Index| (index.saturating_sub(self.base.index) as usize).min(self.entries.len());
        let (start, end) = (place(from.saturating_sub(1)), place(to));
        self.entries.range(start.min(end)..end)
    }

    /// The last entry up to `index` whose term is not above `term`: where logs may agree at best.
    ///
    /// Terms never fall along a log, hence the bisection.
    pub(crate) fn last_not_above(&self, index: Index, term: Term) -> EntryId {
        let index = index.min(self.last_index());
        let known = index.saturating_sub(self.base.index) as usize;
        let candidates = self.entries.range(..known);
        let below = self.entries.partition_point(|entry| entry.term <= term).min(candidates.len());
        match below.checked_sub(1) {
            Some(at) => self.entries[at].id(),
            // Before the log begins nothing is known but the term of the last entry left out.
            None if self.base.term <= term || self.base.index == 0 => self.base,
            None => EntryId { term: 0, index: self.base.index.saturating_sub(1) },
        }
    }

    /// Adds entries at the end; they follow upon the last.
    pub(crate) fn append(&mut self, entries: impl IntoIterator<Item = Entry>) {
        self.entries.extend(entries);
    }

    /// Takes entries from the leader; the answer is the last index now known to agree.
    pub(crate) fn maybe_append(
        &mut self,
        prev: EntryId,
        mut entries: Vec<Entry>,
        commit: Index,
    ) -> Result<Index, AppendFailure> {
        if !self.matches(prev) {
            return Err(AppendFailure::Mismatch);
        }
        let last_new = prev.index + entries.len() as Index;
        let news = entries.iter().position(|entry| !self.matches(entry.id()));
        if let Some(known) = news {
            let first = entries[known].index;
            if first <= self.committed {
                return Err(AppendFailure::Conflict(first));
            }
            self.truncate(first);
            self.append(entries.drain(known..));
        }
        self.commit_to(commit.min(last_new));
        Ok(last_new)
    }

    /// Drops everything from `index` on.
    ///
    /// A write under way that holds some of it no longer makes our log durable beyond: upstream
    /// ignores such writes by their term, we lower what they promise.
    fn truncate(&mut self, index: Index) {
        let keep = index - 1;
        self.entries.truncate((keep - self.base.index) as usize);
        self.handed = self.handed.min(keep);
        self.stable = self.stable.min(keep);
        for (_, durable) in &mut self.writes {
            *durable = (*durable).min(keep);
        }
    }

    /// Never goes back, never beyond the log.
    pub(crate) fn commit_to(&mut self, index: Index) {
        self.committed = self.committed.max(index.min(self.last_index()));
    }

    /// Replaces everything by a snapshot that is yet to be installed.
    pub(crate) fn restore(&mut self, meta: SnapshotMeta) {
        let writes = std::mem::take(&mut self.writes);
        *self = Self {
            writes: writes.into_iter().map(|(number, _)| (number, 0)).collect(),
            applied: self.applied,
            ..Self::new(meta.id(), Vec::new(), meta.index, self.applied)
        };
        self.snapshot = Some(meta);
    }

    /// True when there is something to write or to install that was not handed out.
    pub(crate) fn has_unwritten(&self) -> bool {
        self.handed < self.last_index() || (self.snapshot.is_some() && !self.snapshot_handed)
    }

    /// Hands out what is to be written under a number.
    pub(crate) fn take_unwritten(&mut self, number: u64) -> (Option<SnapshotMeta>, Vec<Entry>) {
        let snapshot = if self.snapshot_handed { None } else { self.snapshot.clone() };
        self.snapshot_handed |= snapshot.is_some();
        let last = self.last_index();
        let entries = self.range(self.handed + 1, last).cloned().collect();
        self.handed = last;
        self.writes.push_back((number, last));
        (snapshot, entries)
    }

    /// Everything handed out up to this number is durable. `snapshot` was among it.
    pub(crate) fn persisted(&mut self, number: u64, snapshot: Option<Index>) {
        while let Some((_, durable)) = self.writes.pop_front_if(|(write, _)| *write <= number) {
            self.stable = self.stable.max(durable);
        }
        // A later snapshot may have taken its place meanwhile.
        if self.snapshot.as_ref().is_some_and(|meta| Some(meta.index) == snapshot) {
            self.snapshot = None;
            self.snapshot_handed = false;
        }
        if let Some(index) = snapshot {
            self.applied = self.applied.max(index);
            self.applying = self.applying.max(index);
        }
    }

    /// Hands out what is committed and durable here, within a budget of unapplied bytes.
    pub(crate) fn take_committed(&mut self, max_bytes: u64, up_to: Index) -> Vec<Entry> {
        if !self.has_committed(max_bytes, up_to) {
            return Vec::new();
        }
        let to = self.committed.min(up_to);
        let page = self.page(self.applying + 1, to, max_bytes - self.outstanding);
        let bytes = page.iter().map(Entry::size).sum();
        if let Some(last) = page.last() {
            self.applying = last.index;
            self.pages.push_back((last.index, bytes));
            self.outstanding += bytes;
        }
        page
    }

    pub(crate) fn has_committed(&self, max_bytes: u64, up_to: Index) -> bool {
        let room = self.outstanding == 0 || self.outstanding < max_bytes;
        room && self.snapshot.is_none() && self.applying < self.committed.min(up_to)
    }

    /// Marks everything committed as handed out, whether it was or not.
    pub(crate) fn forget_committed(&mut self) {
        self.applying = self.committed;
    }

    pub(crate) fn applied_to(&mut self, index: Index) {
        while let Some((_, bytes)) = self.pages.pop_front_if(|(last, _)| *last <= index) {
            self.outstanding -= bytes;
        }
        self.applied = self.applied.max(index.min(self.committed));
        self.applying = self.applying.max(self.applied);
    }

    /// Drops entries up to `index`, as far as they are applied.
    pub(crate) fn compact(&mut self, index: Index) {
        let index = index.min(self.applied);
        if index <= self.base.index {
            return;
        }
        if let Some(term) = self.term(index) {
            self.entries.drain(..(index - self.base.index) as usize);
            self.base = EntryId { term, index };
        }
    }

    pub(crate) fn has_unapplied_conf_change(&self) -> bool {
        self.range(self.applied + 1, self.committed)
            .any(|entry| entry.kind == EntryKind::ConfChange)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn entries(first: Index, terms: &[Term]) -> Vec<Entry> {
        (first..)
            .zip(terms)
            .map(|(index, term)| Entry { term: *term, index, ..Entry::default() })
            .collect()
    }

    fn id(term: Term, index: Index) -> EntryId {
        EntryId { term, index }
    }

    #[test]
    fn a_write_promises_nothing_about_what_replaced_it() {
        let mut log = Log::new(id(1, 4), Vec::new(), 4, 4);
        log.append(entries(5, &[2, 2, 2]));
        log.take_unwritten(1);
        assert_eq!(log.maybe_append(id(2, 5), entries(6, &[3]), 0), Ok(6));
        log.take_unwritten(2);
        // The first entries come back: the same names, but their first write was overwritten.
        log.truncate(6);
        log.append(entries(6, &[2, 2]));
        log.take_unwritten(3);
        let durable = [1, 2, 3].map(|number| {
            log.persisted(number, None);
            log.stable()
        });
        assert_eq!(durable, [5, 5, 7]);
    }

    #[test]
    fn what_is_committed_is_handed_out_once_durable_and_within_the_budget() {
        let mut log = Log::new(id(0, 0), Vec::new(), 0, 0);
        log.append(entries(1, &[1, 1, 1]));
        log.take_unwritten(1);
        log.commit_to(3);
        let two = 2 * entries(1, &[1])[0].size();
        assert!(log.take_committed(two, log.stable()).is_empty(), "not durable");
        log.persisted(1, None);
        assert_eq!(log.take_committed(two, log.stable()).len(), 2);
        assert!(log.take_committed(two, log.stable()).is_empty(), "two are not yet applied");
        log.applied_to(2);
        assert_eq!(log.take_committed(two, log.stable()).len(), 1);
    }

    #[test]
    fn logs_may_agree_up_to_the_last_entry_not_above_a_term() {
        let mut log = Log::new(id(1, 2), entries(3, &[1, 3, 3, 5, 5]), 2, 2);
        let cases = [
            ((7, 9), id(5, 7)),
            ((7, 5), id(5, 7)),
            ((7, 4), id(3, 5)),
            ((4, 4), id(3, 4)),
            ((7, 2), id(1, 3)),
            ((99, 2), id(1, 3)),
            ((2, 2), id(1, 2)),
            ((7, 0), id(0, 1)),
        ];
        for ((index, term), want) in cases {
            assert_eq!(log.last_not_above(index, term), want, "{index} {term}");
        }
        log.commit_to(5);
        log.applied_to(5);
        log.compact(4);
        assert_eq!((log.first_index(), log.term(4), log.term(3)), (5, Some(3), None));
    }

    #[test]
    fn entries_that_contradict_what_is_committed_are_refused() {
        let mut log = Log::new(id(0, 0), entries(1, &[1, 1, 2]), 2, 0);
        assert_eq!(
            log.maybe_append(id(1, 1), entries(2, &[2]), 3),
            Err(AppendFailure::Conflict(2))
        );
        assert_eq!(log.maybe_append(id(9, 3), Vec::new(), 3), Err(AppendFailure::Mismatch));
        assert_eq!(log.maybe_append(id(1, 2), entries(3, &[2, 3]), 9), Ok(4));
        assert_eq!((log.committed, log.last()), (4, id(3, 4)));
    }
}
