//! Who waits for the outcome of which request.

use parking_lot::Mutex;
use std::collections::BTreeMap;
use tokio::sync::oneshot;

/// Requests proposed and not yet applied here, by id.
#[derive(Debug)]
pub(crate) struct Waiters<T>(Mutex<BTreeMap<u64, oneshot::Sender<T>>>);

impl<T> Default for Waiters<T> {
    fn default() -> Self {
        Self(Mutex::new(BTreeMap::new()))
    }
}

impl<T> Waiters<T> {
    /// Registers before proposing, so that no outcome can be missed.
    pub(crate) fn register(&self, id: u64) -> oneshot::Receiver<T> {
        let (sender, receiver) = oneshot::channel();
        self.0.lock().insert(id, sender);
        receiver
    }

    /// Wakes the waiter, if it is still there.
    pub(crate) fn complete(&self, id: u64, outcome: T) {
        let waiter = self.0.lock().remove(&id);
        if let Some(waiter) = waiter {
            // The client may have given up: its outcome is nobody's then.
            let _ = waiter.send(outcome);
        }
    }

    /// Forgets a request whose client gave up.
    pub(crate) fn forget(&self, id: u64) {
        self.0.lock().remove(&id);
    }

    /// True when somebody on this member waits for `id`.
    pub(crate) fn has(&self, id: u64) -> bool {
        self.0.lock().contains_key(&id)
    }
}
