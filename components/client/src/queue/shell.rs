//! The queue that workers wait on.

use super::{Core, Limiter};
use host::Host;
use parking_lot::Mutex;
use std::{fmt, ops::Deref, sync::Arc, time::Duration};
use tokio::sync::Notify;

/// A queue of keys. Clones are the same queue.
#[derive(Clone)]
pub struct Queue<K>(Arc<Shared<K>>);

struct Shared<K> {
    host: Host,
    core: Mutex<Core<K>>,
    limiter: Mutex<Box<dyn Limiter<K>>>,
    /// A key came, a delay became shorter, a worker is done, or it is over.
    changed: Notify,
}

impl<K> fmt::Debug for Queue<K> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("Queue")
    }
}

impl<K: Ord + Clone> Queue<K> {
    /// An empty queue; `limiter` says how long failures wait.
    pub fn new(host: &Host, limiter: impl Limiter<K> + 'static) -> Self {
        Self(Arc::new(Shared {
            host: host.clone(),
            core: Mutex::default(),
            limiter: Mutex::new(Box::new(limiter)),
            changed: Notify::new(),
        }))
    }

    fn change(&self, change: impl FnOnce(&mut Core<K>)) {
        change(&mut self.0.core.lock());
        self.0.changed.notify_waiters();
    }

    /// Adds a key, unless it waits already.
    pub fn add(&self, key: K) {
        self.change(|core| core.add(key));
    }

    /// Adds a key in a while.
    pub fn add_after(&self, key: K, wait: Duration) {
        let now = self.0.host.now();
        self.change(|core| core.add_at(key, now + wait, now));
    }

    /// Adds a key that failed, when its limiter allows.
    pub fn add_limited(&self, key: K) {
        let wait = self.0.limiter.lock().wait(self.0.host.now(), &key);
        self.add_after(key, wait);
    }

    /// The key's failures are over.
    pub fn forget(&self, key: &K) {
        self.0.limiter.lock().forget(key);
    }

    /// How often the key failed since it was last forgotten.
    pub fn failures(&self, key: &K) -> u32 {
        self.0.limiter.lock().failures(key)
    }

    /// How many keys wait for a worker.
    pub fn len(&self) -> usize {
        self.0.core.lock().len()
    }

    /// None waits for a worker.
    pub fn is_empty(&self) -> bool {
        self.len() == 0
    }

    /// The next key to work on; none: the queue was shut down and is empty. Cancel-safe.
    pub async fn next(&self) -> Option<Work<K>> {
        loop {
            // Asked for before the look, so that what comes meanwhile is not missed.
            let mut changed = std::pin::pin!(self.0.changed.notified());
            changed.as_mut().enable();
            let now = self.0.host.now();
            let due = {
                let mut core = self.0.core.lock();
                if let Some(key) = core.take(now) {
                    return Some(Work { queue: self.clone(), key });
                }
                if core.is_over() {
                    return None;
                }
                core.due()
            };
            match due {
                None => changed.await,
                Some(due) => drop(self.0.host.timeout(due.since(now), changed).await),
            }
        }
    }

    /// Takes no more keys; workers get what waits, then nothing.
    pub fn shut_down(&self) {
        self.change(Core::shut_down);
    }

    /// Shuts down and waits until all workers are done.
    pub async fn drain(&self) {
        self.shut_down();
        loop {
            let mut changed = std::pin::pin!(self.0.changed.notified());
            changed.as_mut().enable();
            if self.0.core.lock().is_drained() {
                return;
            }
            changed.await;
        }
    }
}

/// A key that a worker has. Nobody else gets the key before this is dropped.
#[derive(Debug)]
pub struct Work<K: Ord + Clone> {
    queue: Queue<K>,
    key: K,
}

impl<K: Ord + Clone> Work<K> {
    /// It succeeded.
    pub fn succeeded(self) {
        self.queue.forget(&self.key);
    }

    /// It failed: again, after a while.
    pub fn failed(self) {
        self.queue.add_limited(self.key.clone());
    }

    /// It succeeded, and is to be done again after this time.
    pub fn again_after(self, wait: Duration) {
        self.queue.forget(&self.key);
        self.queue.add_after(self.key.clone(), wait);
    }
}

impl<K: Ord + Clone> Deref for Work<K> {
    type Target = K;
    fn deref(&self) -> &K {
        &self.key
    }
}

impl<K: Ord + Clone> Drop for Work<K> {
    fn drop(&mut self) {
        self.queue.change(|core| core.done(&self.key));
    }
}
