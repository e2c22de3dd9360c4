//! A value that one side changes and others wait for; waiters wake in the order in which they came.
//!
//! It is `tokio::sync::watch` in what it promises, with one promise more. Tokio's spreads waiters
//! over queues by a random number that nobody can seed, as soon as any crate of the build asks for
//! its runtime: the order of waking would differ from run to run.

use std::{
    fmt,
    ops::Deref,
    sync::{Arc, PoisonError, RwLock, RwLockReadGuard, RwLockWriteGuard},
};
use tokio::sync::Notify;

struct State<T> {
    value: T,
    version: u64,
    closed: bool,
}

struct Shared<T> {
    state: RwLock<State<T>>,
    changed: Notify,
}

impl<T> Shared<T> {
    fn read(&self) -> RwLockReadGuard<'_, State<T>> {
        self.state.read().unwrap_or_else(PoisonError::into_inner)
    }

    fn write(&self) -> RwLockWriteGuard<'_, State<T>> {
        self.state.write().unwrap_or_else(PoisonError::into_inner)
    }
}

/// Changes the value. Dropping it closes the channel.
pub struct Sender<T>(Arc<Shared<T>>);

/// Sees the value, and waits for changes that it has not seen.
pub struct Receiver<T> {
    shared: Arc<Shared<T>>,
    seen: u64,
}

/// A look at the value. Changes wait until it is dropped: never hold it across an await.
pub struct Ref<'a, T>(RwLockReadGuard<'a, State<T>>);

/// The sender is gone.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Closed;

impl fmt::Display for Closed {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("nobody can change the value any more")
    }
}

impl std::error::Error for Closed {}

/// A connected pair; the receiver has seen `value`.
pub fn channel<T>(value: T) -> (Sender<T>, Receiver<T>) {
    let state = RwLock::new(State { value, version: 0, closed: false });
    let shared = Arc::new(Shared { state, changed: Notify::new() });
    (Sender(shared.clone()), Receiver { shared, seen: 0 })
}

impl<T> Sender<T> {
    /// The present value.
    pub fn borrow(&self) -> Ref<'_, T> {
        Ref(self.0.read())
    }

    /// Sets the value and gives the former one; waiters wake even if both are equal.
    pub fn send_replace(&self, value: T) -> T {
        let mut state = self.0.write();
        state.version += 1;
        let former = std::mem::replace(&mut state.value, value);
        drop(state);
        self.0.changed.notify_waiters();
        former
    }

    /// Lets `change` work on the value; waiters wake if it says that it changed something.
    pub fn send_if_modified(&self, change: impl FnOnce(&mut T) -> bool) -> bool {
        let mut state = self.0.write();
        let modified = change(&mut state.value);
        state.version += u64::from(modified);
        drop(state);
        if modified {
            self.0.changed.notify_waiters();
        }
        modified
    }

    /// Another receiver, which has seen the present value.
    pub fn subscribe(&self) -> Receiver<T> {
        Receiver { seen: self.0.read().version, shared: self.0.clone() }
    }
}

impl<T> Drop for Sender<T> {
    fn drop(&mut self) {
        self.0.write().closed = true;
        self.0.changed.notify_waiters();
    }
}

impl<T> Receiver<T> {
    /// The present value, seen or not.
    pub fn borrow(&self) -> Ref<'_, T> {
        Ref(self.shared.read())
    }

    /// The present value, seen from now on.
    pub fn borrow_and_update(&mut self) -> Ref<'_, T> {
        let state = self.shared.read();
        self.seen = state.version;
        Ref(state)
    }

    /// The present value counts as seen.
    pub fn mark_unchanged(&mut self) {
        self.seen = self.shared.read().version;
    }

    /// True when there is a value that was not seen.
    ///
    /// # Errors
    /// The channel is closed.
    pub fn has_changed(&self) -> Result<bool, Closed> {
        let state = self.shared.read();
        if state.closed { Err(Closed) } else { Ok(state.version != self.seen) }
    }

    /// Waits for a value that was not seen, and sees it. Cancel-safe.
    ///
    /// # Errors
    /// The channel is closed, and its last value was seen.
    pub async fn changed(&mut self) -> Result<(), Closed> {
        loop {
            // Asked for before the look, so that a change after it is not missed.
            let changed = self.shared.changed.notified();
            {
                let state = self.shared.read();
                if state.version != self.seen {
                    self.seen = state.version;
                    return Ok(());
                }
                if state.closed {
                    return Err(Closed);
                }
            }
            changed.await;
        }
    }

    /// Waits until the value, the present one included, is as wanted. Cancel-safe.
    ///
    /// # Errors
    /// The channel is closed, and its last value is not.
    pub async fn wait_for(
        &mut self,
        mut wanted: impl FnMut(&T) -> bool,
    ) -> Result<Ref<'_, T>, Closed> {
        let Self { shared, seen } = self;
        loop {
            let changed = shared.changed.notified();
            {
                let state = shared.read();
                *seen = state.version;
                if wanted(&state.value) {
                    return Ok(Ref(state));
                }
                if state.closed {
                    return Err(Closed);
                }
            }
            changed.await;
        }
    }
}

