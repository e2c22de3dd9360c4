//! One copy of a resource for many consumers, who are told of each change in order.
//!
//! Upstream: client-go/tools/cache/shared_informer.go.

use crate::{
    Api, Indexer, Notice, Store,
    reflector::{self, Change, Selection},
};
use host::{Host, Instant, Stop, watch};
use parking_lot::{Mutex, RwLock, RwLockReadGuard};
use std::{fmt, sync::Arc, time::Duration};

/// Told of each change. It must neither wait nor add handlers to the same informer; a handler with
/// more to do puts a key into a queue. It may read the informer's store, which has the change.
type Handler = Box<dyn FnMut(&Notice) + Send>;

struct Consumer {
    handler: Handler,
    /// All objects are told again so often, and next at this time.
    resync: Option<(Duration, Instant)>,
}

/// A copy of a resource that follows it while [`Informer::run`] runs. Cheap to clone.
#[derive(Clone)]
pub struct Informer(Arc<Shared>);

struct Shared {
    api: Api,
    selection: Selection,
    store: RwLock<Store>,
    consumers: Mutex<Vec<Consumer>>,
    synced: watch::Sender<bool>,
}

impl fmt::Debug for Informer {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_tuple("Informer").field(&self.0.api.resource()).finish()
    }
}

impl Informer {
    /// An informer of the selected objects, with indexes by these functions.
    pub fn new(api: Api, selection: Selection, indexers: &[(&'static str, Indexer)]) -> Self {
        let store = RwLock::new(Store::new(indexers));
        let (synced, _) = watch::channel(false);
        let consumers = Mutex::new(Vec::new());
        Self(Arc::new(Shared { api, selection, store, consumers, synced }))
    }

    /// What is known of the objects at this moment. Not to be held across an await.
    pub fn store(&self) -> RwLockReadGuard<'_, Store> {
        self.0.store.read()
    }

    /// Adds a consumer. It is told of all objects that are there already, at once.
    ///
    /// With `resync` all objects are told again as updates to themselves, so often.
    pub fn add_handler(
        &self,
        resync: Option<Duration>,
        handler: impl FnMut(&Notice) + Send + 'static,
    ) {
        let host = self.host();
        let resync = resync.map(|period| (period, host.now() + period));
        let mut consumer = Consumer { handler: Box::new(handler), resync };
        // Held, so that no change comes between these and the next.
        let mut consumers = self.0.consumers.lock();
        let there: Vec<_> = self.store().all().cloned().collect();
        for object in there {
            (consumer.handler)(&Notice::Added { object, initial: true });
        }
        consumers.push(consumer);
    }

    /// True once the copy was complete, and all consumers know it.
    pub fn has_synced(&self) -> bool {
        *self.0.synced.borrow()
    }

    /// Waits until [`Informer::has_synced`].
    pub async fn synced(&self) {
        let mut synced = self.0.synced.subscribe();
        // The sender is in `self`.
        let _ = synced.wait_for(|synced| *synced).await;
    }

    /// Follows the resource until it is told to stop.
    pub async fn run(&self, mut stop: Stop) {
        let shared = &self.0;
        let mut follow =
            std::pin::pin!(
                reflector::run(&shared.api, shared.selection.clone(), |change| self.take(change),)
            );
        loop {
            // Often enough for any period that makes sense; upstream takes the shortest.
            let tick = self.host().sleep(Duration::from_secs(1));
            host::select!(self.host(), {
                () = &mut follow => return,
                () = stop.stopped() => return,
                () = tick => self.resync(),
            });
        }
    }

    /// The machine that it runs on.
    pub fn host(&self) -> &Host {
        self.0.api.client().host()
    }

    fn take(&self, change: Change) {
        let complete = matches!(change, Change::Replaced { .. });
        let mut consumers = self.0.consumers.lock();
        let notices = self.0.store.write().apply(change);
        for notice in &notices {
            for consumer in &mut *consumers {
                (consumer.handler)(notice);
            }
        }
        if complete {
            self.0.synced.send_if_modified(|synced| !std::mem::replace(synced, true));
        }
    }

    fn resync(&self) {
        let now = self.host().now();
        let mut consumers = self.0.consumers.lock();
        for consumer in &mut *consumers {
            let Some((period, due)) = &mut consumer.resync else { continue };
            if now < *due {
                continue;
            }
            *due = now + *period;
            let all: Vec<_> = self.0.store.read().all().cloned().collect();
            for object in all {
                (consumer.handler)(&Notice::Updated { old: object.clone(), new: object });
            }
        }
    }
}
