//! Pods that no selector can tell apart, counted together.

use super::{
    NodeId,
    question::Which,
    tally::{QuestionId, Tallies},
    terms::{WishId, Wishes},
};
use crate::objects::{affinity::PodSelector, labels::Labels, pod::Pod};
use std::collections::BTreeMap;

/// A class's number.
pub(super) type ClassId = usize;

#[derive(Debug)]
struct Class {
    namespace: String,
    labels: Labels,
    terminating: bool,
    /// How many are on each node.
    pods: BTreeMap<NodeId, i64>,
    /// Questions that mean them.
    questions: Vec<QuestionId>,
    /// Wishes that are about them.
    wishes: Vec<WishId>,
}

impl Class {
    fn meant_by(&self, which: &Which, namespaces: &BTreeMap<String, Labels>) -> bool {
        let none = Labels::new();
        let of_namespace = namespaces.get(&self.namespace).unwrap_or(&none);
        (which.terminating || !self.terminating)
            && which.matches(&self.namespace, of_namespace, &self.labels)
    }

    fn wished_by(&self, pods: &PodSelector, namespaces: &BTreeMap<String, Labels>) -> bool {
        let none = Labels::new();
        let of_namespace = namespaces.get(&self.namespace).unwrap_or(&none);
        pods.matches(&self.namespace, of_namespace, &self.labels)
    }

    fn find(&mut self, tallies: &Tallies, wishes: &Wishes, namespaces: &BTreeMap<String, Labels>) {
        let questions = tallies.questions();
        let meant = questions.filter(|(_, it)| self.meant_by(&it.which, namespaces));
        let meant = meant.map(|(id, _)| id).collect();
        let about = wishes.about(|term| self.wished_by(&term.pods, namespaces));
        (self.questions, self.wishes) = (meant, about);
    }
}

/// Classes by namespace and labels: those that stay, and those that go.
type Names = BTreeMap<String, BTreeMap<Labels, [Option<ClassId>; 2]>>;

/// All classes.
#[derive(Debug, Default)]
pub(super) struct Classes {
    names: Names,
    all: Vec<Option<Class>>,
    free: Vec<ClassId>,
    /// Classes without pods.
    idle: usize,
    on_nodes: Vec<BTreeMap<ClassId, i64>>,
}

impl Classes {
    /// The class of such a pod, if there is one.
    pub(super) fn find(&self, pod: &Pod) -> Option<ClassId> {
        self.names.get(&pod.key.namespace)?.get(&pod.labels)?[usize::from(pod.terminating)]
    }

    /// The class of such a pod.
    pub(super) fn of(
        &mut self,
        pod: &Pod,
        tallies: &Tallies,
        wishes: &Wishes,
        namespaces: &BTreeMap<String, Labels>,
    ) -> ClassId {
        if let Some(found) = self.find(pod) {
            return found;
        }
        let mut class = Class {
            namespace: pod.key.namespace.clone(),
            labels: pod.labels.clone(),
            terminating: pod.terminating,
            pods: BTreeMap::new(),
            questions: Vec::new(),
            wishes: Vec::new(),
        };
        class.find(tallies, wishes, namespaces);
        let id = self.free.pop().unwrap_or_else(|| {
            self.all.push(None);
            self.all.len() - 1
        });
        self.all[id] = Some(class);
        self.idle += 1;
        let of_namespace = self.names.entry(pod.key.namespace.clone()).or_default();
        let names = of_namespace.entry(pod.labels.clone()).or_default();
        names[usize::from(pod.terminating)] = Some(id);
        id
    }

    fn get(&self, id: ClassId) -> &Class {
        self.all[id].as_ref().expect("invariant: a class in use is not forgotten")
    }

    fn known(&mut self) -> impl Iterator<Item = (ClassId, &mut Class)> {
        let known = |(id, class): (ClassId, _)| Some((id, Option::as_mut(class)?));
        self.all.iter_mut().enumerate().filter_map(known)
    }

