//! What a reader needs of a resource's objects, kept as new as their cache.
//!
//! It costs nothing until it is asked, and then only what has changed since.

use super::{Cacher, Entry, Progress};
use parking_lot::{MappedRwLockReadGuard, RwLock, RwLockReadGuard, RwLockWriteGuard};
use std::{collections::BTreeMap, fmt};

/// Where a value stands: in a part that is asked for as a whole, by name.
pub(crate) type Place = (String, String);

/// What to keep of an object, and where; none: nothing.
pub(crate) type Reader<T> = fn(&Entry) -> Option<(Place, T)>;

/// Values of one resource's objects.
pub(crate) struct Index<T> {
    read: Reader<T>,
    state: RwLock<State<T>>,
}

struct State<T> {
    progress: Progress,
    values: BTreeMap<Place, T>,
}

/// The values as of one moment.
pub(crate) type Values<'a, T> = MappedRwLockReadGuard<'a, BTreeMap<Place, T>>;

impl<T> fmt::Debug for Index<T> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Index").field("progress", &self.state.read().progress).finish()
    }
}

impl<T> Index<T> {
    pub(crate) fn new(read: Reader<T>) -> Self {
        let state = State { progress: Progress::default(), values: BTreeMap::new() };
        Self { read, state: RwLock::new(state) }
    }

    /// The values as of what the cache has now. It must always be the same cache.
    pub(crate) fn now(&self, cache: &Cacher) -> Values<'_, T> {
        let state = self.state.read();
        let state = match state.progress == cache.progress() {
            true => state,
            false => {
                drop(state);
                let mut state = self.state.write();
                self.catch_up(&mut state, cache);
                RwLockWriteGuard::downgrade(state)
            }
        };
        RwLockReadGuard::map(state, |state| &state.values)
    }

    fn catch_up(&self, state: &mut State<T>, cache: &Cacher) {
        let known = (state.progress.epoch > 0).then(|| cache.since(state.progress).ok()).flatten();
        let Some((changes, progress)) = known else {
            let snapshot = cache.snapshot("");
            let values = snapshot.entries.iter().filter_map(|entry| (self.read)(entry));
            state.values = values.collect();
            state.progress = snapshot.progress;
            return;
        };
        for change in changes {
            if let Some((place, _)) = change.before.as_deref().and_then(self.read) {
                state.values.remove(&place);
            }
            if let Some((place, value)) = change.after.as_deref().and_then(self.read) {
                state.values.insert(place, value);
            }
        }
        state.progress = progress;
    }
}

/// The values of one part, with their names.
pub(crate) fn part<'a, T>(
    values: &'a BTreeMap<Place, T>,
    part: &'a str,
) -> impl Iterator<Item = (&'a str, &'a T)> {
    let from = values.range((part.to_owned(), String::new())..);
    from.take_while(move |((one, _), _)| one == part).map(|((_, name), value)| (&**name, value))
}
