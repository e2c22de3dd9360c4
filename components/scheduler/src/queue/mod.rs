//! Which pod is tried next, and when one that had no place is tried again.
//!
//! Upstream: pkg/scheduler/backend/queue/scheduling_queue.go.

mod backoff;
mod entry;

pub use backoff::Backoff;
pub use entry::Popped;

use crate::{framework::Refusal, objects::pod::Pod};
use client::Key;
use entry::{Entry, Place};
use host::Instant;
use std::{
    collections::{BTreeMap, BTreeSet},
    sync::Arc,
    time::Duration,
};

/// Why a pod has no place.
#[derive(Clone, PartialEq, Eq, Debug, Default)]
pub struct Verdict {
    /// Plugins that refused it.
    pub plugins: BTreeSet<&'static str>,
    /// Plugins that wait for something that they set going.
    pub pending: BTreeSet<&'static str>,
}

/// Pods without a node.
#[derive(Debug)]
pub struct Queue {
    backoff: Backoff,
    /// Pods are tried again after this time without a change.
    patience: Duration,
    entries: BTreeMap<Key, Entry>,
    /// Ready: by rank, then since when, then in the order of arrival.
    active: BTreeSet<(i64, Instant, u64, Key)>,
    /// Ready at a time.
    waiting: BTreeSet<(Instant, u64, Key)>,
    /// Ready once something changes.
    parked: BTreeSet<Key>,
    arrivals: u64,
    /// Changes that there were.
    changes: u64,
}

impl Queue {
    /// An empty queue.
    pub fn new(backoff: Backoff, patience: Duration) -> Self {
        Self {
            backoff,
            patience,
            entries: BTreeMap::new(),
            active: BTreeSet::new(),
            waiting: BTreeSet::new(),
            parked: BTreeSet::new(),
            arrivals: 0,
            changes: 0,
        }
    }

    /// A pod came that has no node. `gate`: who does not let it in yet.
    pub fn add(&mut self, now: Instant, pod: Arc<Pod>, rank: i64, gate: Result<(), Refusal>) {
        self.remove(&pod.key);
        self.arrivals += 1;
        let key = pod.key.clone();
        self.entries.insert(key.clone(), Entry::new(now, pod, rank, self.arrivals));
        match gate {
            Ok(()) => self.activate(now, &key),
            Err(refusal) => self.shut(&key, refusal.plugin),
        }
    }

    /// A pod that is here is another now; it stays where it is.
    pub fn update(&mut self, pod: Arc<Pod>, rank: i64) {
        let Some(entry) = self.entries.get_mut(&pod.key) else { return };
        let was = entry.active_key(&pod.key);
        entry.pod = pod.clone();
        entry.rank = rank;
        let is = entry.active_key(&pod.key);
        if self.active.remove(&was) {
            self.active.insert(is);
        }
    }

    /// A pod is gone, or has a node.
    pub fn remove(&mut self, key: &Key) {
        if let Some(entry) = self.entries.remove(key) {
            self.active.remove(&entry.active_key(key));
            self.waiting.remove(&entry.waiting_key(key));
            self.parked.remove(key);
        }
    }

    /// The pod as it was last seen.
    pub fn get(&self, key: &Key) -> Option<&Arc<Pod>> {
        self.entries.get(key).map(|entry| &entry.pod)
    }

    /// The next pod to be tried. Where none is ready, one that only waits its time is
    /// (`PopFromBackoffQ`), unless its last try went wrong.
    pub fn pop(&mut self, now: Instant) -> Option<Popped> {
        self.wake(now);
        let key = match self.active.pop_first() {
            Some((_, _, _, key)) => key,
            None => self.impatient()?,
        };
        let entry = self.entries.get_mut(&key)?;
        entry.place = Place::Tried { changes: self.changes };
        entry.attempts += 1;
        Some(Popped { pod: entry.pod.clone(), attempts: entry.attempts, since: entry.first })
    }

    fn impatient(&mut self) -> Option<Key> {
        let fine = |(_, _, key): &&(Instant, u64, Key)| {
            self.entries.get(key).is_some_and(|entry| !entry.broken)
        };
        let found = self.waiting.iter().find(fine)?.clone();
        self.waiting.remove(&found);
        Some(found.2)
    }

