//! One pod after the other: where it goes, or why it goes nowhere.

use super::{Core, only};
use crate::{
    cycle::{Cycle, Diagnosis, Feasible, Preemption, Remedy},
    framework::{Assumption, Permit, Point, Profile, Ready, Refusal, Severity},
    index::NodeId,
    objects::pod::Pod,
    queue::Verdict,
};
use client::Key;
use host::Instant;
use std::{collections::BTreeMap, sync::Arc};

/// A pod that is being placed.
#[derive(Clone, Debug)]
pub struct Attempt {
    /// The pod.
    pub pod: Arc<Pod>,
    /// Which try it is.
    pub attempts: u32,
    /// When it came into the queue.
    pub since: Instant,
    /// Decides between nodes that are equally good.
    pub chance: u64,
}

/// What was decided.
#[derive(Clone, PartialEq, Debug)]
pub enum Decision {
    /// The pod counts as being on the node; it is to be bound.
    Bind {
        /// The node's name.
        node: String,
        /// To be written before.
        assumptions: Vec<Assumption>,
        /// No plugin wants to be asked again first.
        permitted: bool,
    },
    /// The pod has no place.
    Refused(Refused),
}

/// A pod without a place.
#[derive(Clone, PartialEq, Debug)]
pub struct Refused {
    /// Why, for people.
    pub message: String,
    /// `Unschedulable`, or `SchedulerError` where something went wrong.
    pub reason: &'static str,
    /// Pods that are to go, so that it has a place later.
    pub preemption: Option<Preemption>,
    /// Pods that have to look for another node now.
    pub displaced: Vec<Key>,
}

impl Core {
    /// Takes the next pod out of the queue.
    pub fn next(&mut self, now: Instant, chance: u64) -> Option<Attempt> {
        let popped = self.queue.pop(now)?;
        let (attempts, since) = (popped.attempts, popped.since);
        Some(Attempt { pod: popped.pod, attempts, since, chance })
    }

    /// Places a pod, asking nobody else.
    pub fn decide(&mut self, now: Instant, attempt: &Attempt) -> Decision {
        let found = self.find(attempt);
        self.settle(now, attempt, found, &BTreeMap::new())
    }

    /// Nodes that will do.
    ///
    /// # Errors
    /// Why none will.
    pub fn find(&mut self, attempt: &Attempt) -> Result<Feasible, Box<Diagnosis>> {
        let pod = &attempt.pod;
        let Some(profile) = self.profiles.get(&pod.scheduler) else {
            return Err(Box::default());
        };
        let cycle = self.cycle(profile, pod, attempt.chance);
        let plugins = profile.filters().chain(profile.at(Point::Score));
        let questions: Vec<_> = plugins.flat_map(|plugin| plugin.questions(cycle.look())).collect();
        self.cluster.prepare(pod, &questions);
        let profile = self.profiles.get(&pod.scheduler).ok_or_else(Box::<Diagnosis>::default)?;
        let found = self.cycle(profile, pod, attempt.chance).feasible();
        let seen = match &found {
            Ok(found) => found.seen,
            Err(diagnosis) => diagnosis.refused.len(),
        };
        self.start = (self.start + seen) % self.cluster.order().len().max(1);
        found
    }

    /// Chooses among nodes that will do. `more`: what others think of them.
    pub fn settle(
        &mut self,
        now: Instant,
        attempt: &Attempt,
        found: Result<Feasible, Box<Diagnosis>>,
        more: &BTreeMap<NodeId, i64>,
    ) -> Decision {
        match found {
            Ok(found) if found.nodes.is_empty() => {
                let nodes = self.cluster.order().len();
                self.refuse(now, attempt, *Diagnosis::of_each(nodes, found.refused))
            }
            Ok(found) => self.choose(now, attempt, &found.nodes, more),
            Err(diagnosis) => self.refuse(now, attempt, *diagnosis),
        }
    }

    fn choose(
        &mut self,
        now: Instant,
        attempt: &Attempt,
        nodes: &[NodeId],
        more: &BTreeMap<NodeId, i64>,
    ) -> Decision {
        let pod = &attempt.pod;
        let reserved = self.profiles.get(&pod.scheduler).map(|profile| {
            let cycle = self.cycle(profile, pod, attempt.chance);
            let id = cycle.choose(nodes, more);
            (id, reserve(profile, &cycle, id))
        });
        let Some((id, reserved)) = reserved else { return self.gone(now, pod) };
        let (assumptions, permitted) = match reserved {
            Ok(reserved) => reserved,
            Err(refusal) => return self.refuse_one(now, attempt, &refusal),
        };
        let node = self.cluster.node(id).name.to_string();
        self.cluster.set_pod(Arc::new(pod.on(&node)));
        for assumption in &assumptions {
            match assumption {
                Assumption::Volume(volume) => self.cluster.storage.assume_volume(volume.clone()),
                Assumption::Claim(claim) => self.cluster.storage.assume_claim(claim.clone()),
            }
        }
        self.assumed.add(&pod.key, &pod.uid, assumptions.clone());
        self.nominations.remove(&pod.key);
        Decision::Bind { node, assumptions, permitted }
    }

    fn gone(&mut self, now: Instant, pod: &Pod) -> Decision {
        self.queue.refused(now, &pod.key, Verdict::default());
        let why = format!("profile {:?} does not exist", pod.scheduler);
        Decision::Refused(refused(&Refusal::error(why)))
    }

    fn refuse_one(&mut self, now: Instant, attempt: &Attempt, refusal: &Refusal) -> Decision {
        self.queue.refused(now, &attempt.pod.key, verdict(refusal));
        Decision::Refused(refused(refusal))
    }

