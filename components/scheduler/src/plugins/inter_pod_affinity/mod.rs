//! A pod goes near pods that it wants and far from those that it does not, and the same holds for
//! those that are there already.
//!
//! Upstream: plugins/interpodaffinity/{plugin,filtering,scoring}.go.

mod filter;
mod score;

use super::arguments::{flag, within};
use crate::{
    cluster::NodeState,
    framework::{Change, Filtering, Look, NodeScore, Plugin, Point, Refusal, SharedPlugin},
    index::{Among, Question, Which},
    objects::{
        affinity::{PodSelector, Term},
        labels::Labels,
        pod::Pod,
    },
};
use serde_json::Value;
use std::sync::Arc;

#[derive(Debug)]
struct InterPodAffinity {
    /// How much it counts that a pod wanted its like near.
    hard_weight: i64,
    /// What others only prefer does not count.
    own_only: bool,
}

pub(super) fn build(arguments: &Value) -> Result<SharedPlugin, String> {
    Ok(Arc::new(InterPodAffinity {
        hard_weight: within(arguments, "hardPodAffinityWeight", 1, (0, 100))?,
        own_only: flag(arguments, "ignorePreferredTermsOfExistingPods"),
    }))
}

/// Pods that all of these mean, in each place of a label.
fn question(pods: Vec<Arc<PodSelector>>, key: &Arc<str>) -> Question {
    let which = Which { pods, terminating: true };
    Question { which, key: key.clone(), among: Among::default() }
}

fn of_term(term: &Term) -> Question {
    question(vec![term.pods.clone()], &term.topology_key)
}

/// What is asked for the pods that a pod must have near.
fn required(pod: &Pod) -> Vec<Question> {
    let all: Vec<_> = pod.affinity.required.iter().map(|term| term.pods.clone()).collect();
    let of = |term: &Term| question(all.clone(), &term.topology_key);
    pod.affinity.required.iter().map(of).collect()
}

/// Whether terms mean a pod, whose namespace's labels are not known.
fn means(terms: &[Term], other: &Pod) -> bool {
    let meant = |term: &Term| {
        let pods = &term.pods;
        // A namespace that is selected by its labels may be the one.
        let there = pods.namespaces.contains(&other.key.namespace)
            || pods.namespace_selector.text() != "<nothing>";
        there && pods.selector.matches(&other.labels)
    };
    terms.iter().any(meant)
}

impl Plugin for InterPodAffinity {
    fn name(&self) -> &'static str {
        "InterPodAffinity"
    }

    fn points(&self) -> &'static [Point] {
        &[Point::PreFilter, Point::Filter, Point::PreScore, Point::Score]
    }

    fn helps(&self, pod: &Pod, change: &Change<'_>) -> bool {
        let own = &pod.affinity;
        let wanted = |other: &Pod| means(&own.required, other);
        let kept_away = |other: &Pod| {
            means(&own.required_anti, other) || means(&other.affinity.required_anti, pod)
        };
        match change {
            Change::PodPlaced(other) => wanted(other),
            Change::PodGone(other) => kept_away(other),
            Change::PodChanged { old, new } => {
                old.labels != new.labels && (wanted(new) || kept_away(old))
            }
            Change::Itself { old, new } => new.key == pod.key && old.labels != new.labels,
            Change::NodeCame(_) | Change::Namespace(_) => true,
            Change::NodeChanged { old, new } => old.labels != new.labels,
            _ => false,
        }
    }

    fn questions(&self, look: Look<'_>) -> Vec<Question> {
        let affinity = &look.pod.affinity;
        let mut all = required(look.pod);
        all.extend(affinity.required_anti.iter().map(of_term));
        all.extend(affinity.preferred.iter().map(|(term, _)| of_term(term)));
        all
    }

    fn filter<'a>(&'a self, look: Look<'a>) -> Result<Filtering<'a>, Refusal> {
        let filter = filter::Neighbours::of(look);
        Ok(match filter.is_nothing() {
            true => Filtering::Skip,
            false => Filtering::Check(Box::new(filter)),
        })
    }

    fn score<'a>(&'a self, look: Look<'a>, _: &[&'a NodeState]) -> Option<Box<dyn NodeScore + 'a>> {
        let score = score::Liking::of(look, self.hard_weight, self.own_only);
        if score.is_nothing() { None } else { Some(Box::new(score)) }
    }
}

/// Labels of a pod's own namespace, where its terms ask for them.
fn matches_all(look: Look<'_>, pods: &[Term]) -> bool {
    let of_namespace: std::borrow::Cow<'_, Labels> =
        look.cluster.index().namespace(&look.pod.key.namespace);
    pods.iter()
        .all(|term| term.pods.matches(&look.pod.key.namespace, &of_namespace, &look.pod.labels))
}