    pub(super) fn questions(&self, id: ClassId) -> &[QuestionId] {
        &self.get(id).questions
    }

    pub(super) fn wishes(&self, id: ClassId) -> &[WishId] {
        &self.get(id).wishes
    }

    pub(super) fn pods(&self, id: ClassId) -> impl Iterator<Item = (NodeId, i64)> {
        self.get(id).pods.iter().map(|(node, pods)| (*node, *pods))
    }

    /// Classes with pods on a node.
    pub(super) fn on_node(&self, id: NodeId) -> Vec<(ClassId, i64)> {
        let there = self.on_nodes.get(id).into_iter().flatten();
        there.map(|(class, pods)| (*class, *pods)).collect()
    }

    pub(super) fn count(&mut self, class: ClassId, node: NodeId, amount: i64) {
        if self.on_nodes.len() <= node {
            self.on_nodes.resize(node + 1, BTreeMap::new());
        }
        let of = self.all[class].as_mut().expect("invariant: a class in use is not forgotten");
        let idle = of.pods.is_empty();
        add(&mut of.pods, node, amount);
        add(&mut self.on_nodes[node], class, amount);
        match (idle, of.pods.is_empty()) {
            (true, false) => self.idle -= 1,
            (false, true) => self.idle += 1,
            _ => {}
        }
    }

    /// Classes whose pods a question means.
    pub(super) fn meant(
        &self,
        which: &Which,
        namespaces: &BTreeMap<String, Labels>,
    ) -> Vec<ClassId> {
        let all = self.all.iter().enumerate();
        let known = all.filter_map(|(id, class)| Some((id, class.as_ref()?)));
        let meant = known.filter(|(_, class)| class.meant_by(which, namespaces));
        meant.map(|(id, _)| id).collect()
    }

    pub(super) fn new_question(
        &mut self,
        id: QuestionId,
        which: &Which,
        namespaces: &BTreeMap<String, Labels>,
    ) {
        for (_, class) in self.known() {
            if class.meant_by(which, namespaces) {
                class.questions.push(id);
            }
        }
    }

    pub(super) fn new_wish(
        &mut self,
        id: WishId,
        pods: &PodSelector,
        namespaces: &BTreeMap<String, Labels>,
    ) {
        for (_, class) in self.known() {
            if class.wished_by(pods, namespaces) {
                class.wishes.push(id);
            }
        }
    }

    /// Finds out anew which questions and wishes are about which class.
    pub(super) fn find_all(
        &mut self,
        tallies: &Tallies,
        wishes: &Wishes,
        namespaces: &BTreeMap<String, Labels>,
    ) {
        for (_, class) in self.known() {
            class.find(tallies, wishes, namespaces);
        }
    }

    pub(super) fn idle(&self) -> usize {
        self.idle
    }

    pub(super) fn forget_idle(&mut self) {
        for id in 0..self.all.len() {
            if self.all[id].as_ref().is_some_and(|class| class.pods.is_empty()) {
                self.all[id] = None;
                self.free.push(id);
            }
        }
        let all = &self.all;
        for of_namespace in self.names.values_mut() {
            of_namespace.retain(|_, ids| {
                for id in ids.iter_mut() {
                    *id = id.filter(|id| all[*id].is_some());
                }
                ids.iter().any(Option::is_some)
            });
        }
        self.names.retain(|_, of_namespace| !of_namespace.is_empty());
        self.idle = 0;
    }
}

/// Adds to a count; what is nothing is not kept.
pub(super) fn add<K: Ord>(counts: &mut BTreeMap<K, i64>, key: K, amount: i64) {
    use std::collections::btree_map::Entry;
    match counts.entry(key) {
        Entry::Vacant(vacant) => {
            vacant.insert(amount);
        }
        Entry::Occupied(mut occupied) => {
            *occupied.get_mut() += amount;
            if *occupied.get() == 0 {
                occupied.remove();
            }
        }
    }
}
