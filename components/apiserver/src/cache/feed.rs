//! Fills a cache: a list, then the changes after it, and anew when they are lost.

use super::{Progress, Shared};
use crate::storage::{Storage, Stored, revision};
use etcd_api::{
    client::{WatchError, Watcher},
    etcdserverpb::WatchResponse,
    mvccpb::{Event, event::EventType},
};
use host::{Backoff, Host, event};
use std::{sync::Arc, time::Duration};

/// Between attempts to list.
const RETRY: Backoff = Backoff { first: Duration::from_millis(100), max: Duration::from_secs(3) };

/// Why a cache begins anew whose storage is older than it is.
const RESTORED: &str = "the storage was restored from its past";

pub(super) struct Feed {
    host: Host,
    storage: Storage,
    prefix: String,
    shared: Arc<Shared>,
    failures: u32,
}

impl Feed {
    pub(super) fn new(host: Host, storage: Storage, prefix: String, shared: Arc<Shared>) -> Self {
        Self { host, storage, prefix, shared, failures: 0 }
    }

    pub(super) async fn run(mut self) {
        loop {
            let Some(listed) = self.list().await else { continue };
            let watcher = self.storage.watch(&self.prefix, listed + 1);
            let why = self.follow(watcher).await;
            event!(self.host, Warn, "watch cache starts anew", prefix = &*self.prefix, why = &why);
        }
    }

    /// Fills the window; returns the list's revision, or none after it has waited.
    async fn list(&mut self) -> Option<u64> {
        match self.storage.list(&self.prefix, None, 0, 0).await {
            Ok(page) => {
                self.failures = 0;
                let mut window = self.shared.window.write();
                window.reset(page.objects, page.revision);
                let epoch = self.shared.progress.borrow().epoch + 1;
                self.shared.progress.send_replace(Progress { epoch, revision: page.revision });
                Some(page.revision)
            }
            Err(failure) => {
                let wait = RETRY.delay(self.failures, self.host.random.next_u64());
                self.failures = self.failures.saturating_add(1);
                let why = failure.to_string();
                event!(self.host, Warn, "cannot list for the watch cache", why = &why);
                self.host.sleep(wait).await;
                None
            }
        }
    }

    /// Carries changes over until the watch ends; returns why it did.
    async fn follow(&self, mut watcher: Watcher) -> String {
        loop {
            let response = host::select!(self.host, {
                response = watcher.next() => response,
                () = self.shared.wanted.notified() => {
                    watcher.request_progress();
                    continue;
                },
                () = self.shared.restored.notified() => return RESTORED.into(),
            });
            match response {
                Some(Ok(response)) => match self.has_gone_back(&response).await {
                    true => return RESTORED.into(),
                    false => self.take(response),
                },
                Some(Err(WatchError::Compacted { compact_revision })) => {
                    return format!("revisions before {compact_revision} are compacted");
                }
                Some(Err(error)) => return error.to_string(),
                None => return "the watch ended".into(),
            }
        }
    }

    /// Whether the storage stands at an older revision than the cache: somebody restored it, and what
    /// the cache knows of the time after never was (kubernetes #107457). A member that is behind says
    /// the same of itself, so the cluster is asked.
    async fn has_gone_back(&self, response: &WatchResponse) -> bool {
        let reached = self.shared.progress.borrow().revision;
        let header = response.header.as_ref().map_or(reached, |header| revision(header.revision));
        header < reached && self.storage.revision().await.is_ok_and(|newest| newest < reached)
    }

    /// One response: its changes, or word that there were none up to its revision.
    fn take(&self, response: WatchResponse) {
        // That a watch was created says nothing of what it has delivered.
        if response.created {
            return;
        }
        let header = response.header.as_ref().map_or(0, |header| revision(header.revision));
        let mut window = self.shared.window.write();
        let last = response.events.iter().filter_map(event_revision).max();
        for event in response.events {
            let Some(kv) = event.kv.clone() else { continue };
            let stored =
                Stored { key: kv.key, bytes: kv.value, revision: revision(kv.mod_revision) };
            match event.r#type() {
                EventType::Put => window.put(stored),
                EventType::Delete => {
                    window.remove(&String::from_utf8_lossy(&stored.key), stored.revision);
                }
            }
        }
        // A response with events may be followed by more of the same revision range: only its own
        // events are sure. One without says that all up to its revision were delivered.
        let reached = last.unwrap_or(header);
        self.shared.progress.send_if_modified(|progress| {
            let newer = reached > progress.revision;
            progress.revision = progress.revision.max(reached);
            newer
        });
    }
}

fn event_revision(event: &Event) -> Option<u64> {
    Some(revision(event.kv.as_ref()?.mod_revision))
}
