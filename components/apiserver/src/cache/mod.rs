//! What etcd holds of one resource, kept near: lists, and watches that share their events.
//!
//! [`window::Window`] is the pure half. [`Cacher`] feeds it from one list and one watch, and lets
//! readers wait until it is as new as they need: it never says that it is newer than it is.
//!
//! Upstream: apiserver/pkg/storage/cacher.

mod entry;
mod feed;
pub(crate) mod index;
mod window;

pub(crate) use entry::{Change, Entry};
pub(crate) use window::TooOld;

use crate::{failure::Failure, storage::Storage};
use feed::Feed;
use host::{Host, Task, watch};
use parking_lot::RwLock;
use std::{sync::Arc, time::Duration};
use tokio::sync::Notify;
use window::{CHANGES_MAX, Window};

/// A reader who asks for what is not here yet waits so long (cacher's blockTimeout).
const FRESH_WAIT: Duration = Duration::from_secs(3);
/// Until progress is asked for again.
const PROGRESS_WAIT: Duration = Duration::from_millis(100);

/// How far the cache has come. A new epoch has forgotten the events of the one before.
#[derive(Clone, Copy, PartialEq, Eq, Debug, Default)]
pub(crate) struct Progress {
    /// Zero until the first list is there.
    pub(crate) epoch: u64,
    /// All changes up to here are in the window.
    pub(crate) revision: u64,
}

/// The cache of one resource. Dropping it ends its watch.
#[derive(Debug)]
pub(crate) struct Cacher {
    host: Host,
    shared: Arc<Shared>,
    _task: Task<()>,
}

#[derive(Debug)]
struct Shared {
    window: RwLock<Window>,
    progress: watch::Sender<Progress>,
    /// Somebody waits for a revision.
    wanted: Notify,
}

/// What a cache holds, in numbers.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub(crate) struct State {
    pub(crate) objects: u64,
    /// Of all of them.
    pub(crate) bytes: u64,
    /// Changes that came so far.
    pub(crate) received: u64,
    /// Times that it was filled.
    pub(crate) epoch: u64,
    pub(crate) revision: u64,
    /// Changes that it keeps at most.
    pub(crate) capacity: u64,
}

/// All objects of a part of the resource, and the revision at which they were so.
#[derive(Debug)]
pub(crate) struct Snapshot {
    pub(crate) entries: Vec<Arc<Entry>>,
    pub(crate) progress: Progress,
}

impl Cacher {
    /// Begins to fill a cache of the keys that begin with `prefix`.
    pub(crate) fn new(host: &Host, storage: Storage, prefix: String) -> Self {
        let shared = Arc::new(Shared {
            window: RwLock::new(Window::default()),
            progress: watch::channel(Progress::default()).0,
            wanted: Notify::new(),
        });
        let feed = Feed::new(host.clone(), storage, prefix, shared.clone());
        let task = host.spawn("apiserver/watch-cache", feed.run());
        Self { host: host.clone(), shared, _task: task }
    }

    /// Waits until the cache has everything up to `revision`; zero: anything at all.
    ///
    /// # Errors
    /// It did not come so far in time.
    pub(crate) async fn reach(&self, revision: u64) -> Result<Progress, Failure> {
        let mut receiver = self.shared.progress.subscribe();
        let until = self.host.now() + FRESH_WAIT;
        loop {
            let progress = *receiver.borrow_and_update();
            // K01 (kubernetes #59848): whatever is here is new enough.
            let enough = progress.revision >= revision || self.host.defects.has("K01");
            if progress.epoch > 0 && enough {
                return Ok(progress);
            }
            if self.host.now() >= until {
                return Err(Failure::too_large_revision(revision, progress.revision));
            }
            self.shared.wanted.notify_one();
            // Elapsed: progress is asked for once more.
            let _ = self.host.timeout(PROGRESS_WAIT, receiver.changed()).await;
        }
    }

    /// The object with that key, as of now.
    pub(crate) fn get(&self, key: &str) -> Option<Arc<Entry>> {
        self.shared.window.read().get(key)
    }

    /// The objects whose keys begin with `prefix`, as of now.
    pub(crate) fn snapshot(&self, prefix: &str) -> Snapshot {
        let window = self.shared.window.read();
        let progress = *self.shared.progress.borrow();
        Snapshot { entries: window.list(prefix), progress }
    }

    /// The changes after `from`.
    ///
    /// # Errors
    /// Some of them are forgotten.
    pub(crate) fn since(&self, from: Progress) -> Result<(Vec<Arc<Change>>, Progress), TooOld> {
        let window = self.shared.window.read();
        let progress = *self.shared.progress.borrow();
        if from.epoch != 0 && from.epoch != progress.epoch {
            return Err(TooOld { oldest: progress.revision });
        }
        // K04a (kubernetes #49956): one revision too many is said to be known.
        let early = u64::from(self.host.defects.has("K04a"));
        let changes = window.since(from.revision);
        Ok((changes.or_else(|_| window.since(from.revision + early))?, progress))
    }

    /// What it holds; none: nothing yet.
    pub(crate) fn state(&self) -> Option<State> {
        let (objects, bytes, received) = self.shared.window.read().size();
        let Progress { epoch, revision } = self.progress();
        let capacity = CHANGES_MAX as u64;
        (epoch > 0).then_some(State { objects, bytes, received, epoch, revision, capacity })
    }

    /// How far the cache has come.
    pub(crate) fn progress(&self) -> Progress {
        *self.shared.progress.borrow()
    }

    /// Tells of progress.
    pub(crate) fn subscribe(&self) -> watch::Receiver<Progress> {
        self.shared.progress.subscribe()
    }
}
