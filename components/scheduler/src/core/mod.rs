//! A scheduler without a machine: the cluster, the queue, and what became of each decision.
//!
//! Upstream: pkg/scheduler/schedule_one.go, eventhandlers.go. Time and chance are arguments;
//! whoever calls carries out what it decides and says how that went.

mod assumed;
mod decide;
mod see;

pub use decide::{Attempt, Decision, Refused};
pub use see::Followed;

use crate::{
    cluster::Cluster,
    config::Config,
    cycle::Cycle,
    framework::{Change, Nominations, Point, Profile, Refusal},
    objects::pod::Pod,
    queue::Queue,
};
use assumed::Assumed;
use client::Key;
use host::Instant;
use std::{
    collections::{BTreeMap, BTreeSet},
    sync::Arc,
    time::Duration,
};

/// All that a scheduler knows.
#[derive(Debug)]
pub struct Core {
    cluster: Cluster,
    queue: Queue,
    nominations: Nominations,
    profiles: BTreeMap<String, Profile>,
    assumed: Assumed,
    /// Which node is looked at first.
    start: usize,
}

impl Core {
    /// A scheduler of an empty cluster. `expiry`: how long a pod that was bound counts although
    /// nobody has seen it so; none: for ever, as upstream's default.
    pub fn new(config: &Config, expiry: Option<Duration>) -> Self {
        let named = |profile: &Profile| (profile.name.clone(), profile.clone());
        Self {
            cluster: Cluster::default(),
            queue: Queue::new(config.backoff, config.patience),
            nominations: Nominations::default(),
            profiles: config.profiles.iter().map(named).collect(),
            assumed: Assumed::new(expiry),
            start: 0,
        }
    }

    /// What is known of the cluster, with pods where they are about to be bound.
    pub fn cluster(&self) -> &Cluster {
        &self.cluster
    }

    /// Pods without a node.
    pub fn queue(&self) -> &Queue {
        &self.queue
    }

    /// Where pods wait for room.
    pub fn nominations(&self) -> &Nominations {
        &self.nominations
    }

    /// A profile by its name.
    pub fn profile(&self, name: &str) -> Option<&Profile> {
        self.profiles.get(name)
    }

    /// When there is something to do although nothing changes.
    pub fn next_wake(&self) -> Option<Instant> {
        self.queue.next_ready().into_iter().chain(self.assumed.next_expiry()).min()
    }

    /// Time passed: pods that waited too long are tried again, those that were never seen where
    /// they were bound count no more.
    pub fn tick(&mut self, now: Instant) {
        for key in self.assumed.expired(now) {
            self.forget(now, &key);
        }
        self.queue.flush(now);
    }

    /// Tells the plugins that refused a pod what changed.
    fn changed(&mut self, now: Instant, change: &Change<'_>) {
        let profiles = &self.profiles;
        let helps = |pod: &Pod, plugin: &'static str| {
            let profile = profiles.get(&pod.scheduler);
            let found = profile.and_then(|profile| profile.plugin(plugin));
            // What others than plugins think of, nobody knows.
            found.map_or(plugin == "Extender", |plugin| plugin.helps(pod, change))
        };
        self.queue.changed(now, &helps, &|pod| may_enter(profiles, pod));
    }

    /// A pod is not where it was assumed to be.
    fn forget(&mut self, now: Instant, key: &Key) {
        self.assumed.remove(key, &mut self.cluster.storage);
        if let Some(pod) = self.cluster.remove_pod(key) {
            self.changed(now, &Change::PodGone(&pod));
        }
    }

    fn cycle<'a>(&'a self, profile: &'a Profile, pod: &'a Arc<Pod>, chance: u64) -> Cycle<'a> {
        Cycle {
            profile,
            cluster: &self.cluster,
            nominations: &self.nominations,
            pod,
            start: self.start,
            chance,
        }
    }
}

/// PreEnqueue of a pod's profile.
fn may_enter(profiles: &BTreeMap<String, Profile>, pod: &Pod) -> Result<(), Refusal> {
    let plugins = profiles.get(&pod.scheduler).map_or(&[][..], |it| it.at(Point::PreEnqueue));
    plugins
        .iter()
        .try_for_each(|plugin| plugin.may_enter(pod).map_err(|refusal| refusal.by(plugin.name())))
}

/// QueueSort of a pod's profile.
fn rank(profiles: &BTreeMap<String, Profile>, pod: &Pod) -> i64 {
    let plugins = profiles.get(&pod.scheduler).map_or(&[][..], |it| it.at(Point::QueueSort));
    plugins.first().map_or(0, |plugin| plugin.rank(pod))
}

/// One plugin's name.
fn only(plugin: &'static str) -> BTreeSet<&'static str> {
    BTreeSet::from([plugin])
}
