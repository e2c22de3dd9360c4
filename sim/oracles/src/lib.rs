//! Promises, judged from outside: what clients saw and what is true in the world.
//!
//! An oracle sees everything and changes nothing, and shares no code with what it judges. One
//! promise a file; all of them are listed in [`ALL`].

use one_cluster::OneCluster;
use serde::{Deserialize, Serialize};

pub mod alarms;
pub mod auth;
pub mod converges;
pub mod estate;
pub mod facts;
pub mod fencing;
pub mod hash_kv;
pub mod history;
pub mod kv;
pub mod lease;
pub mod members_current;
pub mod model;
pub mod mutual_exclusion;
pub mod no_panic;
pub mod objects;
mod one_cluster;
pub mod raft;
pub mod replica_equality;
pub mod sample;
mod selection;
pub mod snapshot_whole;
pub mod watch;

pub use facts::{Fact, Observation, Record, Value, World};
pub use history::{History, Time};

/// When an oracle speaks.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Kind {
    /// At the first observation that breaks the promise.
    Always,
    /// After the world has healed and had its time.
    Eventually,
    /// When the history of all clients is known.
    History,
    /// When two accounts of the same thing differ.
    Difference,
}

/// A promise that was not kept.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize, thiserror::Error)]
#[error("{oracle} at {:.3}s: {text}", *at as f64 / 1e9)]
pub struct Broken {
    /// Which promise: the oracle's name.
    pub oracle: String,
    /// When it was broken.
    pub at: Time,
    /// What happened, in a sentence.
    pub text: String,
    /// Operations, facts and responses that show it, a line each.
    pub evidence: Vec<String>,
}

impl Broken {
    /// The name of the oracle is filled in by whoever runs it.
    pub fn new(at: Time, text: impl Into<String>) -> Self {
        Self { oracle: String::new(), at, text: text.into(), evidence: Vec::new() }
    }

    /// Adds a line of evidence, cut to [`EVIDENCE_CHARS_MAX`].
    #[must_use]
    pub fn with(mut self, evidence: impl std::fmt::Display) -> Self {
        let mut line = evidence.to_string();
        if line.chars().count() > EVIDENCE_CHARS_MAX {
            line = line.chars().take(EVIDENCE_CHARS_MAX).chain(['…']).collect();
        }
        self.evidence.push(line);
        self
    }
}

/// Longest line of evidence; a whole range's answer helps nobody.
pub const EVIDENCE_CHARS_MAX: usize = 600;

/// A judge of one promise. The doc comment of the type is the promise in one sentence.
pub trait Oracle: Default + Send {
    /// The name in scenarios and reports.
    const NAME: &'static str;
    /// When it speaks.
    const KIND: Kind;
    /// The promise as upstream's documentation, or the paper, words it.
    const PROMISE: &'static str;
    /// The facts it is shown, by name; every one when `None`. What happens to the world, and the
    /// history, are shown to all.
    const FACTS: Option<&'static [&'static str]> = None;
    /// It judges the log and the members of one cluster: when another one begins from a snapshot
    /// ([`World::Restored`]) it forgets everything.
    const OF_ONE_CLUSTER: bool = false;

    /// Takes an observation in.
    fn observe(&mut self, observation: &Observation<'_>) -> Result<(), Broken>;

    /// Judges what can only be judged at the end.
    fn finish(&mut self) -> Result<(), Broken> {
        Ok(())
    }
}

/// An oracle at work in one run.
pub trait Judge: Send {
    /// Whether facts of this name mean anything to it: [`Oracle::FACTS`].
    fn wants(&self, fact: &str) -> bool;
    /// [`Oracle::observe`], with the oracle's name in what it returns.
    fn observe(&mut self, observation: &Observation<'_>) -> Result<(), Broken>;
    /// [`Oracle::finish`], with the oracle's name in what it returns.
    fn finish(&mut self) -> Result<(), Broken>;
}

impl<O: Oracle + Send> Judge for O {
    fn wants(&self, fact: &str) -> bool {
        O::FACTS.is_none_or(|facts| facts.contains(&fact))
    }

