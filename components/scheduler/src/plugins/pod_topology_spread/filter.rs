//! No place may have so many more pods than the emptiest.

use super::{keys, question};
use crate::{
    cluster::NodeState,
    framework::{Look, NodeFilter, Refusal},
    index::{Among, View},
    objects::{pod::Pod, spread::Constraint},
};
use std::collections::BTreeMap;

const REASON: &str = "node(s) didn't match pod topology spread constraints";
const NO_LABEL: &str =
    "node(s) didn't match pod topology spread constraints (missing required label)";

#[derive(Clone, Debug)]
struct Skew<'a> {
    constraint: Constraint,
    among: Among,
    view: View<'a>,
    /// The pod itself counts.
    own: i64,
    /// What is otherwise than was counted.
    changes: BTreeMap<usize, i64>,
    least: i64,
}

impl Skew<'_> {
    fn find_least(&mut self) {
        let few =
            i64::try_from(self.view.places()).unwrap_or(i64::MAX) < self.constraint.min_domains;
        self.least = if few { 0 } else { self.view.least(&self.changes) };
    }

    fn check(&self, node: &NodeState) -> Result<(), Refusal> {
        let Some(place) = self.view.place(node.id) else {
            return Err(Refusal::unresolvable(NO_LABEL));
        };
        let there = self.view.pods(place) + self.changes.get(&place).copied().unwrap_or(0);
        match there + self.own - self.least > self.constraint.max_skew {
            true => Err(Refusal::unschedulable(REASON)),
            false => Ok(()),
        }
    }

    fn counts(&self, pod: &Pod, node: &NodeState) -> bool {
        !pod.terminating
            && self.constraint.selector.matches(&pod.labels)
            && node.node.as_ref().is_some_and(|node| self.among.has(node))
    }
}

/// All of a pod's hard constraints.
#[derive(Clone, Debug)]
pub(super) struct Skews<'a> {
    namespace: &'a str,
    all: Vec<Skew<'a>>,
}

impl<'a> Skews<'a> {
    pub(super) fn of(look: Look<'a>, constraints: Vec<Constraint>) -> Self {
        let keys = keys(&constraints);
        let one = |constraint: Constraint| {
            let question = question(look.pod, &constraint, &keys);
            let mut skew = Skew {
                own: i64::from(constraint.selector.matches(&look.pod.labels)),
                view: look.cluster.index().ask(&question),
                among: question.among,
                constraint,
                changes: BTreeMap::new(),
                least: 0,
            };
            skew.find_least();
            skew
        };
        let all = constraints.into_iter().map(one).collect();
        Self { namespace: &look.pod.key.namespace, all }
    }

    fn change(&mut self, pod: &Pod, node: &NodeState, amount: i64) {
        if pod.key.namespace != self.namespace {
            return;
        }
        for skew in &mut self.all {
            if let Some(place) = skew.view.place(node.id).filter(|_| skew.counts(pod, node)) {
                *skew.changes.entry(place).or_insert(0) += amount;
                skew.find_least();
            }
        }
    }
}

impl NodeFilter for Skews<'_> {
    fn check(&self, node: &NodeState) -> Result<(), Refusal> {
        self.all.iter().try_for_each(|skew| skew.check(node))
    }

    fn with(&mut self, pod: &Pod, node: &NodeState) {
        self.change(pod, node, 1);
    }

    fn without(&mut self, pod: &Pod, node: &NodeState) {
        self.change(pod, node, -1);
    }

    fn copy<'b>(&self) -> Box<dyn NodeFilter + 'b>
    where
        Self: 'b,
    {
        Box::new(self.clone())
    }
}
