//! What every controller is: it says what it watches, whom a change wakes, and what is to be done.

use client::{Error, Key, Notice};
use host::{Instant, Timestamp};
use std::{fmt::Debug, time::Duration};

use crate::{
    kinds::Kind,
    plan::{Facts, Plan},
    view::View,
};

/// Keeps objects true. It decides; the driver does everything else, once, for all controllers.
///
/// `decide` is pure but for what the controller remembers in itself: equal calls in equal order
/// give equal plans. It is called again whenever what it looked at changed, when a write failed,
/// and when it asked to be; never before the stores show what its last plan for the key wrote.
pub trait Controller: Send + Debug + 'static {
    /// Upstream's name, with which it also signs events: `replicaset-controller`.
    fn name(&self) -> &'static str;

    /// Keys that are worked on at once (upstream's `--concurrent-…-syncs`).
    fn workers(&self) -> usize {
        5
    }

    /// Everything that it looks at.
    fn watches(&self) -> &'static [Kind];

    /// Keys to begin with, whatever exists.
    fn begins(&self) -> Vec<Key> {
        Vec::new()
    }

    /// Which keys a change wakes, and how much later.
    fn wakes(&self, change: &Change<'_>, view: &View<'_>) -> Vec<Wake>;

    /// What must be written for the key to become true.
    fn decide(&mut self, key: &Key, scene: &Scene<'_>) -> Plan;
}

/// A change to an object of a watched kind.
#[derive(Clone, Copy, Debug)]
pub struct Change<'a> {
    /// Its kind.
    pub kind: Kind,
    /// What happened.
    pub notice: &'a Notice,
}

impl<'a> Change<'a> {
    /// The object's states that matter: before and after, or the only one.
    pub fn states(&self) -> impl Iterator<Item = &'a client::Object> {
        let (one, other) = match self.notice {
            Notice::Added { object, .. } | Notice::Deleted { object, .. } => (object, None),
            Notice::Updated { old, new } => (new, Some(old)),
        };
        std::iter::once(one).chain(other)
    }

    /// The object as it is now, or was last.
    pub fn object(&self) -> &'a client::Object {
        match self.notice {
            Notice::Added { object, .. } | Notice::Deleted { object, .. } => object,
            Notice::Updated { new, .. } => new,
        }
    }
}

/// A key to be looked at.
#[derive(Clone, PartialEq, Eq, PartialOrd, Ord, Debug)]
pub struct Wake {
    /// Which.
    pub key: Key,
    /// How much later.
    pub wait: Duration,
}

impl From<Key> for Wake {
    fn from(key: Key) -> Self {
        Self { key, wait: Duration::ZERO }
    }
}

/// All that a decision depends on.
#[derive(Debug)]
pub struct Scene<'a> {
    /// What informers show.
    pub view: &'a View<'a>,
    /// Answers to what was asked for this decision.
    pub facts: &'a Facts,
    /// What stopped the last plan for this key, if something did.
    pub refused: Option<&'a Refusal>,
    /// Wall time, for what is written and compared with what others wrote.
    pub wall: Timestamp,
    /// This machine's own time, for what the controller itself saw.
    pub now: Instant,
}

impl Scene<'_> {
    /// Seconds since 1970.
    pub fn seconds(&self) -> i64 {
        i64::try_from(self.wall.seconds()).unwrap_or(i64::MAX)
    }
}

/// A write that a server refused.
#[derive(Clone, PartialEq, Debug)]
pub struct Refusal {
    /// `create`, `delete`, …
    pub verb: &'static str,
    /// Of which resource.
    pub plural: String,
    /// Why.
    pub error: Error,
}
