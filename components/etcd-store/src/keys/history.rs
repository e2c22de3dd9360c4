//! The retained revisions of one key, small enough to keep a million of them in memory.
//!
//! A generation runs from a put of an absent key to its tombstone. Rules of what a compaction keeps
//! are upstream's (server/storage/mvcc/key_index.go).

use super::revision::Revision;

/// What a key was at some revision.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) struct Version {
    /// The change that made it so.
    pub(crate) modified: Revision,
    /// The main revision of the generation's first put.
    pub(crate) created: i64,
    /// Puts in the generation so far.
    pub(crate) version: i64,
}

/// Retained revisions. Most keys have one, and it is stored inline.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) enum History {
    /// A living key of which only the last change is retained.
    One(Version),
    /// Anything else.
    Many(Vec<Generation>),
}

#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) struct Generation {
    created: i64,
    /// The version of the last revision; a tombstone counts.
    version: i64,
    /// Ascending, never empty.
    revisions: Vec<Revision>,
    /// True when the last revision is a tombstone.
    ended: bool,
}

impl Generation {
    fn first(created: i64, version: i64, revision: Revision, ended: bool) -> Self {
        Self { created, version, revisions: vec![revision], ended }
    }

    fn last(&self) -> Revision {
        self.revisions[self.revisions.len() - 1]
    }

    /// How many revisions are at or before `at`.
    fn until(&self, at: i64) -> usize {
        self.revisions.partition_point(|revision| revision.main <= at)
    }

    /// True when the generation is over at `at`.
    fn over(&self, at: i64) -> bool {
        self.ended && self.last().main <= at
    }
}

impl History {
    /// A key whose first retained row is this put.
    pub(crate) fn from_put(version: Version) -> Self {
        Self::One(version)
    }

    /// A key whose first retained row is a tombstone; its creation is compacted away.
    pub(crate) fn from_tombstone(revision: Revision) -> Self {
        Self::Many(vec![Generation::first(0, 1, revision, true)])
    }

    fn many(&mut self) -> &mut Vec<Generation> {
        if let Self::One(only) = *self {
            let generation = Generation::first(only.created, only.version, only.modified, false);
            *self = Self::Many(vec![generation]);
        }
        match self {
            Self::Many(generations) => generations,
            Self::One(_) => unreachable!("made many above"),
        }
    }

    /// Appends a put; returns what the key is now.
    pub(crate) fn put(&mut self, revision: Revision) -> Version {
        let generations = self.many();
        match generations.last_mut() {
            Some(living) if !living.ended => {
                living.version += 1;
                living.revisions.push(revision);
            }
            _ => generations.push(Generation::first(revision.main, 1, revision, false)),
        }
        let living = &generations[generations.len() - 1];
        Version { modified: revision, created: living.created, version: living.version }
    }

    /// Appends a tombstone; false when the key is not alive.
    pub(crate) fn delete(&mut self, revision: Revision) -> bool {
        match self.many().last_mut() {
            Some(living) if !living.ended => {
                living.version += 1;
                living.revisions.push(revision);
                living.ended = true;
                true
            }
            _ => false,
        }
    }

    /// The key as of a revision; `None` when it was not alive.
    pub(crate) fn at(&self, at: i64) -> Option<Version> {
        let generations = match self {
            Self::One(only) => return (only.modified.main <= at).then_some(*only),
            Self::Many(generations) => generations,
        };
        let generation = generations.iter().rfind(|found| found.revisions[0].main <= at)?;
        if generation.over(at) {
            return None;
        }
        let found = generation.until(at);
        let later = i64::try_from(generation.revisions.len() - found).unwrap_or(i64::MAX);
        Some(Version {
            modified: generation.revisions[found - 1],
            created: generation.created,
            version: generation.version - later,
        })
    }

    /// Forgets what a compaction at `at` removes and reports the rows to delete. A tombstone exactly
    /// at `at` stays, as a watch may still start there. False when nothing is left of the key.
    pub(crate) fn compact(
        &mut self,
        at: i64,
        drop_tombstone: bool,
        mut remove: impl FnMut(Revision, bool),
    ) -> bool {
        let Self::Many(generations) = self else { return true };
        let gone = generations
            .iter()
            .take_while(|generation| {
                // E07, #18089: the tombstone at `at` itself must stay.
                let before = if drop_tombstone { at + 1 } else { at };
                generation.ended && generation.last().main < before
            })
            .count();
        for generation in generations.drain(..gone) {
            for revision in &generation.revisions {
                remove(*revision, *revision == generation.last());
            }
        }
        let Some(first) = generations.first_mut() else { return false };
        let before = first.until(at).saturating_sub(1);
        first.revisions.drain(..before).for_each(|revision| remove(revision, false));
        first.revisions.shrink_to_fit();
        self.shrink();
        true
    }

    fn shrink(&mut self) {
        let Self::Many(generations) = self else { return };
        if let [only] = &generations[..]
            && let ([modified], false) = (&only.revisions[..], only.ended)
        {
            let (created, version) = (only.created, only.version);
            *self = Self::One(Version { modified: *modified, created, version });
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn revision(main: i64) -> Revision {
        Revision { main, sub: 0 }
    }

    /// put(1) put(2) delete(3) put(4) delete(5): the example of upstream's documentation.
    fn example() -> History {
        let first = Version { modified: revision(1), created: 1, version: 1 };
        let mut history = History::from_put(first);
        history.put(revision(2));
        assert!(history.delete(revision(3)));
        history.put(revision(4));
        assert!(history.delete(revision(5)));
        assert!(!history.delete(revision(6)));
        history
    }

    #[test]
    fn a_key_is_found_as_it_was_at_every_revision() {
        let history = example();
        let expected = [None, Some((1, 1, 1)), Some((2, 1, 2)), None, Some((4, 4, 1)), None, None];
        for (at, expected) in (0..).zip(expected) {
            let found = history.at(at).map(|v| (v.modified.main, v.created, v.version));
            assert_eq!(found, expected, "at {at}");
        }
    }

    #[test]
    fn compaction_keeps_what_is_alive_and_a_tombstone_at_its_revision() {
        for (at, removed, left) in [
            (1, vec![], true),
            (2, vec![(1, false)], true),
            (3, vec![(1, false), (2, false)], true),
            (4, vec![(1, false), (2, false), (3, true)], true),
            (5, vec![(1, false), (2, false), (3, true), (4, false)], true),
            (6, vec![(1, false), (2, false), (3, true), (4, false), (5, true)], false),
        ] {
            let mut history = example();
            let mut found = Vec::new();
            let kept = history.compact(at, false, |r, tombstone| found.push((r.main, tombstone)));
            assert_eq!((found, kept), (removed, left), "at {at}");
        }
    }

    #[test]
    fn a_living_key_shrinks_to_its_last_revision() {
        let mut history =
            History::from_put(Version { modified: revision(2), created: 2, version: 1 });
        history.put(revision(7));
        let now = history.put(revision(9));
        assert!(history.compact(9, false, |_, _| ()));
        assert_eq!(history, History::One(now));
        assert_eq!(now, Version { modified: revision(9), created: 2, version: 3 });
        assert!(size_of::<History>() <= 40);
    }
}
