//! A resource's objects and its last changes. Pure.

use super::entry::{Change, Entry};
use crate::storage::Stored;
use std::{collections::BTreeMap, collections::VecDeque, sync::Arc};

/// Changes kept for watches that begin in the past or fall behind.
pub(super) const CHANGES_MAX: usize = 4096;

/// A watch cannot go on: what it asks for is forgotten.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub(crate) struct TooOld {
    /// The first revision that a watch can begin at.
    pub(crate) oldest: u64,
}

#[derive(Debug, Default)]
pub(crate) struct Window {
    entries: BTreeMap<String, Arc<Entry>>,
    changes: VecDeque<Arc<Change>>,
    /// Changes up to here are forgotten, or were before the list.
    forgotten: u64,
    /// Of all objects.
    bytes: u64,
    /// Changes that ever came.
    received: u64,
}

impl Window {
    /// Begins anew with a list.
    pub(crate) fn reset(&mut self, objects: Vec<Stored>, revision: u64) {
        let entries = objects.into_iter().map(|stored| Arc::new(Entry::of(stored)));
        self.entries = entries.map(|entry| (entry.key.clone(), entry)).collect();
        self.bytes = self.entries.values().map(|entry| entry.bytes.len() as u64).sum();
        self.changes.clear();
        self.forgotten = revision;
    }

    /// An object was written.
    pub(crate) fn put(&mut self, stored: Stored) {
        let entry = Arc::new(Entry::of(stored));
        let before = self.entries.insert(entry.key.clone(), entry.clone());
        self.push(Change::new(entry.revision, before, Some(entry)));
    }

    /// An object was removed. One that was not there makes no change.
    pub(crate) fn remove(&mut self, key: &str, revision: u64) {
        if let Some(before) = self.entries.remove(key) {
            self.push(Change::new(revision, Some(before), None));
        }
    }

    fn push(&mut self, change: Change) {
        let bytes =
            |entry: &Option<Arc<Entry>>| entry.as_ref().map_or(0, |entry| entry.bytes.len() as u64);
        self.bytes = self.bytes + bytes(&change.after) - bytes(&change.before);
        self.received += 1;
        self.changes.push_back(Arc::new(change));
        if self.changes.len() > CHANGES_MAX {
            self.forgotten = self.changes.pop_front().map_or(0, |change| change.revision);
        }
    }

    /// How many objects there are, how many bytes these have, and how many changes came so far.
    pub(crate) fn size(&self) -> (u64, u64, u64) {
        (self.entries.len() as u64, self.bytes, self.received)
    }

    pub(crate) fn get(&self, key: &str) -> Option<Arc<Entry>> {
        self.entries.get(key).cloned()
    }

    /// The objects whose keys begin with `prefix`, in order.
    pub(crate) fn list(&self, prefix: &str) -> Vec<Arc<Entry>> {
        let from = self.entries.range(prefix.to_owned()..);
        from.take_while(|(key, _)| key.starts_with(prefix))
            .map(|(_, entry)| entry.clone())
            .collect()
    }

    /// The changes after `revision`.
    pub(crate) fn since(&self, revision: u64) -> Result<Vec<Arc<Change>>, TooOld> {
        if revision < self.forgotten {
            return Err(TooOld { oldest: self.forgotten + 1 });
        }
        let first = self.changes.partition_point(|change| change.revision <= revision);
        Ok(self.changes.range(first..).cloned().collect())
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use bytes::Bytes;

    fn stored(key: &str, revision: u64) -> Stored {
        Stored {
            key: Bytes::copy_from_slice(key.as_bytes()),
            bytes: Bytes::from_static(b"{}"),
            revision,
        }
    }

    #[test]
    fn changes_are_told_from_any_revision_that_is_not_forgotten() {
        let mut window = Window::default();
        window.reset(vec![stored("a/1", 3)], 5);
        window.put(stored("a/2", 6));
        window.remove("a/1", 8);
        window.remove("a/9", 9);
        let revisions = |from| {
            let changes = window.since(from)?;
            Ok(changes.iter().map(|change| change.revision).collect::<Vec<_>>())
        };
        assert_eq!(revisions(4), Err(TooOld { oldest: 6 }));
        assert_eq!(revisions(5), Ok(vec![6, 8]));
        assert_eq!(revisions(6), Ok(vec![8]));
        assert_eq!(revisions(8), Ok(vec![]));
        assert_eq!(window.size(), (1, 2, 2));
        let keys: Vec<_> = window.list("a/").iter().map(|entry| entry.key.clone()).collect();
        assert_eq!(keys, ["a/2"]);
    }

    #[test]
    fn old_changes_are_forgotten() {
        let mut window = Window::default();
        window.reset(vec![], 1);
        for revision in 2..CHANGES_MAX as u64 + 5 {
            window.put(stored("k", revision));
        }
        assert_eq!(window.since(3).unwrap_err(), TooOld { oldest: 5 });
        assert_eq!(window.since(4).unwrap().len(), CHANGES_MAX);
        assert!(window.since(4).unwrap()[0].before.is_some());
    }
}
