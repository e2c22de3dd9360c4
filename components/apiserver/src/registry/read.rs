//! Objects as they are: one, or a collection at one revision.
//!
//! Upstream: apiserver/pkg/storage/interfaces.go and its table of resource version semantics.

use super::{Registry, Target, place};
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
        let key = target.key(&self.storage);
        if let Freshness::Any | Freshness::NotOlder(_) = how {
            let cache = self.cache(&target.resource);
            self.fresh(&cache, how).await?;
            let entry = cache.get(&key).ok_or_else(|| target.not_found())?;
            return Ok(match self.conversion(&target.resource) {
                None => entry.served().clone(),
                Some(conversion) => conversion.served(entry.served()),
            });
        }
        let stored = self.storage.get(&key).await?.ok_or_else(|| target.not_found())?;
        Ok(match self.conversion(&target.resource) {
            None => stored.served(),
            Some(conversion) => conversion.served(&stored.served()),
        })
    }

    /// Reads a collection.
    pub(crate) async fn list(
        &self,
        resource: &Resource,
        namespace: &str,
        reading: &Reading,
    ) -> Result<Listed, Failure> {
        let mut listed = self.list_stored(resource, namespace, reading).await?;
        if let Some(conversion) = self.conversion(resource) {
            listed.entries.iter_mut().for_each(|entry| *entry = conversion.entry(entry));
        }
        Ok(listed)
    }

    /// Reads a collection in the version that is stored.
    async fn list_stored(
        &self,
        resource: &Resource,
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
        let entries = snapshot.entries.into_iter();
        let entries = entries.filter(|entry| reading.selection.takes(entry)).collect();
        let revision = snapshot.progress.revision;
        Ok(Listed { entries, revision, next: None, remaining: None })
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
        resource: &Resource,
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
            entries.extend(found.filter(|entry| reading.selection.takes(entry)));
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
