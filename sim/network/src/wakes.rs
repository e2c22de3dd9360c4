//! Wakers gathered under the fabric's lock, to be woken or dropped once it is released.

use std::task::Waker;

/// Most calls wake one task; only more than one needs room on the heap.
#[derive(Debug, Default)]
pub(crate) struct Wakes {
    first: Option<Waker>,
    more: Vec<Waker>,
    displaced: Vec<Waker>,
}

impl Wakes {
    pub(crate) fn add(&mut self, waker: Option<Waker>) {
        if self.first.is_none() {
            self.first = waker;
        } else {
            self.more.extend(waker);
        }
    }

    /// Puts the context's waker into a slot. The one it displaces is not woken: two tasks that took
    /// turns at one slot would wake each other for ever.
    pub(crate) fn register(&mut self, slot: &mut Option<Waker>, waker: &Waker) {
        match slot {
            Some(present) if present.will_wake(waker) => {}
            _ => self.displaced.extend(slot.replace(waker.clone())),
        }
    }

    pub(crate) fn wake(self) {
        self.first.into_iter().chain(self.more).for_each(Waker::wake);
    }
}