    fn observe(&mut self, observation: &Observation<'_>) -> Result<(), Broken> {
        let restored = matches!(observation, Observation::World { event: World::Restored, .. });
        if restored && O::OF_ONE_CLUSTER {
            *self = O::default();
        }
        Oracle::observe(self, observation).map_err(|broken| named(O::NAME, broken))
    }

    fn finish(&mut self) -> Result<(), Broken> {
        Oracle::finish(self).map_err(|broken| named(O::NAME, broken))
    }
}

fn named(oracle: &str, broken: Broken) -> Broken {
    Broken { oracle: oracle.to_owned(), ..broken }
}

/// One line of the table of oracles.
#[derive(Clone, Copy, Debug)]
pub struct Entry {
    /// [`Oracle::NAME`].
    pub name: &'static str,
    /// [`Oracle::KIND`].
    pub kind: Kind,
    /// [`Oracle::PROMISE`].
    pub promise: &'static str,
    /// A fresh one for a run.
    pub new: fn() -> Box<dyn Judge>,
}

const fn entry<O: Oracle + Send + 'static>() -> Entry {
    Entry { name: O::NAME, kind: O::KIND, promise: O::PROMISE, new: || Box::new(O::default()) }
}

/// Every oracle. A scenario names those it wants, or takes them all.
pub const ALL: &[Entry] = &[
    // What clients saw of keys.
    entry::<kv::KvStrictSerializable>(),
    entry::<auth::AuthPermits>(),
    entry::<OneCluster<alarms::AlarmsHold>>(),
    // What watches showed.
    entry::<watch::WatchOrdered>(),
    entry::<watch::WatchUnique>(),
    entry::<watch::WatchAtomic>(),
    entry::<watch::WatchReliable>(),
    entry::<watch::WatchResumable>(),
    entry::<watch::WatchBookmarkable>(),
    entry::<watch::WatchFilter>(),
    entry::<watch::WatchPrevKv>(),
    entry::<watch::WatchCompactionReported>(),
    entry::<watch::WatchAdvances>(),
    entry::<watch::WatchKept>(),
    // Leases, and what clients build on them.
    entry::<lease::LeaseLives>(),
    entry::<lease::LeaseRenewal>(),
    entry::<lease::LeaseExpires>(),
    entry::<lease::LeaseTimeToLive>(),
    entry::<OneCluster<lease::LeaseListed>>(),
    entry::<mutual_exclusion::MutualExclusion>(),
    entry::<fencing::Fencing>(),
    // Raft, and what is on disks.
    entry::<raft::ElectionSafety>(),
    entry::<raft::VoteOnce>(),
    entry::<raft::LeaderStepsDown>(),
    entry::<raft::LogMatching>(),
    entry::<raft::StateMachineSafety>(),
    entry::<raft::LeaderCompleteness>(),
    entry::<raft::CommitMonotonic>(),
    entry::<raft::ConfigurationsOverlap>(),
    entry::<raft::DurablePromises>(),
    entry::<raft::DurableWrites>(),
    // What users of API servers saw of objects.
    entry::<objects::ObjectWrites>(),
    entry::<objects::ObjectReads>(),
    entry::<objects::ObjectWatchOrder>(),
    entry::<objects::ObjectFinalizers>(),
    entry::<objects::ObjectAge>(),
    entry::<objects::ObjectConverges>(),
    // What users of API servers did with objects of many kinds.
    entry::<estate::EstateWrites>(),
    entry::<estate::EstateIdentity>(),
    entry::<estate::PartsApart>(),
    entry::<estate::FieldsOwned>(),
    entry::<estate::QuotaHeld>(),
    entry::<estate::ServicesUnique>(),
    entry::<estate::ServicesReleased>(),
    entry::<estate::WebhooksAsked>(),
    // What components do with API servers.
    entry::<estate::InformerFaithful>(),
    entry::<estate::OneLeader>(),
    // Members, and the cluster as a whole.
    entry::<replica_equality::ReplicaEquality>(),
    entry::<OneCluster<hash_kv::HashKvAgrees>>(),
    entry::<OneCluster<members_current::MembersCurrent>>(),
    entry::<snapshot_whole::SnapshotWhole>(),
    entry::<converges::Converges>(),
    entry::<no_panic::NoPanic>(),
];
