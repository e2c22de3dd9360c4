//! Answers to questions: pods and nodes of each place, and the least of them.

use super::{
    NodeId,
    column::{Column, Columns, Place},
    nodes::NodeSets,
    question::Question,
};
use std::{borrow::Cow, collections::BTreeMap};

/// Pods and nodes by place.
#[derive(Clone, Debug, Default, PartialEq)]
pub(super) struct Tally {
    pods: Vec<i64>,
    nodes: Vec<i64>,
    /// Places that have nodes, by their number of pods.
    levels: BTreeMap<i64, i64>,
    places: usize,
    total: i64,
}

impl Tally {
    fn reach(&mut self, place: Place) {
        if self.pods.len() <= place {
            self.pods.resize(place + 1, 0);
            self.nodes.resize(place + 1, 0);
        }
    }

    fn level(&mut self, pods: i64, amount: i64) {
        let level = self.levels.entry(pods).or_insert(0);
        *level += amount;
        if *level == 0 {
            self.levels.remove(&pods);
        }
    }

    pub(super) fn nodes(&mut self, place: Place, amount: i64) {
        self.reach(place);
        let before = self.nodes[place];
        self.nodes[place] += amount;
        match (before, self.nodes[place]) {
            (0, 1..) => {
                self.places += 1;
                self.level(self.pods[place], 1);
            }
            (1.., 0) => {
                self.places -= 1;
                self.level(self.pods[place], -1);
            }
            _ => {}
        }
    }

    pub(super) fn pods(&mut self, place: Place, amount: i64) {
        self.reach(place);
        let before = self.pods[place];
        self.pods[place] += amount;
        self.total += amount;
        if self.nodes[place] > 0 {
            self.level(before, -1);
            self.level(before + amount, 1);
        }
    }
}

/// What is known of a question's answer, with the places that it speaks of.
#[derive(Clone, Debug)]
pub struct View<'a> {
    column: Cow<'a, Column>,
    tally: Cow<'a, Tally>,
}

impl<'a> View<'a> {
    pub(super) fn new(column: Cow<'a, Column>, tally: Cow<'a, Tally>) -> Self {
        Self { column, tally }
    }

    /// Where a node is; none: it lacks the label.
    pub fn place(&self, id: NodeId) -> Option<usize> {
        self.column.place(id)
    }

    /// Pods in a place.
    pub fn pods(&self, place: usize) -> i64 {
        self.tally.pods.get(place).copied().unwrap_or(0)
    }

    /// The place has a node that counts.
    pub fn has_nodes(&self, place: usize) -> bool {
        self.tally.nodes.get(place).is_some_and(|nodes| *nodes > 0)
    }

    /// Places that have nodes.
    pub fn places(&self) -> usize {
        self.tally.places
    }

    /// Pods in all places.
    pub fn total(&self) -> i64 {
        self.tally.total
    }

    /// Pods in the emptiest place, if some places had more or fewer than are counted.
    pub fn least(&self, changes: &BTreeMap<usize, i64>) -> i64 {
        let changed = changes.iter().filter(|(place, _)| self.has_nodes(**place));
        let mut taken: BTreeMap<i64, i64> = BTreeMap::new();
        let mut least = i64::MAX;
        for (place, change) in changed {
            *taken.entry(self.pods(*place)).or_insert(0) += 1;
            least = least.min(self.pods(*place) + change);
        }
        let untouched =
            |(level, places): &(&i64, &i64)| **places > taken.get(*level).copied().unwrap_or(0);
        let first = self.tally.levels.iter().find(untouched);
        first.map_or(least, |(level, _)| least.min(*level))
    }
}

/// A question's number.
pub(super) type QuestionId = usize;

/// The questions that are kept up to date.
#[derive(Debug, Default)]
pub(super) struct Tallies {
    ids: BTreeMap<Question, QuestionId>,
    all: Vec<(Question, Tally)>,
}

impl Tallies {
    pub(super) fn len(&self) -> usize {
        self.all.len()
    }

    pub(super) fn find(&self, question: &Question) -> Option<&Tally> {
        self.ids.get(question).map(|id| &self.all[*id].1)
    }

    pub(super) fn insert(&mut self, question: &Question, tally: Tally) -> QuestionId {
        let id = self.all.len();
        self.all.push((question.clone(), tally));
        self.ids.insert(question.clone(), id);
        id
    }

    pub(super) fn questions(&self) -> impl Iterator<Item = (QuestionId, &Question)> {
        self.all.iter().enumerate().map(|(id, (question, _))| (id, question))
    }

    pub(super) fn clear(&mut self) {
        self.ids.clear();
        self.all.clear();
    }

    /// Counts a node in, or out.
    pub(super) fn node(&mut self, id: NodeId, into: bool, columns: &Columns, sets: &NodeSets) {
        for (question, tally) in &mut self.all {
            if let Some(place) = place(question, id, columns, sets) {
                tally.nodes(place, if into { 1 } else { -1 });
            }
        }
    }

    /// Counts pods that these questions mean.
    pub(super) fn count(
        &mut self,
        questions: &[QuestionId],
        id: NodeId,
        amount: i64,
        columns: &Columns,
        sets: &NodeSets,
    ) {
        for question in questions {
            let (question, tally) = &mut self.all[*question];
            if let Some(place) = place(question, id, columns, sets) {
                tally.pods(place, amount);
            }
        }
    }
}

fn place(question: &Question, id: NodeId, columns: &Columns, sets: &NodeSets) -> Option<Place> {
    let place = columns.place(&question.key, id)?;
    sets.has(&question.among, id).then_some(place)
}
