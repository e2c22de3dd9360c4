//! A pod goes where its like are few, so that they are spread over zones, nodes or other places.
//!
//! Upstream: plugins/podtopologyspread/{plugin,common,filtering,scoring}.go.

mod filter;
mod score;

use crate::{
    cluster::NodeState,
    framework::{Change, Filtering, Look, NodeScore, Plugin, Point, Refusal, SharedPlugin},
    index::{Among, Question, Which},
    objects::{
        affinity::PodSelector,
        labels::Labels,
        pod::Pod,
        spread::{self, Constraint},
    },
};
use serde_json::{Value, json};
use std::sync::Arc;

pub(super) const HOSTNAME: &str = "kubernetes.io/hostname";

#[derive(Debug)]
struct PodTopologySpread {
    /// For pods that say nothing themselves.
    defaults: Vec<Value>,
    /// The defaults are upstream's, which need not all apply to a node.
    system: bool,
}

pub(super) fn build(arguments: &Value) -> Result<SharedPlugin, String> {
    let own = arguments["defaultConstraints"].as_array().cloned().unwrap_or_default();
    match arguments["defaultingType"].as_str().unwrap_or("System") {
        "System" if own.is_empty() => {
            Ok(Arc::new(PodTopologySpread { defaults: system_defaults(), system: true }))
        }
        "System" => Err("defaultingType: Invalid value: \"System\": when .defaultConstraints are \
             not empty"
            .to_owned()),
        "List" => Ok(Arc::new(PodTopologySpread { defaults: own, system: false })),
        other => Err(format!("defaultingType: Unsupported value: {other:?}")),
    }
}

fn system_defaults() -> Vec<Value> {
    let soft = |key: &str, skew: i64| json!({"topologyKey": key, "maxSkew": skew, "whenUnsatisfiable": "ScheduleAnyway"});
    vec![soft(HOSTNAME, 3), soft("topology.kubernetes.io/zone", 5)]
}

impl PodTopologySpread {
    /// A pod's constraints, or those that are set for it.
    fn constraints(&self, look: Look<'_>, required: bool) -> Vec<Constraint> {
        if !look.pod.spread.is_empty() {
            let all = look.pod.spread.iter();
            return all.filter(|one| one.required == required).cloned().collect();
        }
        let defaults = self.defaults.iter().map(|value| spread::read(value, &Labels::new()));
        let defaults: Vec<_> = defaults.filter(|one| one.required == required).collect();
        if defaults.is_empty() {
            return defaults;
        }
        let Some(selector) = look.cluster.owners.selector_of(look.pod) else { return Vec::new() };
        let with = |one| Constraint { selector: selector.clone(), ..one };
        defaults.into_iter().map(with).collect()
    }

    /// Nodes without some label do not count: always where the pod says itself what it wants.
    fn needs_all_labels(&self, pod: &Pod) -> bool {
        !pod.spread.is_empty() || !self.system
    }
}

/// Pods that a constraint counts.
fn counted(pod: &Pod, constraint: &Constraint) -> Which {
    let pods = PodSelector::within(&pod.key.namespace, constraint.selector.clone());
    Which { pods: vec![Arc::new(pods)], terminating: false }
}

/// How many there are in each place, on nodes that count.
fn question(pod: &Pod, constraint: &Constraint, keys: &[Arc<str>]) -> Question {
    let among = Among {
        required: pod.required.clone().filter(|_| constraint.honor_affinity),
        tolerations: constraint.honor_taints.then(|| pod.tolerations.clone()),
        keys: keys.to_vec(),
    };
    Question { which: counted(pod, constraint), key: constraint.topology_key.clone(), among }
}

fn keys(constraints: &[Constraint]) -> Vec<Arc<str>> {
    constraints.iter().map(|one| one.topology_key.clone()).collect()
}

impl Plugin for PodTopologySpread {
    fn name(&self) -> &'static str {
        "PodTopologySpread"
    }

    fn points(&self) -> &'static [Point] {
        &[Point::PreFilter, Point::Filter, Point::PreScore, Point::Score]
    }

    fn helps(&self, pod: &Pod, change: &Change<'_>) -> bool {
        let counts = |other: &Pod| {
            other.key.namespace == pod.key.namespace
                && (pod.spread.is_empty()
                    || pod.spread.iter().any(|one| one.selector.matches(&other.labels)))
        };
        match change {
            Change::PodPlaced(other) | Change::PodGone(other) => counts(other),
            Change::PodChanged { old, new } => {
                old.labels != new.labels && (counts(old) || counts(new))
            }
            Change::Itself { old, new } => new.key == pod.key && old.labels != new.labels,
            Change::NodeCame(_) | Change::NodeGone(_) => true,
            Change::NodeChanged { old, new } => {
                old.labels != new.labels || old.taints != new.taints
            }
            _ => false,
        }
    }

    fn questions(&self, look: Look<'_>) -> Vec<Question> {
        let (hard, soft) = (self.constraints(look, true), self.constraints(look, false));
        let all = if self.needs_all_labels(look.pod) { keys(&soft) } else { Vec::new() };
        let hard_keys = keys(&hard);
        let hard = hard.iter().map(|one| question(look.pod, one, &hard_keys));
        let soft = soft.iter().map(|one| match &*one.topology_key {
            HOSTNAME => Question::on_each_node(counted(look.pod, one)),
            _ => question(look.pod, one, &all),
        });
        hard.chain(soft).collect()
    }

    fn filter<'a>(&'a self, look: Look<'a>) -> Result<Filtering<'a>, Refusal> {
        let constraints = self.constraints(look, true);
        Ok(match constraints.is_empty() {
            true => Filtering::Skip,
            false => Filtering::Check(Box::new(filter::Skews::of(look, constraints))),
        })
    }

    fn score<'a>(
        &'a self,
        look: Look<'a>,
        nodes: &[&'a NodeState],
    ) -> Option<Box<dyn NodeScore + 'a>> {
        let constraints = self.constraints(look, false);
        if constraints.is_empty() {
            return None;
        }
        let all = self.needs_all_labels(look.pod);
        Some(Box::new(score::Crowds::of(look, constraints, all, nodes)))
    }
}
