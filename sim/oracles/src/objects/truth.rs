//! The log of the storage as a history of states. Where it has gaps it says that it does not know.

use crate::history::{Object, ObjectChange, ObjectLog};
use std::collections::BTreeMap;

/// All states that all objects went through.
#[derive(Debug)]
pub(crate) struct Truth<'a> {
    changes: Vec<&'a ObjectChange>,
    by_name: BTreeMap<&'a str, Vec<&'a ObjectChange>>,
    log: &'a ObjectLog,
}

impl<'a> Truth<'a> {
    /// Reads a log.
    pub(crate) fn of(log: &'a ObjectLog) -> Self {
        let mut changes: Vec<&ObjectChange> = log.changes.iter().collect();
        changes.sort_by_key(|change| change.revision);
        changes.dedup_by_key(|change| change.revision);
        let mut by_name = BTreeMap::<&str, Vec<&ObjectChange>>::new();
        for change in &changes {
            by_name.entry(&change.name).or_default().push(change);
        }
        Self { changes, by_name, log }
    }

    /// True when every change after `from` and up to `to` is in the log.
    pub(crate) fn knows(&self, from: u64, to: u64) -> bool {
        let hidden = |(first, last): &(u64, u64)| *first <= to && *last > from;
        to <= self.log.known_to && !self.log.gaps.iter().any(hidden)
    }

    /// The highest revision that is known.
    pub(crate) fn known_to(&self) -> u64 {
        self.log.known_to
    }

    /// All changes, in order.
    pub(crate) fn changes(&self) -> impl Iterator<Item = &'a ObjectChange> {
        self.changes.iter().copied()
    }

    /// Each object's changes, in order.
    pub(crate) fn by_name(&self) -> impl Iterator<Item = &[&'a ObjectChange]> {
        self.by_name.values().map(Vec::as_slice)
    }

    /// The changes after `from` and up to `to` that are in the log.
    pub(crate) fn between(&self, from: u64, to: u64) -> &[&'a ObjectChange] {
        let place = |revision| self.changes.partition_point(|change| change.revision <= revision);
        let (first, end) = (place(from), place(to));
        &self.changes[first.min(end)..end]
    }

    /// What happened at a revision.
    pub(crate) fn change_at(&self, revision: u64) -> Option<&'a ObjectChange> {
        self.between(revision.checked_sub(1)?, revision).first().copied()
    }

    /// The object as of a revision; the outer none: not known.
    pub(crate) fn at(&self, name: &str, revision: u64) -> Option<Option<&'a Object>> {
        let own = self.by_name.get(name).map_or(&[][..], Vec::as_slice);
        let after = own.partition_point(|change| change.revision <= revision);
        let last = after.checked_sub(1).map(|place| own[place]);
        let from = last.map_or(0, |change| change.revision);
        self.knows(from, revision).then(|| last.and_then(|change| change.object.as_ref()))
    }

    /// The object just before a revision; the outer none: not known.
    pub(crate) fn before(&self, name: &str, revision: u64) -> Option<Option<&'a Object>> {
        self.at(name, revision.checked_sub(1)?)
    }

    /// All objects as of a revision, by name; none: not known.
    pub(crate) fn all_at(&self, revision: u64) -> Option<Vec<&'a Object>> {
        let names = self.by_name.keys();
        let states: Option<Vec<_>> = names.map(|name| self.at(name, revision)).collect();
        self.knows(0, revision).then_some(())?;
        Some(states?.into_iter().flatten().collect())
    }

    /// The first change of an object after a revision.
    pub(crate) fn next(&self, name: &str, after: u64) -> Option<&'a ObjectChange> {
        let own = self.by_name.get(name)?;
        own.get(own.partition_point(|change| change.revision <= after)).copied()
    }

    /// The revision at which the object of this identity went. None also where the log has a gap after
    /// its last known state: the next end in the log may be that of another object with its name.
    pub(crate) fn end_of(&self, uid: &str) -> Option<u64> {
        self.by_name.values().find_map(|own| {
            let is = |change: &&ObjectChange| {
                change.object.as_ref().is_some_and(|object| object.uid == uid)
            };
            let last = own.iter().rposition(is)?;
            let end = own.get(last + 1)?;
            let known = self.knows(own[last].revision, end.revision);
            (known && end.object.is_none()).then_some(end.revision)
        })
    }
}
