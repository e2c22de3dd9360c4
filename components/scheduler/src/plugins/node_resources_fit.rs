//! A pod goes where there is room for what it asks for, and rather where more is left.
//!
//! Upstream: plugins/noderesources/fit.go.

use super::resource_scores::{Counted, Strategy, counted};
use crate::{
    cluster::NodeState,
    framework::{
        Change, Filtering, Look, NodeFilter, NodeScore, Plugin, Point, Reason, Refusal, Severity,
        SharedPlugin,
    },
    objects::{node::Node, pod::Pod, resources::Resources, texts},
};
use serde_json::Value;
use std::{borrow::Cow, sync::Arc};

#[derive(Debug)]
struct NodeResourcesFit {
    /// Extended resources that somebody else counts.
    ignored: Vec<String>,
    /// Groups of them: what stands before the slash.
    ignored_groups: Vec<String>,
    strategy: Strategy,
    counted: Vec<Counted>,
}

pub(super) fn build(arguments: &Value) -> Result<SharedPlugin, String> {
    let strategy = &arguments["scoringStrategy"];
    Ok(Arc::new(NodeResourcesFit {
        ignored: texts(arguments, "ignoredResources"),
        ignored_groups: texts(arguments, "ignoredResourceGroups"),
        strategy: Strategy::read(strategy)?,
        counted: counted(&strategy["resources"])?,
    }))
}

impl NodeResourcesFit {
    fn ignores(&self, name: &str) -> bool {
        let group = name.split_once('/').map(|(group, _)| group);
        self.ignored.iter().any(|one| one == name)
            || group.is_some_and(|group| self.ignored_groups.iter().any(|one| one == group))
    }
}

/// What the pod asks for, but for what is ignored.
#[derive(Clone, Debug)]
struct Room {
    asked: Resources,
    nothing: bool,
}

/// What is asked, taken and had of one resource.
struct Shortage {
    unresolvable: bool,
}

/// Too little is left; where even an empty node has too little, removing pods does not help.
fn short(asked: i64, taken: i64, has: i64) -> Option<Shortage> {
    (asked > 0 && asked > has - taken).then_some(Shortage { unresolvable: asked > has })
}

impl Room {
    fn of(plugin: &NodeResourcesFit, pod: &Pod) -> Self {
        let mut asked = pod.requests.said.clone();
        asked.others.retain(|name, amount| *amount != 0 && !plugin.ignores(name));
        Self { nothing: asked.is_nothing(), asked }
    }

    fn shortages(&self, has: &Resources, taken: &Resources) -> Vec<(Reason, Shortage)> {
        let asked = &self.asked;
        let fixed = [
            ("Insufficient cpu", short(asked.milli_cpu, taken.milli_cpu, has.milli_cpu)),
            ("Insufficient memory", short(asked.memory, taken.memory, has.memory)),
            (
                "Insufficient ephemeral-storage",
                short(asked.ephemeral_storage, taken.ephemeral_storage, has.ephemeral_storage),
            ),
        ];
        let fixed = fixed.into_iter().filter_map(|(why, found)| Some((Reason::from(why), found?)));
        let other = |(name, asked): (&Arc<str>, &i64)| {
            let found = short(*asked, taken.get(name), has.get(name))?;
            Some((Cow::Owned(format!("Insufficient {name}")), found))
        };
        fixed.chain(asked.others.iter().filter_map(other)).collect()
    }

    fn fits(&self, has: &Resources, taken: &Resources) -> bool {
        let asked = &self.asked;
        let fixed = [
            (asked.milli_cpu, taken.milli_cpu, has.milli_cpu),
            (asked.memory, taken.memory, has.memory),
            (asked.ephemeral_storage, taken.ephemeral_storage, has.ephemeral_storage),
        ];
        fixed.iter().all(|(asked, taken, has)| *asked == 0 || *asked <= has - taken)
            && asked.others.iter().all(|(name, asked)| *asked <= has.get(name) - taken.get(name))
    }
}

impl NodeFilter for Room {
    fn check(&self, node: &NodeState) -> Result<(), Refusal> {
        let none = Resources::default();
        let has = node.allocatable().unwrap_or(&none);
        let crowded = i64::try_from(node.pods.len()).is_ok_and(|pods| pods + 1 > has.pods);
        if !crowded && (self.nothing || self.fits(has, &node.requested)) {
            return Ok(());
        }
        let shortages = match self.nothing {
            true => Vec::new(),
            false => self.shortages(has, &node.requested),
        };
        let hopeless = shortages.iter().any(|(_, shortage)| shortage.unresolvable);
        let crowd = crowded.then_some(Reason::Borrowed("Too many pods"));
        let reasons = crowd.into_iter().chain(shortages.into_iter().map(|(why, _)| why)).collect();
        let severity = if hopeless { Severity::Unresolvable } else { Severity::Unschedulable };
        Err(Refusal { severity, reasons, plugin: "" })
    }

    fn copy<'a>(&self) -> Box<dyn NodeFilter + 'a> {
        Box::new(self.clone())
    }
}

#[derive(Debug)]
struct Fullness<'a> {
    plugin: &'a NodeResourcesFit,
    pod: &'a Pod,
}

impl NodeScore for Fullness<'_> {
    fn score(&self, nodes: &[&NodeState], into: &mut [i64]) {
        for (node, score) in nodes.iter().zip(into) {
            *score = self.plugin.strategy.score(node, self.pod, &self.plugin.counted);
        }
    }
}

impl Plugin for NodeResourcesFit {
    fn name(&self) -> &'static str {
        "NodeResourcesFit"
    }

    fn points(&self) -> &'static [Point] {
        &[Point::PreFilter, Point::Filter, Point::PreScore, Point::Score]
    }

    fn helps(&self, pod: &Pod, change: &Change<'_>) -> bool {
        let room = Room::of(self, pod);
        let could = |node: &Node| {
            node.allocatable.pods > 0 && room.fits(&node.allocatable, &Resources::default())
        };
        match change {
            Change::NodeCame(node) => could(node),
            Change::NodeChanged { old, new } => could(new) && old.allocatable != new.allocatable,
            // A place is free at least.
            Change::PodGone(_) => true,
            Change::PodChanged { old, new } => old.requests != new.requests,
            Change::Itself { old, new } => new.key == pod.key && old.requests != new.requests,
            _ => false,
        }
    }

    fn filter<'a>(&'a self, look: Look<'a>) -> Result<Filtering<'a>, Refusal> {
        Ok(Filtering::Check(Box::new(Room::of(self, look.pod))))
    }

    fn score<'a>(&'a self, look: Look<'a>, _: &[&'a NodeState]) -> Option<Box<dyn NodeScore + 'a>> {
        Some(Box::new(Fullness { plugin: self, pod: look.pod }))
    }
}