    /// A pod that was tried has no place.
    pub fn refused(&mut self, now: Instant, key: &Key, verdict: Verdict) {
        let changes = self.changes;
        let Some(entry) = self.entries.get_mut(key) else { return };
        let Place::Tried { changes: before } = entry.place else { return };
        entry.since = now;
        entry.broken = verdict.plugins.is_empty() && verdict.pending.is_empty();
        entry.verdict = verdict;
        entry.ready = now + self.backoff.after(entry.attempts);
        // What changed while it was tried may have helped it already.
        if entry.broken || changes != before {
            entry.place = Place::Waiting;
            self.waiting.insert(entry.waiting_key(key));
        } else {
            entry.place = Place::Parked;
            self.parked.insert(key.clone());
        }
    }

    /// Something changed: pods for which it `helps`, as one of the plugins that refused them says,
    /// are tried again; those that are not let in yet, if they are let in now.
    pub fn changed(
        &mut self,
        now: Instant,
        helps: &dyn Fn(&Pod, &'static str) -> bool,
        gate: &dyn Fn(&Pod) -> Result<(), Refusal>,
    ) {
        self.changes += 1;
        let moved = |key: &&Key| {
            self.entries
                .get(*key)
                .is_some_and(|entry| entry.refusers().any(|plugin| helps(&entry.pod, plugin)))
        };
        let keys: Vec<Key> = self.parked.iter().filter(moved).cloned().collect();
        for key in keys {
            self.unpark(now, &key, helps, gate);
        }
    }

    fn unpark(
        &mut self,
        now: Instant,
        key: &Key,
        helps: &dyn Fn(&Pod, &'static str) -> bool,
        gate: &dyn Fn(&Pod) -> Result<(), Refusal>,
    ) {
        let Some(entry) = self.entries.get_mut(key) else { return };
        if let Err(refusal) = gate(&entry.pod) {
            return self.shut(key, refusal.plugin);
        }
        let shut = matches!(entry.place, Place::Shut(_));
        let pending = entry.verdict.pending.iter().any(|plugin| helps(&entry.pod, plugin));
        self.parked.remove(key);
        // What a plugin waited for has come: it need not wait longer.
        if shut || pending || entry.ready <= now {
            return self.activate(now, key);
        }
        entry.place = Place::Waiting;
        self.waiting.insert(entry.waiting_key(key));
    }

    fn shut(&mut self, key: &Key, plugin: &'static str) {
        if let Some(entry) = self.entries.get_mut(key) {
            entry.place = Place::Shut(plugin);
            self.parked.insert(key.clone());
        }
    }

    fn activate(&mut self, now: Instant, key: &Key) {
        if let Some(entry) = self.entries.get_mut(key) {
            self.parked.remove(key);
            entry.place = Place::Active;
            entry.since = now;
            self.active.insert(entry.active_key(key));
        }
    }

    /// Pods whose time has come are ready; so are those that nothing helped for long.
    fn wake(&mut self, now: Instant) {
        while self.waiting.first().is_some_and(|(at, _, _)| *at <= now) {
            if let Some((_, _, key)) = self.waiting.pop_first() {
                self.activate(now, &key);
            }
        }
    }

    /// Pods that nothing helped for long are tried again (`flushUnschedulablePodsLeftover`).
    pub fn flush(&mut self, now: Instant) {
        let stale = |key: &&Key| {
            self.entries.get(*key).is_some_and(|entry| {
                entry.place == Place::Parked && now.since(entry.since) > self.patience
            })
        };
        let keys: Vec<Key> = self.parked.iter().filter(stale).cloned().collect();
        for key in keys {
            self.activate(now, &key);
        }
    }

    /// When a pod that only waits its time is ready.
    pub fn next_ready(&self) -> Option<Instant> {
        self.waiting.first().map(|(at, _, _)| *at)
    }

    /// Pods that are ready, wait their time, wait for a change.
    pub fn lengths(&self) -> (usize, usize, usize) {
        (self.active.len(), self.waiting.len(), self.parked.len())
    }
}

#[cfg(test)]
mod tests;
