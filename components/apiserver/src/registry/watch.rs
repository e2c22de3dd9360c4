//! Changes of a collection as they happen.
//!
//! Upstream: apiserver/pkg/storage/cacher (cacheWatcher) and endpoints/handlers/watch.go.

use super::{Registry, place, read::Freshness, versions::Conversion};
use crate::{
    cache::{Cacher, Change, Entry, Progress, TooOld},
    failure::Failure,
    selection::Selection,
};
use api::resources::Resource;
use bytes::Bytes;
use host::watch;
use std::{collections::VecDeque, sync::Arc};

/// What is watched, and from where on.
#[derive(Clone, Debug, Default)]
pub(crate) struct Watching {
    pub(crate) selection: Selection,
    /// Where it begins: [`Freshness::Exact`] means after that revision, with nothing before it.
    pub(crate) from: Freshness,
    /// All objects come first, as if they had just been created.
    pub(crate) initial: bool,
    /// After them a bookmark says that they are through.
    pub(crate) mark_initial_end: bool,
}

/// One event of a watch.
#[derive(Clone, PartialEq, Debug)]
pub(crate) enum WatchEvent {
    /// It is new, or has come in sight.
    Added(Bytes),
    /// It changed.
    Modified(Bytes),
    /// It is gone, or out of sight; as it was before.
    Deleted(Bytes),
    /// All up to this revision was delivered.
    Bookmark {
        revision: u64,
        /// The initial objects are through.
        initial_end: bool,
    },
    /// The watch is over.
    Error(Failure),
}

/// A watch under way. It reads the cache's window at its own pace: one that falls behind more than
/// the window holds is ended, and costs nobody else anything.
#[derive(Debug)]
pub(crate) struct Watch {
    cache: Arc<Cacher>,
    progress: watch::Receiver<Progress>,
    selection: Selection,
    prefix: String,
    at: Progress,
    ready: VecDeque<WatchEvent>,
    over: bool,
    /// Where clients see another version than the one that is stored.
    conversion: Option<Conversion>,
}

impl Registry {
    /// Begins a watch.
    ///
    /// # Errors
    /// The cache does not reach the revision in time.
    pub(crate) async fn watch(
        &self,
        resource: &Resource,
        namespace: &str,
        watching: Watching,
    ) -> Result<Watch, Failure> {
        let cache = self.cache(resource);
        let prefix = self.storage.key(&place::prefix(resource, namespace));
        let progress = cache.subscribe();
        let began = *progress.borrow();
        // K06 (kubernetes #107457): a watch begins at a revision that is not there yet.
        let hasty = self.host.defects.has("K06") && matches!(watching.from, Freshness::Exact(_));
        let wanted = if hasty { Freshness::Any } else { watching.from };
        let reached = self.fresh(&cache, wanted).await?;
        let mut watch = Watch {
            cache,
            progress,
            prefix,
            selection: watching.selection,
            at: reached,
            ready: VecDeque::new(),
            over: false,
            conversion: self.conversion(resource),
        };
        match watching.from {
            Freshness::Exact(revision) if !watching.initial => {
                watch.at = Progress { epoch: 0, revision };
            }
            _ => watch.begin_with_all(watching.mark_initial_end),
        }
        // K04b (kubernetes #73845): what came while it was made ready comes again.
        if self.host.defects.has("K04b") && began.epoch == watch.at.epoch {
            watch.at.revision = began.revision.min(watch.at.revision);
        }
        Ok(watch)
    }
}

impl WatchEvent {
    fn converted(self, conversion: &Conversion) -> Self {
        match self {
            Self::Added(object) => Self::Added(conversion.served(&object)),
            Self::Modified(object) => Self::Modified(conversion.served(&object)),
            Self::Deleted(object) => Self::Deleted(conversion.served(&object)),
            other => other,
        }
    }
}

impl Watch {
    fn begin_with_all(&mut self, mark_end: bool) {
        let snapshot = self.cache.snapshot(&self.prefix);
        let entries = snapshot.entries.iter().filter(|entry| self.selection.takes(entry));
        self.ready.extend(entries.map(|entry| WatchEvent::Added(entry.served().clone())));
        self.at = snapshot.progress;
        if mark_end {
            let revision = self.at.revision;
            self.ready.push_back(WatchEvent::Bookmark { revision, initial_end: true });
        }
    }

    /// The next event; none after an error. Cancel-safe.
    pub(crate) async fn next(&mut self) -> Option<WatchEvent> {
        loop {
            if let Some(event) = self.waiting() {
                return Some(event);
            }
            if self.over {
                return None;
            }
            // Marked as seen before the window is read: what comes meanwhile wakes us again.
            self.progress.mark_unchanged();
            if !self.take() && self.progress.changed().await.is_err() {
                return None;
            }
        }
    }

    /// An event that is known already.
    pub(crate) fn waiting(&mut self) -> Option<WatchEvent> {
        let event = self.ready.pop_front()?;
        Some(match &self.conversion {
            None => event,
            Some(conversion) => event.converted(conversion),
        })
    }

    /// How far the watch has come; true once nothing is [`Watch::waiting`].
    pub(crate) fn bookmark(&self) -> WatchEvent {
        WatchEvent::Bookmark { revision: self.at.revision, initial_end: false }
    }

    /// Takes what is new from the window; false: nothing is.
    fn take(&mut self) -> bool {
        match self.cache.since(self.at) {
            Ok((changes, progress)) => {
                let events = changes.iter().filter_map(|change| self.event(change));
                self.ready.extend(events.collect::<Vec<_>>());
                // A watch from the past begins at its own revision.
                let revision = progress.revision.max(self.at.revision);
                self.at = Progress { revision, ..progress };
                !changes.is_empty()
            }
            Err(TooOld { oldest }) => {
                let why =
                    format!("too old resource version: {} ({})", self.at.revision, oldest - 1);
                self.ready.push_back(WatchEvent::Error(Failure::expired(why)));
                self.over = true;
                true
            }
        }
    }

    /// What a change is to this watch.
    fn event(&self, change: &Change) -> Option<WatchEvent> {
        let sees = |entry: &Option<Arc<Entry>>| {
            entry.as_ref().is_some_and(|entry| {
                entry.key.starts_with(&self.prefix) && self.selection.takes(entry)
            })
        };
        let after = change.after.as_ref().filter(|_| sees(&change.after));
        // X30: what was in sight before is forgotten, and what goes out of sight with it.
        let before = sees(&change.before)
            && (self.selection.is_all() || !self.cache.host().defects.has("X30"));
        match (before, after) {
            (false, None) => None,
            (false, Some(after)) => Some(WatchEvent::Added(after.served().clone())),
            (true, Some(after)) => Some(WatchEvent::Modified(after.served().clone())),
            (true, None) => change.gone().cloned().map(WatchEvent::Deleted),
        }
    }
}
