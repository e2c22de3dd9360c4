//! A pod rather goes where it makes the use of several resources more even.
//!
//! Upstream: plugins/noderesources/balanced_allocation.go.

use super::resource_scores::{Counted, counted};
use crate::{
    cluster::NodeState,
    framework::{Look, NodeScore, Plugin, Point, SCORE_MAX, SharedPlugin},
    objects::{
        pod::Pod,
        resources::{CPU, EPHEMERAL_STORAGE, MEMORY},
    },
};
use serde_json::Value;
use std::sync::Arc;

#[derive(Debug)]
struct BalancedAllocation {
    counted: Vec<Counted>,
}

pub(super) fn build(arguments: &Value) -> Result<SharedPlugin, String> {
    Ok(Arc::new(BalancedAllocation { counted: counted(&arguments["resources"])? }))
}

#[derive(Debug)]
struct Evenness<'a> {
    /// Resources, and what the pod asks of each.
    asked: Vec<(&'a str, i64)>,
}

impl<'a> Evenness<'a> {
    fn of(plugin: &'a BalancedAllocation, pod: &Pod) -> Self {
        let counts =
            |name: &str, asked: i64| matches!(name, CPU | MEMORY | EPHEMERAL_STORAGE) || asked != 0;
        let all = plugin.counted.iter().map(|one| (&*one.name, pod.requests.said.get(&one.name)));
        Self { asked: all.filter(|(name, asked)| counts(name, *asked)).collect() }
    }

    /// How even the use of a node's resources is, with the pod there or without.
    fn evenness(&self, node: &NodeState, with: bool) -> i64 {
        let Some(has) = node.allocatable() else { return 0 };
        let mut fractions = [0.0_f64; 8];
        let mut used = 0;
        for (name, asked) in &self.asked {
            let (has, own) = (has.get(name), if with { *asked } else { 0 });
            if has == 0 || used == fractions.len() {
                continue;
            }
            let fraction = (node.requested.get(name) + own) as f64 / has as f64;
            fractions[used] = fraction.min(1.0);
            used += 1;
        }
        ((1.0 - deviation(&fractions[..used])) * SCORE_MAX as f64) as i64
    }
}

/// The standard deviation.
fn deviation(fractions: &[f64]) -> f64 {
    match fractions {
        [] | [_] => 0.0,
        [one, other] => ((one - other) / 2.0).abs(),
        all => {
            let count = all.len() as f64;
            let mean = all.iter().sum::<f64>() / count;
            (all.iter().map(|one| (one - mean) * (one - mean)).sum::<f64>() / count).sqrt()
        }
    }
}

impl NodeScore for Evenness<'_> {
    fn score(&self, nodes: &[&NodeState], into: &mut [i64]) {
        const HALF: i64 = SCORE_MAX / 2;
        for (node, score) in nodes.iter().zip(into) {
            let (with, without) = (self.evenness(node, true), self.evenness(node, false));
            *score = HALF + (HALF + with - without) / 2;
        }
    }
}

impl Plugin for BalancedAllocation {
    fn name(&self) -> &'static str {
        "NodeResourcesBalancedAllocation"
    }

    fn points(&self) -> &'static [Point] {
        &[Point::PreScore, Point::Score]
    }

    fn score<'a>(&'a self, look: Look<'a>, _: &[&'a NodeState]) -> Option<Box<dyn NodeScore + 'a>> {
        let scorer = Evenness::of(self, look.pod);
        // A pod that asks for nothing changes nothing.
        let asks = scorer.asked.iter().any(|(_, asked)| *asked != 0);
        if asks { Some(Box::new(scorer)) } else { None }
    }
}
