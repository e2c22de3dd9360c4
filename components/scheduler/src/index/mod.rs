//! How many pods of a kind are in each place, kept up to date with every change of a pod or a node.
//!
//! A question that was prepared costs what its answer is long; one that was not is answered the
//! same by looking at all pods. Upstream counts all pods anew for each pod that it places
//! (interpodaffinity/filtering.go, podtopologyspread/filtering.go).

mod class;
mod column;
mod nodes;
mod question;
mod tally;
mod terms;

pub use nodes::Among;
pub use question::{Question, Which};
pub use tally::View;
pub use terms::{Kind, Wish};

use crate::objects::{affinity, labels::Labels, node::Node, pod::Pod};
use class::{ClassId, Classes};
use column::Columns;
use nodes::NodeSets;
use std::{borrow::Cow, collections::BTreeMap, sync::Arc};
use tally::{Tallies, Tally};
use terms::Wishes;

/// A node's place in all tables.
pub type NodeId = usize;

/// Questions that are kept up to date; with more, all are forgotten and prepared anew when asked.
const QUESTIONS_MAX: usize = 4096;
/// Kinds of pods, and wishes of pods, that are kept though no pod has them.
const IDLE_MAX: usize = 4096;

/// All counts.
#[derive(Debug, Default)]
pub struct Index {
    columns: Columns,
    sets: NodeSets,
    classes: Classes,
    tallies: Tallies,
    wishes: Wishes,
    namespaces: BTreeMap<String, Labels>,
    /// What each node is like, for columns and sets that are asked for later.
    nodes: Vec<Option<Arc<Node>>>,
}

impl Index {
    /// A node came, changed or went; its pods stay where they are.
    pub fn node_changed(&mut self, id: NodeId, node: Option<&Arc<Node>>) {
        if self.nodes.len() <= id {
            self.nodes.resize(id + 1, None);
        }
        let same = |old: &Node, new: &Node| {
            old.labels == new.labels && old.taints == new.taints && old.name == new.name
        };
        let unchanged = match (&self.nodes[id], node) {
            (Some(old), Some(new)) => same(old, new),
            (old, new) => old.is_none() && new.is_none(),
        };
        if !unchanged {
            self.take_node(id, false);
        }
        self.nodes[id] = node.cloned();
        if !unchanged {
            self.columns.node_changed(id, node.map(|node| &**node));
            self.sets.node_changed(id, node.map(|node| &**node));
            self.take_node(id, true);
        }
    }

    /// Counts a node and its pods in, or out.
    fn take_node(&mut self, id: NodeId, into: bool) {
        self.tallies.node(id, into, &self.columns, &self.sets);
        for (class, pods) in self.classes.on_node(id) {
            let questions = self.classes.questions(class);
            let amount = if into { pods } else { -pods };
            self.tallies.count(questions, id, amount, &self.columns, &self.sets);
        }
        self.wishes.node(id, into, &self.columns);
    }

    /// A pod is on a node now.
    pub fn pod_added(&mut self, id: NodeId, pod: &Pod) {
        self.pod(id, pod, 1);
    }

    /// A pod is not on a node any more. It is as it was when it was added.
    pub fn pod_removed(&mut self, id: NodeId, pod: &Pod) {
        self.pod(id, pod, -1);
    }

    fn pod(&mut self, id: NodeId, pod: &Pod, amount: i64) {
        let class = self.class(pod);
        self.classes.count(class, id, amount);
        let questions = self.classes.questions(class);
        self.tallies.count(questions, id, amount, &self.columns, &self.sets);
        for wish in terms::wishes(pod) {
            self.columns.prepare(&wish.term.topology_key, &self.nodes);
            if let Some(new) = self.wishes.count(&wish, id, amount, &self.columns) {
                self.classes.new_wish(new, &wish.term.pods, &self.namespaces);
            }
        }
    }

    fn class(&mut self, pod: &Pod) -> ClassId {
        if self.classes.idle() > IDLE_MAX {
            self.classes.forget_idle();
        }
        if self.wishes.idle() > IDLE_MAX {
            self.wishes.forget_idle();
            self.classes.find_all(&self.tallies, &self.wishes, &self.namespaces);
        }
        self.classes.of(pod, &self.tallies, &self.wishes, &self.namespaces)
    }

    /// A namespace came, changed or went (no labels).
    pub fn namespace_changed(&mut self, name: &str, labels: Option<Labels>) {
        let before = self.namespaces.get(name);
        if before == labels.as_ref() {
            return;
        }
        match labels {
            Some(labels) => self.namespaces.insert(name.to_owned(), labels),
            None => self.namespaces.remove(name),
        };
        // Whose pods are meant by which question may be another now.
        self.tallies.clear();
        self.classes.find_all(&self.tallies, &self.wishes, &self.namespaces);
    }

    /// A namespace's labels; none where it is not known.
    pub fn namespace(&self, name: &str) -> Cow<'_, Labels> {
        self.namespaces.get(name).map_or_else(|| Cow::Owned(Labels::new()), Cow::Borrowed)
    }

    /// Makes the answers to these questions, and to what is wished of such a pod, quick.
    pub fn prepare(&mut self, pod: &Pod, questions: &[Question]) {
        self.class(pod);
        if self.tallies.len() + questions.len() > QUESTIONS_MAX {
            self.tallies.clear();
            self.sets.clear();
            self.classes.find_all(&self.tallies, &self.wishes, &self.namespaces);
        }
        for question in questions {
            if self.tallies.find(question).is_some() {
                continue;
            }
            self.columns.prepare(&question.key, &self.nodes);
            self.sets.prepare(&question.among, &self.nodes);
            let tally = self.fresh(question);
            let id = self.tallies.insert(question, tally);
            self.classes.new_question(id, &question.which, &self.namespaces);
        }
    }

    /// How many pods are meant by a question in each place.
    pub fn ask(&self, question: &Question) -> View<'_> {
        let column = self.columns.get(&question.key);
        match (column, self.tallies.find(question)) {
            (Some(column), Some(tally)) => View::new(Cow::Borrowed(column), Cow::Borrowed(tally)),
            _ => {
                let column = self.columns.get_or_make(&question.key, &self.nodes);
                View::new(column, Cow::Owned(self.fresh(question)))
            }
        }
    }

    /// Counts from the beginning.
    fn fresh(&self, question: &Question) -> Tally {
        let column = self.columns.get_or_make(&question.key, &self.nodes);
        let mut tally = Tally::default();
        let counts = |id: NodeId| {
            let node = self.nodes[id].as_deref()?;
            question.among.has(node).then(|| column.place(id))?
        };
        for place in (0..self.nodes.len()).filter_map(counts) {
            tally.nodes(place, 1);
        }
        for class in self.classes.meant(&question.which, &self.namespaces) {
            for (id, pods) in self.classes.pods(class) {
                if let Some(place) = counts(id) {
                    tally.pods(place, pods);
                }
            }
        }
        tally
    }

    /// The wishes of pods on nodes that are about such a pod, with how many have each in a place.
    pub fn wishes_about(&self, pod: &Pod) -> Vec<Wish<'_>> {
        match self.classes.find(pod) {
            Some(class) => self.wishes.views(self.classes.wishes(class), &self.columns),
            None => {
                let of_namespace = self.namespace(&pod.key.namespace);
                let about = |term: &affinity::Term| {
                    term.pods.matches(&pod.key.namespace, &of_namespace, &pod.labels)
                };
                self.wishes.views(&self.wishes.about(about), &self.columns)
            }
        }
    }
}
