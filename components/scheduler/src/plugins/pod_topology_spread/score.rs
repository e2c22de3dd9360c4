//! The fewer of a pod's like are in a place, the better.

use super::{HOSTNAME, counted, keys, question};
use crate::{
    cluster::NodeState,
    framework::{Look, NodeScore, SCORE_MAX},
    index::{Question, View},
    objects::spread::Constraint,
};
use std::{collections::BTreeSet, sync::Arc};

#[derive(Debug)]
struct Crowd<'a> {
    view: View<'a>,
    key: Arc<str>,
    max_skew: i64,
    /// Many small places count as much as a few large ones (`topologyNormalizingWeight`).
    weight: f64,
}

/// All of a pod's soft constraints.
#[derive(Debug)]
pub(super) struct Crowds<'a> {
    all: Vec<Crowd<'a>>,
    /// Nodes without these labels are worth nothing.
    needed: Vec<Arc<str>>,
}

impl<'a> Crowds<'a> {
    pub(super) fn of(
        look: Look<'a>,
        constraints: Vec<Constraint>,
        all_labels: bool,
        nodes: &[&NodeState],
    ) -> Self {
        let needed = if all_labels { keys(&constraints) } else { Vec::new() };
        let mut crowds = Self { all: Vec::new(), needed };
        let counting: Vec<_> = nodes.iter().filter(|node| crowds.counts(node)).collect();
        for constraint in constraints {
            let hostname = &*constraint.topology_key == HOSTNAME;
            let asked = match hostname {
                true => Question::on_each_node(counted(look.pod, &constraint)),
                false => question(look.pod, &constraint, &crowds.needed),
            };
            let view = look.cluster.index().ask(&asked);
            let size = match hostname {
                true => counting.len(),
                false => {
                    let places = counting.iter().map(|node| view.place(node.id));
                    places.collect::<BTreeSet<_>>().len()
                }
            };
            let weight = ((size + 2) as f64).ln();
            let (key, max_skew) = (constraint.topology_key, constraint.max_skew);
            crowds.all.push(Crowd { view, key, max_skew, weight });
        }
        crowds
    }

    fn counts(&self, node: &NodeState) -> bool {
        let has = |key: &Arc<str>| {
            node.node.as_ref().is_some_and(|node| node.labels.contains_key(&**key))
        };
        self.needed.iter().all(has)
    }

    fn crowd(&self, node: &NodeState) -> i64 {
        let mut sum = 0.0;
        for crowd in &self.all {
            let labelled = &*crowd.key != HOSTNAME
                || node.node.as_ref().is_some_and(|node| node.labels.contains_key(HOSTNAME));
            if let Some(place) = crowd.view.place(node.id).filter(|_| labelled) {
                sum += crowd.view.pods(place) as f64 * crowd.weight + (crowd.max_skew - 1) as f64;
            }
        }
        sum.round() as i64
    }
}

impl NodeScore for Crowds<'_> {
    fn score(&self, nodes: &[&NodeState], into: &mut [i64]) {
        for (node, score) in nodes.iter().zip(into) {
            *score = if self.counts(node) { self.crowd(node) } else { -1 };
        }
    }

    fn normalize(&self, _: &[&NodeState], scores: &mut [i64]) {
        let counting = || scores.iter().copied().filter(|score| *score >= 0);
        let (least, most) = (counting().min().unwrap_or(0), counting().max().unwrap_or(0));
        for score in scores.iter_mut() {
            *score = match (*score, most) {
                (..0, _) => 0,
                (_, 0) => SCORE_MAX,
                (own, most) => SCORE_MAX * (most + least - own) / most,
            };
        }
    }
}
