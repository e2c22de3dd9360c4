//! Pods that count where they are about to be bound, before the API says that they are.
//!
//! Upstream: pkg/scheduler/backend/cache/cache.go (AssumePod, FinishBinding, ForgetPod).

use crate::{cluster::Storage, framework::Assumption};
use client::{Key, name};
use host::Instant;
use std::{collections::BTreeMap, time::Duration};

#[derive(Debug)]
struct One {
    uid: String,
    assumptions: Vec<Assumption>,
    /// None while it is being bound.
    expires: Option<Instant>,
}

/// All of them.
#[derive(Debug)]
pub(super) struct Assumed {
    expiry: Option<Duration>,
    pods: BTreeMap<Key, One>,
}

impl Assumed {
    pub(super) fn new(expiry: Option<Duration>) -> Self {
        Self { expiry, pods: BTreeMap::new() }
    }

    pub(super) fn add(&mut self, key: &Key, uid: &str, assumptions: Vec<Assumption>) {
        let one = One { uid: uid.to_owned(), assumptions, expires: None };
        self.pods.insert(key.clone(), one);
    }

    /// The uid of a pod that is assumed.
    pub(super) fn uid(&self, key: &Key) -> Option<&str> {
        self.pods.get(key).map(|one| one.uid.as_str())
    }

    /// It was bound; the API will say so.
    pub(super) fn bound(&mut self, now: Instant, key: &Key) {
        if let Some(one) = self.pods.get_mut(key) {
            one.expires = self.expiry.map(|expiry| now + expiry);
        }
    }

    /// The API says so.
    pub(super) fn confirmed(&mut self, key: &Key) -> bool {
        self.pods.remove(key).is_some()
    }

    /// It will not be so, nor what was assumed for it.
    pub(super) fn remove(&mut self, key: &Key, storage: &mut Storage) {
        let Some(one) = self.pods.remove(key) else { return };
        for assumption in &one.assumptions {
            match assumption {
                Assumption::Volume(volume) => storage.restore_volume(name(volume)),
                Assumption::Claim(claim) => storage.restore_claim(&Key::of(claim)),
            }
        }
    }

    pub(super) fn expired(&self, now: Instant) -> Vec<Key> {
        let over = |one: &One| one.expires.is_some_and(|at| at <= now);
        let pods = self.pods.iter().filter(|(_, one)| over(one));
        pods.map(|(key, _)| key.clone()).collect()
    }

    pub(super) fn next_expiry(&self) -> Option<Instant> {
        // Nothing expires by default, and many may be on their way: do not look at all.
        self.expiry?;
        self.pods.values().filter_map(|one| one.expires).min()
    }
}
