//! The simple limit, where fairness is switched off: so many that read, so many that write.
//!
//! Upstream: apiserver/pkg/server/filters/maxinflight.go.

use crate::authentication::{MASTERS, User};
use std::sync::{
    Arc,
    atomic::{AtomicU32, Ordering},
};

/// Counts requests that are served, by whether they write.
#[derive(Clone, Debug)]
pub(crate) struct InFlight {
    reading: Kind,
    writing: Kind,
}

#[derive(Clone, Debug)]
struct Kind {
    /// Zero: none.
    limit: u32,
    count: Arc<AtomicU32>,
}

/// One that is served. Dropping it makes room.
#[derive(Debug)]
pub(crate) struct Place(Arc<AtomicU32>);

impl InFlight {
    /// A limit of zero is none.
    pub(crate) fn new(reading: u32, writing: u32) -> Self {
        let kind = |limit| Kind { limit, count: Arc::default() };
        Self { reading: kind(reading), writing: kind(writing) }
    }

    /// A place; none: there are too many, and the user is not one who always gets an answer.
    pub(crate) fn enter(&self, writes: bool, user: &User) -> Option<Place> {
        let kind = if writes { &self.writing } else { &self.reading };
        let before = kind.count.fetch_add(1, Ordering::Relaxed);
        // It counts from here on; without a place it is dropped at once.
        let place = Place(kind.count.clone());
        let room = kind.limit == 0 || before < kind.limit || user.is_in(MASTERS);
        room.then_some(place)
    }
}

impl Drop for Place {
    fn drop(&mut self) {
        self.0.fetch_sub(1, Ordering::Relaxed);
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn readers_and_writers_have_their_own_limits() {
        let limit = InFlight::new(2, 1);
        let (alice, mut root) = (User::default(), User::default());
        root.groups = vec![MASTERS.into()];
        let reading = limit.enter(false, &alice);
        let writing = limit.enter(true, &alice);
        assert!(reading.is_some() && writing.is_some());
        assert!(limit.enter(true, &alice).is_none());
        assert!(limit.enter(true, &root).is_some());
        assert!(limit.enter(false, &alice).is_some());
        drop(writing);
        assert!(limit.enter(true, &alice).is_some());
        let none = InFlight::new(0, 0);
        let all: Vec<_> = (0..50).filter_map(|_| none.enter(true, &alice)).collect();
        assert_eq!(all.len(), 50);
    }
}
