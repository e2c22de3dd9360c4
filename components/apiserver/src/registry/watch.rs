//! Changes of a collection as they happen.
//!
//! Upstream: apiserver/pkg/storage/cacher (cacheWatcher) and endpoints/handlers/watch.go.

mod life;

use super::{Registry, place, read::Freshness};
use crate::{
    cache::{Cacher, Change, Entry, Progress, TooOld},
    failure::Failure,
    selection::Selection,
};
use api::resources::Resource;
use bytes::Bytes;
use host::watch;
use life::Life;
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
    registry: Arc<Registry>,
    resource: Arc<Resource>,
    /// Until its definition changes; none: for ever.
    life: Option<Life>,
    cache: Arc<Cacher>,
    progress: watch::Receiver<Progress>,
    selection: Selection,
    prefix: String,
    at: Progress,
    ready: VecDeque<WatchEvent>,
    over: bool,
}

impl Registry {
    /// Begins a watch.
    ///
    /// # Errors
    /// The cache does not reach the revision in time.
    pub(crate) async fn watch(
        self: &Arc<Self>,
        resource: &Arc<Resource>,
        namespace: &str,
        watching: Watching,
    ) -> Result<Watch, Failure> {
        let life = resource.custom.is_some().then(|| Life::new(self, resource));
        let cache = self.cache(resource);
        let prefix = self.storage.key(&place::prefix(resource, namespace));
        let progress = cache.subscribe();
        let began = *progress.borrow();
        // K06 (kubernetes #107457): a watch begins at a revision that is not there yet.
        let hasty = self.host.defects.has("K06") && matches!(watching.from, Freshness::Exact(_));
        let wanted = if hasty { Freshness::Any } else { watching.from };
        let reached = self.fresh(&cache, wanted).await?;
        let mut watch = Watch {
            registry: self.clone(),
            resource: resource.clone(),
            life,
            cache,
            progress,
            prefix,
            selection: watching.selection,
            at: reached,
            ready: VecDeque::new(),
            over: false,
        };
        match watching.from {
            Freshness::Exact(revision) if !watching.initial => {
                watch.at = Progress { epoch: 0, revision };
            }
            _ => watch.begin_with_all(watching.mark_initial_end).await?,
        }
        // K04b (kubernetes #73845): what came while it was made ready comes again.
        if self.host.defects.has("K04b") && began.epoch == watch.at.epoch {
            watch.at.revision = began.revision.min(watch.at.revision);
        }
        Ok(watch)
    }
}

impl Watch {
    async fn begin_with_all(&mut self, mark_end: bool) -> Result<(), Failure> {
        let snapshot = self.cache.snapshot(&self.prefix);
        let entries = match self.selects_shown() {
            true => snapshot.entries,
            false => {
                let takes = |entry: &Arc<Entry>| self.selection.takes(entry);
                snapshot.entries.into_iter().filter(takes).collect()
            }
        };
        let shown = self.registry.presented_together(&self.resource, entries).await?;
        let taken = |entry: &&Arc<Entry>| !self.selects_shown() || self.selection.takes(entry);
        let added = |entry: &Arc<Entry>| WatchEvent::Added(entry.served().clone());
        let events: Vec<_> = shown.iter().filter(taken).map(added).collect();
        self.ready.extend(events);
        self.at = snapshot.progress;
        if mark_end {
            let revision = self.at.revision;
            self.ready.push_back(WatchEvent::Bookmark { revision, initial_end: true });
        }
        Ok(())
    }

    /// Selectors speak of what is stored; those of definitions, of what is shown.
    fn selects_shown(&self) -> bool {
        self.resource.custom.is_some()
    }

    /// The next event; none after an error, or when what is watched is not what it was. Cancel-safe.
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
            if self.take().await {
                continue;
            }
            let progress = &mut self.progress;
            let goes_on = match &mut self.life {
                None => progress.changed().await.is_ok(),
                Some(life) => host::select!(self.registry.host, {
                    changed = progress.changed() => changed.is_ok(),
                    () = life.end() => false,
                }),
            };
            if !goes_on {
                return None;
            }
        }
    }

    /// An event that is known already.
    pub(crate) fn waiting(&mut self) -> Option<WatchEvent> {
        self.ready.pop_front()
    }

    /// How far the watch has come; true once nothing is [`Watch::waiting`].
    pub(crate) fn bookmark(&self) -> WatchEvent {
        WatchEvent::Bookmark { revision: self.at.revision, initial_end: false }
    }

    /// Takes what is new from the window; false: nothing is. Cancel-safe: what was not taken whole is
    /// taken again.
    async fn take(&mut self) -> bool {
        let (changes, progress) = match self.cache.since(self.at) {
            Ok(new) => new,
            Err(TooOld { oldest }) => {
                let why =
                    format!("too old resource version: {} ({})", self.at.revision, oldest - 1);
                return self.end_with(Failure::expired(why));
            }
        };
        let events = match self.events(&changes).await {
            Ok(events) => events,
            Err(failure) => return self.end_with(failure),
        };
        self.ready.extend(events);
        // A watch from the past begins at its own revision.
        let revision = progress.revision.max(self.at.revision);
        self.at = Progress { revision, ..progress };
        !changes.is_empty()
    }

    fn end_with(&mut self, failure: Failure) -> bool {
        self.ready.push_back(WatchEvent::Error(failure));
        self.over = true;
        true
    }

    /// What changes are to this watch.
    async fn events(&self, changes: &[Arc<Change>]) -> Result<Vec<WatchEvent>, Failure> {
        let near = |entry: &Arc<Entry>| {
            let here = entry.key.starts_with(&self.prefix);
            here && (self.selects_shown() || self.selection.takes(entry))
        };
        let taken = |entry: &Arc<Entry>| !self.selects_shown() || self.selection.takes(entry);
        // X30: what was in sight before is forgotten, and what goes out of sight with it.
        let forgets = !self.selection.is_all() && self.cache.host().defects.has("X30");
        let before = |change: &Change| change.before.clone().filter(|it| near(it) && !forgets);
        let sides =
            changes.iter().map(|change| [before(change), change.after.clone().filter(near)]);
        let sides: Vec<_> = sides.collect();
        let entries = sides.iter().flatten().flatten().cloned().collect();
        let shown = self.registry.presented_together(&self.resource, entries).await?;
        let mut shown = shown.into_iter();
        let events = changes.iter().zip(sides).filter_map(|(change, sides)| {
            // In the order in which they were asked for.
            let [before, after] = sides.map(|side| side.and_then(|_| shown.next()).filter(taken));
            event(change, before, after)
        });
        Ok(events.collect())
    }
}

/// What a change is to who saw the object so before, and sees it so now.
fn event(
    change: &Change,
    before: Option<Arc<Entry>>,
    after: Option<Arc<Entry>>,
) -> Option<WatchEvent> {
    match (before, after) {
        (None, None) => None,
        (None, Some(after)) => Some(WatchEvent::Added(after.served().clone())),
        (Some(_), Some(after)) => Some(WatchEvent::Modified(after.served().clone())),
        (Some(before), None) => Some(WatchEvent::Deleted(change.gone(&before))),
    }
}
