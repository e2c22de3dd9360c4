//! Which pods had better go, so that a more important one has a place.
//!
//! Upstream: pkg/scheduler/framework/preemption/preemption.go and
//! plugins/defaultpreemption/default_preemption.go.

use super::{Cycle, Diagnosis, Filters};
use crate::{
    cluster::NodeState,
    framework::{Reason, Refusal, Severity},
    index::NodeId,
    objects::{budget::Budget, pod::Pod},
};
use api::time::Moment;
use client::Key;
use std::{cmp::Reverse, sync::Arc};

/// A pod that no node will do for.
#[derive(Clone, Copy, Debug)]
pub struct Failure<'a> {
    /// The cycle that found it out.
    pub cycle: Cycle<'a>,
    /// What it found.
    pub diagnosis: &'a Diagnosis,
}

/// Pods that go, so that another has a place on their node.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Preemption {
    /// The node.
    pub node: String,
    /// Who goes, the most important first.
    pub victims: Vec<(Key, String)>,
}

/// A node on which it would help, and at what price.
#[derive(Debug)]
struct Candidate {
    node: NodeId,
    victims: Vec<Arc<Pod>>,
    /// Victims whose budget does not allow it.
    violations: usize,
}

const NO_VICTIMS: &str = "No preemption victims found for incoming pod";
const NO_HELP: &str = "Preemption is not helpful for scheduling";

/// What may be done for a pod without a place.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Remedy {
    /// Others go.
    Preempt(Preemption),
    /// Nothing now, and why; the node that room was made on is kept for it.
    Wait(String),
    /// Nothing, and why.
    Nothing(String),
}

/// Finds the least that can be taken away. `percent` and `least`: how many nodes are worth trying.
pub fn preempt(failure: &Failure<'_>, percent: usize, least: usize) -> Remedy {
    let cycle = &failure.cycle;
    if let Some(why) = ineligible(cycle) {
        return Remedy::Wait(why.to_owned());
    }
    let hopeful: Vec<NodeId> = hopeful(failure.diagnosis);
    let tries = (failure.diagnosis.nodes * percent / 100).max(least).min(hopeful.len());
    let mut refused = Vec::new();
    let mut candidates = Vec::new();
    if let Ok(filters) = Filters::of(cycle.profile, cycle.look()) {
        let start = usize::try_from(cycle.chance % hopeful.len().max(1) as u64).unwrap_or(0);
        let (before, after) = hopeful.split_at(start.min(hopeful.len()));
        for id in after.iter().chain(before) {
            match candidate(cycle, &filters, *id) {
                Ok(found) => candidates.push(found),
                Err(refusal) => refused.push((*id, refusal)),
            }
            // Only nodes where no budget suffers let the search end early.
            let harmless = candidates.iter().any(|found: &Candidate| found.violations == 0);
            if candidates.len() >= tries && harmless {
                break;
            }
        }
    }
    match candidates.into_iter().min_by_key(price) {
        Some(best) => Remedy::Preempt(preemption(cycle, &best)),
        None => {
            let nodes = failure.diagnosis.nodes;
            let said = Diagnosis::of_reasons(nodes, refused, Reason::Borrowed(NO_HELP));
            Remedy::Nothing(said.to_string())
        }
    }
}

