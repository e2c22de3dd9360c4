//! Objects as they are: one, or a collection at one revision.
//!
//! Upstream: apiserver/pkg/storage/interfaces.go and its table of resource version semantics.

use super::{Registry, Target, place, versions::is_plain};
use crate::{
    cache::{Cacher, Entry, Progress},
    continuation::Continuation,
    failure::Failure,
    selection::Selection,
};
use api::resources::Resource;
use bytes::Bytes;
use std::sync::Arc;

/// How new a read must be.
#[derive(Clone, Copy, PartialEq, Eq, Debug, Default)]
pub(crate) enum Freshness {
    /// As new as the last write.
    #[default]
    Newest,
    /// Whatever there is.
    Any,
    /// Not older than this revision.
    NotOlder(u64),
    /// As of this revision.
    Exact(u64),
}

/// Which objects of a collection, how new, how many.
#[derive(Clone, Debug, Default)]
pub(crate) struct Reading {
    pub(crate) selection: Selection,
    pub(crate) freshness: Freshness,
    /// Zero: all.
    pub(crate) limit: u64,
    /// Where the page before ended.
    pub(crate) continuation: Option<Continuation>,
}

/// A collection, or a page of it.
#[derive(Debug)]
pub(crate) struct Listed {
    pub(crate) entries: Vec<Arc<Entry>>,
    pub(crate) revision: u64,
    /// Where the next page begins.
    pub(crate) next: Option<Continuation>,
    /// How many follow; none where selectors hide it.
    pub(crate) remaining: Option<u64>,
}

impl Registry {
    /// Reads one object.
    pub(crate) async fn get(&self, target: &Target, how: Freshness) -> Result<Bytes, Failure> {
        let (key, resource) = (target.key(&self.storage), &target.resource);
        if let Freshness::Any | Freshness::NotOlder(_) = how {
            let cache = self.cache(resource);
            self.fresh(&cache, how).await?;
            let entry = cache.get(&key).ok_or_else(|| target.not_found())?;
            let shown = self.presented_together(resource, vec![entry.clone()]).await?.pop();
            return Ok(shown.unwrap_or(entry).served().clone());
        }
        let stored = self.storage.get(&key).await?.ok_or_else(|| target.not_found())?;
        match is_plain(resource) {
            true => Ok(stored.served()),
            false => Ok(self.shown(resource, stored).await?.served().clone()),
        }
    }

    /// Reads a collection.
    pub(crate) async fn list(
        &self,
        resource: &Arc<Resource>,
        namespace: &str,
        reading: &Reading,
    ) -> Result<Listed, Failure> {
        let exact = matches!(reading.freshness, Freshness::Exact(_));
        let paged = reading.limit > 0 && reading.freshness != Freshness::Any;
        if exact || paged || reading.continuation.is_some() {
            return self.page(resource, namespace, reading).await;
        }
        let cache = self.cache(resource);
        match self.fresh(&cache, reading.freshness).await {
            // A cache that does not come so far in time is passed over (cacher/delegator.go).
            Err(_) if reading.freshness == Freshness::Newest => {
                return self.page(resource, namespace, reading).await;
            }
            reached => reached?,
        };
        let snapshot = cache.snapshot(&self.storage.key(&place::prefix(resource, namespace)));
        let entries = self.taken(resource, snapshot.entries, reading).await?;
        let revision = snapshot.progress.revision;
        Ok(Listed { entries, revision, next: None, remaining: None })
    }

    /// Those objects that a reading is about, as the resource shows them.
    async fn taken(
        &self,
        resource: &Arc<Resource>,
        entries: Vec<Arc<Entry>>,
        reading: &Reading,
    ) -> Result<Vec<Arc<Entry>>, Failure> {
        let takes = |entry: &Arc<Entry>| reading.selection.takes(entry);
        // Selectors speak of what is stored; those of definitions, of what is shown.
        match resource.custom.is_some() {
            true => {
                let shown = self.presented_together(resource, entries).await?;
                Ok(shown.into_iter().filter(takes).collect())
            }
            false => {
                let entries = entries.into_iter().filter(takes).collect();
                self.presented(resource, entries).await
            }
        }
    }

    /// Waits until a cache is as new as it must be.
    pub(super) async fn fresh(
        &self,
        cache: &Cacher,
        freshness: Freshness,
    ) -> Result<Progress, Failure> {
        match freshness {
            Freshness::Newest => cache.catch_up().await,
            Freshness::Any => cache.reach(0).await,
            Freshness::NotOlder(revision) | Freshness::Exact(revision) => {
                cache.reach(revision).await
            }
        }
    }

    /// Reads the storage itself, until the page is full.
    async fn page(
        &self,
        resource: &Arc<Resource>,
        namespace: &str,
        reading: &Reading,
    ) -> Result<Listed, Failure> {
        let prefix = self.storage.key(&place::prefix(resource, namespace));
        let (mut from, mut revision) = match (&reading.continuation, reading.freshness) {
            (Some(at), _) => (Some(format!("{prefix}{}", at.start)), at.revision),
            (None, Freshness::Exact(revision)) => (None, revision),
            (None, _) => (None, 0),
        };
        let mut entries: Vec<Arc<Entry>> = Vec::new();
        loop {
            let missing = reading.limit.saturating_sub(entries.len() as u64);
            let page = self.storage.list(&prefix, from.as_deref(), missing, revision).await?;
            revision = page.revision;
            let last = page.objects.last().map(|stored| stored.key.clone());
            let found = page.objects.into_iter().map(|stored| Arc::new(Entry::of(stored)));
            entries.extend(self.taken(resource, found.collect(), reading).await?);
            let Some(last) = last.filter(|_| page.remaining > 0) else {
                return Ok(Listed { entries, revision, next: None, remaining: None });
            };
            let after = format!("{}\0", String::from_utf8_lossy(&last));
            if entries.len() as u64 >= reading.limit {
                let start = after[prefix.len()..].to_owned();
                let next = Some(Continuation { revision, start });
                let known = reading.selection.is_all().then_some(page.remaining);
                return Ok(Listed { entries, revision, next, remaining: known });
            }
            from = Some(after);
        }
    }
}