impl<T> Clone for Receiver<T> {
    fn clone(&self) -> Self {
        Self { shared: self.shared.clone(), seen: self.seen }
    }
}

impl<T> Deref for Ref<'_, T> {
    type Target = T;
    fn deref(&self) -> &T {
        &self.0.value
    }
}

impl<T: fmt::Debug> fmt::Debug for Ref<'_, T> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        (**self).fmt(f)
    }
}

impl<T: fmt::Debug> fmt::Debug for Sender<T> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_tuple("Sender").field(&self.borrow()).finish()
    }
}

impl<T: fmt::Debug> fmt::Debug for Receiver<T> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_tuple("Receiver").field(&self.borrow()).finish()
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use std::{
        pin::pin,
        sync::Mutex,
        task::{Context, Poll, Wake, Waker},
    };

    fn poll<F: Future>(future: F) -> Poll<F::Output> {
        pin!(future).poll(&mut Context::from_waker(Waker::noop()))
    }

    #[test]
    fn changes_are_seen_once_and_the_last_one_after_the_end() {
        let (sender, mut receiver) = channel(1);
        assert_eq!(poll(receiver.changed()), Poll::Pending);
        assert_eq!(sender.send_replace(2), 1);
        assert_eq!(receiver.has_changed(), Ok(true));
        assert_eq!(poll(receiver.changed()), Poll::Ready(Ok(())));
        assert!(!sender.send_if_modified(|_| false));
        assert_eq!(poll(receiver.changed()), Poll::Pending);
        sender.send_replace(3);
        drop(sender);
        assert_eq!(receiver.has_changed(), Err(Closed));
        assert_eq!(poll(receiver.changed()), Poll::Ready(Ok(())));
        assert_eq!(poll(receiver.changed()), Poll::Ready(Err(Closed)));
        assert_eq!(*receiver.borrow(), 3);
    }

    #[test]
    fn what_is_wanted_may_be_there_already() {
        let (sender, mut receiver) = channel(1);
        assert!(matches!(poll(receiver.wait_for(|it| *it == 1)), Poll::Ready(Ok(it)) if *it == 1));
        assert!(poll(receiver.wait_for(|it| *it == 2)).is_pending());
        sender.send_replace(2);
        assert!(poll(receiver.wait_for(|it| *it == 2)).is_ready());
        assert_eq!(poll(sender.subscribe().changed()), Poll::Pending, "seen from the beginning");
        drop(sender);
        assert!(matches!(poll(receiver.wait_for(|it| *it == 1)), Poll::Ready(Err(Closed))));
    }

    struct Note(usize, Arc<Mutex<Vec<usize>>>);

    impl Wake for Note {
        fn wake(self: Arc<Self>) {
            self.1.lock().unwrap().push(self.0);
        }
    }

    #[test]
    fn waiters_wake_in_the_order_in_which_they_came() {
        let (sender, receiver) = channel(());
        let woken = Arc::new(Mutex::new(vec![]));
        let mut receivers = vec![receiver; 20];
        let mut waits: Vec<_> = receivers.iter_mut().map(|it| Box::pin(it.changed())).collect();
        for (number, wait) in waits.iter_mut().enumerate() {
            let waker = Waker::from(Arc::new(Note(number, woken.clone())));
            assert!(wait.as_mut().poll(&mut Context::from_waker(&waker)).is_pending());
        }
        sender.send_replace(());
        assert_eq!(*woken.lock().unwrap(), (0..20).collect::<Vec<_>>());
    }
}