/// Why a pod may not remove others (`PodEligibleToPreemptOthers`).
fn ineligible(cycle: &Cycle<'_>) -> Option<&'static str> {
    if cycle.pod.never_preempts {
        return Some("not eligible due to preemptionPolicy=Never.");
    }
    // Those that it removed are not gone yet: no more than these are needed.
    let node = cycle.nominations.of(&cycle.pod.key).unwrap_or(&cycle.pod.nominated);
    let going =
        |pod: &Arc<Pod>| pod.terminating && pod.disrupted && pod.priority < cycle.pod.priority;
    let waits = cycle.cluster.named(node).is_some_and(|node| node.pods.iter().any(going));
    waits.then_some("not eligible due to a terminating pod on the nominated node.")
}

/// Nodes where removing pods may help.
fn hopeful(diagnosis: &Diagnosis) -> Vec<NodeId> {
    let helps = |(_, refusal): &&(NodeId, Refusal)| refusal.severity == Severity::Unschedulable;
    let mut nodes: Vec<_> = diagnosis.refused.iter().filter(helps).map(|(id, _)| *id).collect();
    nodes.sort_unstable();
    nodes
}

/// The most important first (`MoreImportantPod`).
fn importance(pod: &Arc<Pod>) -> (Reverse<i32>, Moment) {
    (Reverse(pod.priority), pod.started)
}

/// The victims on a node: all that are less important, but for those that can stay after all, the
/// most important of them asked first (`SelectVictimsOnNode`).
fn candidate(cycle: &Cycle<'_>, filters: &Filters<'_>, id: NodeId) -> Result<Candidate, Refusal> {
    let mut node: NodeState = cycle.cluster.node(id).clone();
    let mut filters = filters.copy();
    let lesser = |pod: &&Arc<Pod>| pod.priority < cycle.pod.priority;
    let mut all: Vec<Arc<Pod>> = node.pods.iter().filter(lesser).cloned().collect();
    if all.is_empty() {
        return Err(Refusal::unresolvable(NO_VICTIMS));
    }
    for pod in &all {
        filters.without(pod, &mut node);
    }
    filters.check_beside(&node, cycle.pod, cycle.nominations)?;
    all.sort_by_key(importance);
    let (violating, harmless) = by_budget(all, cycle.cluster.budgets());
    let mut victims = Vec::new();
    let mut violations = 0;
    for (pod, violates) in violating
        .into_iter()
        .map(|pod| (pod, true))
        .chain(harmless.into_iter().map(|pod| (pod, false)))
    {
        filters.with(&pod, &mut node);
        if filters.check_beside(&node, cycle.pod, cycle.nominations).is_err() {
            filters.without(&pod, &mut node);
            violations += usize::from(violates);
            victims.push(pod);
        }
    }
    victims.sort_by_key(importance);
    Ok(Candidate { node: id, victims, violations })
}

/// Pods whose going breaks a budget, and others (`filterPodsWithPDBViolation`).
fn by_budget<'a>(
    pods: Vec<Arc<Pod>>,
    budgets: impl Iterator<Item = &'a Budget>,
) -> (Vec<Arc<Pod>>, Vec<Arc<Pod>>) {
    let mut left: Vec<(&Budget, i32)> = budgets.map(|budget| (budget, budget.allowed)).collect();
    pods.into_iter().partition(|pod| {
        let mut violates = false;
        for (budget, allowed) in &mut left {
            let counted = budget.disrupted.contains(&pod.key.name);
            let covers = budget.key.namespace == pod.key.namespace
                && !pod.labels.is_empty()
                && budget.selector.matches(&pod.labels);
            if covers && !counted {
                *allowed -= 1;
                violates |= *allowed < 0;
            }
        }
        violates
    })
}

/// The lower, the better (`pickOneNodeForPreemption`): few broken budgets, victims of little
/// importance, little importance in sum, few victims, of whose most important the first began late.
fn price(found: &Candidate) -> (usize, i64, i64, usize, Reverse<Option<Moment>>) {
    let highest = found.victims.first().map_or(i64::MIN, |pod| i64::from(pod.priority));
    // As upstream: negative priorities must not make many victims cheap.
    let raised = |pod: &Arc<Pod>| i64::from(pod.priority) + i64::from(i32::MAX) + 1;
    let sum = found.victims.iter().map(raised).sum();
    let first = found.victims.iter().filter(|pod| i64::from(pod.priority) == highest);
    let earliest = first.map(|pod| pod.started).min();
    (found.violations, highest, sum, found.victims.len(), Reverse(earliest))
}

fn preemption(cycle: &Cycle<'_>, found: &Candidate) -> Preemption {
    let victims = found.victims.iter().map(|pod| (pod.key.clone(), pod.uid.clone())).collect();
    Preemption { node: cycle.cluster.node(found.node).name.to_string(), victims }
}

impl Preemption {
    /// Less important pods that wait for the same node and have to look for another
    /// (`getLowerPriorityNominatedPods`).
    pub fn displaced(&self, cycle: &Cycle<'_>) -> Vec<Key> {
        let waiting = cycle.nominations.on(&self.node);
        let lesser = waiting.filter(|pod| pod.priority < cycle.pod.priority);
        lesser.map(|pod| pod.key.clone()).collect()
    }
}
