//! A pod in the queue.

use super::Verdict;
use crate::objects::pod::Pod;
use client::Key;
use host::Instant;
use std::sync::Arc;

#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub(super) enum Place {
    Active,
    Waiting,
    /// Until a change helps.
    Parked,
    /// Until this plugin lets it in.
    Shut(&'static str),
    /// Since there had been so many changes.
    Tried {
        changes: u64,
    },
}

#[derive(Debug)]
pub(super) struct Entry {
    pub(super) pod: Arc<Pod>,
    pub(super) rank: i64,
    pub(super) place: Place,
    /// When it came.
    pub(super) first: Instant,
    /// When it came to where it is.
    pub(super) since: Instant,
    /// Not tried before.
    pub(super) ready: Instant,
    pub(super) attempts: u32,
    pub(super) verdict: Verdict,
    /// No plugin refused it: something went wrong.
    pub(super) broken: bool,
    arrival: u64,
}

impl Entry {
    pub(super) fn new(now: Instant, pod: Arc<Pod>, rank: i64, arrival: u64) -> Self {
        Self {
            pod,
            rank,
            place: Place::Active,
            first: now,
            since: now,
            ready: now,
            attempts: 0,
            verdict: Verdict::default(),
            broken: false,
            arrival,
        }
    }

    pub(super) fn active_key(&self, key: &Key) -> (i64, Instant, u64, Key) {
        (self.rank, self.since, self.arrival, key.clone())
    }

    pub(super) fn waiting_key(&self, key: &Key) -> (Instant, u64, Key) {
        (self.ready, self.arrival, key.clone())
    }

    /// Who has to change its mind.
    pub(super) fn refusers(&self) -> impl Iterator<Item = &'static str> {
        let shut = match self.place {
            Place::Shut(plugin) => Some(plugin),
            _ => None,
        };
        let verdict = self.verdict.plugins.iter().chain(&self.verdict.pending).copied();
        shut.into_iter().chain(verdict.filter(move |_| shut.is_none()))
    }
}

/// A pod whose turn it is.
#[derive(Clone, Debug)]
pub struct Popped {
    /// It.
    pub pod: Arc<Pod>,
    /// Which try it is.
    pub attempts: u32,
    /// When it came into the queue.
    pub since: Instant,
}
