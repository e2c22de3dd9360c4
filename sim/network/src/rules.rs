//! What is wrong with the network: rules laid over links, each lifted on its own.
//!
//! Rules add up. Lifting one partition leaves another that covers the same link in force.

use crate::config::Quality;
use kernel::NodeId;
use std::{collections::BTreeSet, time::Duration};

/// A set of stations.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Stations {
    /// Every one.
    All,
    /// These.
    Only(BTreeSet<NodeId>),
    /// All but these.
    Except(BTreeSet<NodeId>),
}

impl Stations {
    /// These stations.
    pub fn only(nodes: impl IntoIterator<Item = NodeId>) -> Self {
        Self::Only(nodes.into_iter().collect())
    }

    /// All stations but these.
    pub fn except(nodes: impl IntoIterator<Item = NodeId>) -> Self {
        Self::Except(nodes.into_iter().collect())
    }

    /// True if the station is in the set.
    pub fn contains(&self, node: NodeId) -> bool {
        match self {
            Stations::All => true,
            Stations::Only(nodes) => nodes.contains(&node),
            Stations::Except(nodes) => !nodes.contains(&node),
        }
    }
}

/// What a rule does to the links that it covers.
#[derive(Clone, Copy, Debug, PartialEq)]
pub enum Effect {
    /// Nothing gets through: a partition.
    Block,
    /// Everything waits until the rule is lifted, and then arrives.
    Clog,
    /// Every packet takes longer, by any time from `min` to `max`.
    Delay {
        /// The least.
        min: Duration,
        /// The most.
        max: Duration,
    },
    /// This share of the packets is lost.
    Lose(f64),
    /// This share of the datagrams arrives twice.
    Duplicate(f64),
    /// This share of the datagrams is overtaken.
    Reorder(f64),
    /// No more than this many bytes a second; at least one.
    Throttle(u64),
    /// Look-ups by the `from` side find no name. `to` does not matter.
    NameNotFound,
    /// Look-ups by the `from` side get no answer. `to` does not matter.
    NameTimeOut,
}

/// An effect on all links from one set of stations to another. Loopback is never affected.
#[derive(Clone, Debug, PartialEq)]
pub struct Rule {
    /// Where packets come from.
    pub from: Stations,
    /// Where they go.
    pub to: Stations,
    /// The way back, too.
    pub both_ways: bool,
    /// What happens to them.
    pub effect: Effect,
}

impl Rule {
    pub(crate) fn covers(&self, from: NodeId, to: NodeId) -> bool {
        let along = |from, to| self.from.contains(from) && self.to.contains(to);
        along(from, to) || self.both_ways && along(to, from)
    }
}

/// Names a rule, for lifting it.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct RuleId(pub(crate) u64);

/// What all rules together make of one link.
#[derive(Clone, Copy, Debug, PartialEq)]
pub(crate) struct Weather {
    pub(crate) blocked: bool,
    pub(crate) clogged: bool,
    pub(crate) quality: Quality,
}

impl Weather {
    pub(crate) fn of<'a>(base: Quality, rules: impl Iterator<Item = &'a Rule>) -> Self {
        let mut weather = Weather { blocked: false, clogged: false, quality: base };
        for rule in rules {
            weather.worsen(rule.effect);
        }
        weather
    }

    fn worsen(&mut self, effect: Effect) {
        let quality = &mut self.quality;
        match effect {
            Effect::Block => self.blocked = true,
            Effect::Clog => self.clogged = true,
            Effect::Delay { min, max } => {
                quality.latency_min += min;
                quality.latency_max += max.max(min);
            }
            Effect::Lose(share) => quality.loss = either(quality.loss, share),
            Effect::Duplicate(share) => quality.duplicate = either(quality.duplicate, share),
            Effect::Reorder(share) => quality.reorder = either(quality.reorder, share),
            Effect::Throttle(limit) => {
                let now =
                    if quality.bytes_per_second == 0 { u64::MAX } else { quality.bytes_per_second };
                quality.bytes_per_second = now.min(limit.max(1));
            }
            Effect::NameNotFound | Effect::NameTimeOut => {}
        }
    }
}

/// The probability that at least one of two independent things happens.
fn either(one: f64, other: f64) -> f64 {
    1.0 - (1.0 - one) * (1.0 - other)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn rules_add_up() {
        let rule =
            |effect| Rule { from: Stations::All, to: Stations::All, both_ways: false, effect };
        let rules = [rule(Effect::Lose(0.5)), rule(Effect::Lose(0.5)), rule(Effect::Throttle(100))];
        let weather = Weather::of(Quality::default(), rules.iter());
        assert_eq!(weather.quality.loss, 0.75);
        assert_eq!(weather.quality.bytes_per_second, 100);
        assert!(!weather.blocked);
    }

    #[test]
    fn a_one_way_rule_leaves_the_way_back_open() {
        let (a, b) = (NodeId(1), NodeId(2));
        let mut rule = Rule {
            from: Stations::only([a]),
            to: Stations::except([a]),
            both_ways: false,
            effect: Effect::Block,
        };
        assert!(rule.covers(a, b) && !rule.covers(b, a));
        rule.both_ways = true;
        assert!(rule.covers(b, a) && !rule.covers(b, NodeId(3)));
    }
}