    fn refuse(&mut self, now: Instant, attempt: &Attempt, mut diagnosis: Diagnosis) -> Decision {
        let pod = &attempt.pod;
        if let Some(message) = diagnosis.error() {
            self.queue.refused(now, &pod.key, Verdict::default());
            return Decision::Refused(refused(&Refusal::error(message)));
        }
        let (preemption, displaced) = self.remedy(attempt, &mut diagnosis);
        let plugins = diagnosis.plugins.clone();
        let mut verdict = Verdict { plugins, pending: diagnosis.pending.clone() };
        if diagnosis.nodes == 0 {
            // Whatever a first node is like.
            verdict.plugins.insert("NodeResourcesFit");
        }
        self.queue.refused(now, &pod.key, verdict);
        let (message, reason) = (diagnosis.to_string(), "Unschedulable");
        Decision::Refused(Refused { message, reason, preemption, displaced })
    }

    /// Pods that go so that this one has a place, and pods that have to look for another.
    fn remedy(
        &mut self,
        attempt: &Attempt,
        diagnosis: &mut Diagnosis,
    ) -> (Option<Preemption>, Vec<Key>) {
        let pod = &attempt.pod;
        let Some(profile) = self.profiles.get(&pod.scheduler).filter(|_| diagnosis.nodes > 0)
        else {
            return (None, Vec::new());
        };
        let cycle = self.cycle(profile, pod, attempt.chance);
        match cycle.post_filter(diagnosis) {
            Remedy::Wait(_) => (None, Vec::new()),
            Remedy::Nothing(_) => {
                self.nominations.remove(&pod.key);
                (None, Vec::new())
            }
            Remedy::Preempt(found) => {
                let displaced = found.displaced(&cycle);
                displaced.iter().for_each(|key| self.nominations.remove(key));
                // Before the API knows, so that no other pod takes the room meanwhile (#72124).
                self.nominations.set(pod, &found.node);
                (Some(found), displaced)
            }
        }
    }

    /// Room is not kept for a pod any longer.
    pub fn denominate(&mut self, key: &Key) {
        self.nominations.remove(key);
    }

    /// The pod was bound, or is going to be: the API will say so.
    pub fn bound(&mut self, now: Instant, key: &Key) {
        self.assumed.bound(now, key);
        self.queue.remove(key);
    }

    /// The pod was not bound, and will not be.
    pub fn unbound(&mut self, now: Instant, pod: &Pod, refusal: &Refusal) -> Refused {
        // It may have been seen elsewhere since, or gone.
        if self.assumed.uid(&pod.key) == Some(&pod.uid) {
            self.forget(now, &pod.key);
        }
        self.queue.refused(now, &pod.key, verdict(refusal));
        refused(refusal)
    }

    /// Whether a pod that has a place may be bound by now.
    pub fn permit(&self, pod: &Arc<Pod>, node: &str) -> Permit {
        let profile = self.profiles.get(&pod.scheduler);
        match (profile, self.cluster.named(node)) {
            (Some(profile), Some(node)) => permit(profile, &self.cycle(profile, pod, 0), node.id),
            _ => Permit::Reject(Refusal::error(format!("node {node:?} is gone"))),
        }
    }

    /// Whether all that was to be true before the pod is bound is true by now.
    pub fn ready(&self, pod: &Arc<Pod>, node: &str) -> Ready {
        let profile = self.profiles.get(&pod.scheduler);
        let (Some(profile), Some(state)) = (profile, self.cluster.named(node)) else {
            return Ready::Failed(format!("node {node:?} is gone"));
        };
        let look = self.cycle(profile, pod, 0).look();
        let plugins = profile.at(Point::PreBind).iter();
        let waits = plugins.map(|plugin| plugin.ready(look, state));
        waits.into_iter().find(|ready| *ready != Ready::Yes).unwrap_or(Ready::Yes)
    }
}

/// Reserve and Permit.
fn reserve(
    profile: &Profile,
    cycle: &Cycle<'_>,
    id: NodeId,
) -> Result<(Vec<Assumption>, bool), Refusal> {
    let (look, node) = (cycle.look(), cycle.cluster.node(id));
    let mut assumptions = Vec::new();
    for plugin in profile.at(Point::Reserve) {
        let reserved = plugin.reserve(look, node);
        assumptions.append(&mut reserved.map_err(|refusal| refusal.by(plugin.name()))?);
    }
    match permit(profile, cycle, id) {
        Permit::Allow => Ok((assumptions, true)),
        Permit::Wait(_) => Ok((assumptions, false)),
        Permit::Reject(refusal) => Err(refusal),
    }
}

/// The first plugin that does not allow it.
fn permit(profile: &Profile, cycle: &Cycle<'_>, id: NodeId) -> Permit {
    let (look, node) = (cycle.look(), cycle.cluster.node(id));
    for plugin in profile.at(Point::Permit) {
        match plugin.permit(look, node) {
            Permit::Allow => {}
            Permit::Reject(refusal) => return Permit::Reject(refusal.by(plugin.name())),
            wait @ Permit::Wait(_) => return wait,
        }
    }
    Permit::Allow
}

fn verdict(refusal: &Refusal) -> Verdict {
    match refusal.severity {
        Severity::Error => Verdict::default(),
        Severity::Pending => Verdict { pending: only(refusal.plugin), ..Verdict::default() },
        _ => Verdict { plugins: only(refusal.plugin), ..Verdict::default() },
    }
}

/// One refusal for people.
fn refused(refusal: &Refusal) -> Refused {
    let broken = refusal.severity == Severity::Error;
    let reason = if broken { "SchedulerError" } else { "Unschedulable" };
    Refused { message: refusal.message(), reason, preemption: None, displaced: Vec::new() }
}
