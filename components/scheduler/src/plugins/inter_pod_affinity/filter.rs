//! Pods that must be near are; pods that must not be near are not.

use super::{matches_all, of_term, required};
use crate::{
    cluster::NodeState,
    framework::{Look, NodeFilter, Refusal},
    index::{Kind, View, Wish},
    objects::{affinity::Term, pod::Pod},
};
use std::{collections::BTreeMap, sync::Arc};

/// A count by place, and what is otherwise.
#[derive(Clone, Debug)]
struct Count<'a> {
    term: &'a Term,
    view: View<'a>,
    changes: BTreeMap<usize, i64>,
}

impl<'a> Count<'a> {
    fn new(term: &'a Term, view: View<'a>) -> Self {
        Self { term, view, changes: BTreeMap::new() }
    }

    fn pods(&self, place: usize) -> i64 {
        self.view.pods(place) + self.changes.get(&place).copied().unwrap_or(0)
    }

    fn change(&mut self, node: &NodeState, amount: i64) {
        if let Some(place) = self.view.place(node.id) {
            *self.changes.entry(place).or_insert(0) += amount;
        }
    }

    fn is_empty(&self) -> bool {
        self.view.total() + self.changes.values().sum::<i64>() == 0
    }
}

/// Who must be near a pod, who must not, and near whom the pod must not be.
#[derive(Clone, Debug)]
pub(super) struct Neighbours<'a> {
    look: Look<'a>,
    wanted: Vec<Count<'a>>,
    unwanted: Vec<Count<'a>>,
    /// Wishes of pods on nodes not to have such a pod near.
    repelled: Vec<Wish<'a>>,
    /// By label and value: how many more, or fewer, have such a wish.
    repelling: BTreeMap<(Arc<str>, String), i64>,
    /// No pod that it wants near is anywhere; it may be the first of its like.
    first: bool,
}

impl<'a> Neighbours<'a> {
    pub(super) fn of(look: Look<'a>) -> Self {
        let (affinity, index) = (&look.pod.affinity, look.cluster.index());
        let wanted = affinity.required.iter().zip(required(look.pod));
        let wanted = wanted.map(|(term, question)| Count::new(term, index.ask(&question)));
        let unwanted = affinity.required_anti.iter();
        let unwanted = unwanted.map(|term| Count::new(term, index.ask(&of_term(term))));
        let about = index.wishes_about(look.pod).into_iter();
        let mut found = Self {
            look,
            wanted: wanted.collect(),
            unwanted: unwanted.collect(),
            repelled: about.filter(|wish| wish.kind == Kind::Never).collect(),
            repelling: BTreeMap::new(),
            first: false,
        };
        found.find_first();
        found
    }

    fn find_first(&mut self) {
        self.first = !self.wanted.is_empty()
            && self.wanted.iter().all(Count::is_empty)
            && matches_all(self.look, &self.look.pod.affinity.required);
    }

    pub(super) fn is_nothing(&self) -> bool {
        self.wanted.is_empty() && self.unwanted.is_empty() && self.repelled.is_empty()
    }

    fn has_wanted(&self, node: &NodeState) -> bool {
        let places: Option<Vec<_>> =
            self.wanted.iter().map(|count| Some((count, count.view.place(node.id)?))).collect();
        places.is_some_and(|places| {
            self.first || places.iter().all(|(count, place)| count.pods(*place) > 0)
        })
    }

    fn has_unwanted(&self, node: &NodeState) -> bool {
        let there = |count: &Count<'_>| {
            count.view.place(node.id).is_some_and(|place| count.pods(place) > 0)
        };
        self.unwanted.iter().any(there)
    }

    fn is_unwanted(&self, node: &NodeState) -> bool {
        let pods = |wish: &Wish<'_>| wish.place(node.id).map_or(0, |place| wish.pods(place));
        if self.repelling.is_empty() {
            return self.repelled.iter().any(|wish| pods(wish) > 0);
        }
        let mut sums: BTreeMap<&str, i64> = BTreeMap::new();
        for wish in &self.repelled {
            *sums.entry(&wish.term().topology_key).or_insert(0) += pods(wish);
        }
        for ((key, value), change) in &self.repelling {
            let labels = node.node.as_ref().map(|node| &node.labels);
            if labels.and_then(|labels| labels.get(&**key)) == Some(value) {
                *sums.entry(key).or_insert(0) += change;
            }
        }
        sums.into_values().any(|sum| sum > 0)
    }

    /// Counts a pod's wishes not to have ours near.
    fn repel(&mut self, pod: &Pod, node: &NodeState, amount: i64) {
        let of_namespace = self.look.cluster.index().namespace(&self.look.pod.key.namespace);
        let own = self.look.pod;
        for term in &pod.affinity.required_anti {
            let labels = node.node.as_ref().map(|node| &node.labels);
            let Some(value) = labels.and_then(|labels| labels.get(&*term.topology_key)) else {
                continue;
            };
            if term.pods.matches(&own.key.namespace, &of_namespace, &own.labels) {
                let at = (term.topology_key.clone(), value.clone());
                *self.repelling.entry(at).or_insert(0) += amount;
            }
        }
    }

    fn change(&mut self, pod: &Pod, node: &NodeState, amount: i64) {
        let of_namespace = self.look.cluster.index().namespace(&pod.key.namespace);
        let meant = |term: &Term| term.pods.matches(&pod.key.namespace, &of_namespace, &pod.labels);
        if self.look.pod.affinity.required.iter().all(meant) {
            self.wanted.iter_mut().for_each(|count| count.change(node, amount));
        }
        for count in &mut self.unwanted {
            if meant(count.term) {
                count.change(node, amount);
            }
        }
        self.repel(pod, node, amount);
        self.find_first();
    }
}

impl NodeFilter for Neighbours<'_> {
    fn check(&self, node: &NodeState) -> Result<(), Refusal> {
        if !self.has_wanted(node) {
            return Err(Refusal::unresolvable("node(s) didn't match pod affinity rules"));
        }
        if self.has_unwanted(node) {
            return Err(Refusal::unschedulable("node(s) didn't match pod anti-affinity rules"));
        }
        if self.is_unwanted(node) {
            let why = "node(s) didn't satisfy existing pods anti-affinity rules";
            return Err(Refusal::unschedulable(why));
        }
        Ok(())
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
