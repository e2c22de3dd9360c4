//! The more pods are near that it likes, or that like it, the better.

use super::of_term;
use crate::{
    cluster::NodeState,
    framework::{Look, NodeScore, SCORE_MAX},
    index::{Kind, View, Wish},
};

/// What a pod likes, and what likes it.
#[derive(Debug)]
pub(super) struct Liking<'a> {
    own: Vec<(View<'a>, i64)>,
    others: Vec<(Wish<'a>, i64)>,
}

impl<'a> Liking<'a> {
    pub(super) fn of(look: Look<'a>, hard_weight: i64, own_only: bool) -> Self {
        let index = look.cluster.index();
        let own = look.pod.affinity.preferred.iter();
        let own = own.map(|(term, weight)| (index.ask(&of_term(term)), *weight));
        let weigh = |wish: Wish<'a>| {
            let weight = match wish.kind {
                Kind::Never => 0,
                Kind::Required => hard_weight,
                Kind::Preferred(_) if own_only => 0,
                Kind::Preferred(weight) => weight,
            };
            (weight != 0).then_some((wish, weight))
        };
        let others = index.wishes_about(look.pod).into_iter().filter_map(weigh).collect();
        Self { own: own.collect(), others }
    }

    pub(super) fn is_nothing(&self) -> bool {
        self.own.is_empty() && self.others.is_empty()
    }

    fn liking(&self, node: &NodeState) -> i64 {
        let own = |(view, weight): &(View<'_>, i64)| {
            view.place(node.id).map_or(0, |place| view.pods(place) * weight)
        };
        let others = |(wish, weight): &(Wish<'_>, i64)| {
            wish.place(node.id).map_or(0, |place| wish.pods(place) * weight)
        };
        self.own.iter().map(own).sum::<i64>() + self.others.iter().map(others).sum::<i64>()
    }
}

impl NodeScore for Liking<'_> {
    fn score(&self, nodes: &[&NodeState], into: &mut [i64]) {
        for (node, score) in nodes.iter().zip(into) {
            *score = self.liking(node);
        }
    }

    /// Between the least and the most.
    fn normalize(&self, _: &[&NodeState], scores: &mut [i64]) {
        let least = scores.iter().copied().min().unwrap_or(0);
        let span = scores.iter().copied().max().unwrap_or(0) - least;
        for score in scores {
            let part = if span == 0 { 0.0 } else { (*score - least) as f64 / span as f64 };
            *score = (SCORE_MAX as f64 * part) as i64;
        }
    }
}
