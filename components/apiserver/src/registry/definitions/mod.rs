//! Definitions of custom resources at work: what they define is served, and their status tells how
//! far they are. Every replica does all of it; who comes second finds nothing to do.
//!
//! Upstream: apiextensions-apiserver's pkg/controller/{status,establish,apiapproval,finalizer} and
//! the informer of customresource_handler.go.

mod cleanup;
mod rows;
mod settle;

use super::{Registry, Target};
use api::{
    definition::{GROUP, PLURAL, life},
    resources::Resource,
};
use host::event;
use rows::Rows;
use serde_json::Value;
use std::{sync::Arc, time::Duration};

/// After a failure.
const RETRY: Duration = Duration::from_secs(1);

/// Serves what is defined, for as long as the server runs.
pub(crate) async fn run(registry: Arc<Registry>) {
    let Some(resource) = registry.resource(GROUP, "v1", PLURAL) else { return };
    let cache = registry.cache(&resource);
    let mut progress = cache.subscribe();
    let prefix = registry.storage.key(&super::place::prefix(&resource, ""));
    let (mut rows, mut known, mut again) = (Rows::default(), Vec::new(), None);
    loop {
        progress.mark_unchanged();
        let entries = cache.snapshot(&prefix).entries;
        let revisions: Vec<u64> = entries.iter().map(|entry| entry.revision).collect();
        let changed = progress.changed();
        if again.is_some() || revisions != known {
            let definitions: Vec<&Value> = entries.iter().map(|entry| entry.value()).collect();
            rows.update(&registry, &definitions);
            again = settle(&registry, &resource, &definitions).await;
            known = revisions;
        }
        let goes_on = match again {
            None => changed.await.is_ok(),
            // Elapsed: what was not done is tried again.
            Some(wait) => registry.host.timeout(wait, changed).await.unwrap_or(Ok(())).is_ok(),
        };
        if !goes_on {
            return;
        }
    }
}

/// Does what is to be done for each definition; returns when to look again, though none changes.
async fn settle(
    registry: &Registry,
    resource: &Arc<Resource>,
    definitions: &[&Value],
) -> Option<Duration> {
    let mut again = None;
    for definition in definitions {
        let name = crate::object::meta(definition, "name");
        let target = Target {
            resource: resource.clone(),
            namespace: String::new(),
            name: name.to_owned(),
            subresource: "status".into(),
        };
        let done = match life::is_emptied(definition) {
            true => registry.clean_up(&target, definition).await,
            false => {
                registry.settle_definition(&target, definition, definitions).await.map(|()| None)
            }
        };
        let wait = match done {
            Ok(wait) => wait,
            // Deleted or changed meanwhile: the cache will tell.
            Err(failure) if matches!(failure.reason, "NotFound" | "Conflict") => None,
            Err(failure) => {
                let why = failure.to_string();
                event!(registry.host, Warn, "a definition waits", name = name, why = &why);
                Some(RETRY)
            }
        };
        again = [again, wait].into_iter().flatten().min();
    }
    again
}
