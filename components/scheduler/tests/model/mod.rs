//! A scheduler that looks at all pods on all nodes each time, for a few kinds of wishes.

use proptest::prelude::*;
use serde_json::{Value, json};
use std::collections::BTreeMap;

/// A node.
#[derive(Clone, Debug)]
pub(crate) struct NodeSpec {
    pub(crate) name: u8,
    pub(crate) zone: Option<u8>,
    /// In halves of a processor.
    pub(crate) cpu: i64,
    pub(crate) hard_taint: bool,
    pub(crate) soft_taint: bool,
}

/// A pod.
#[derive(Clone, Debug)]
pub(crate) struct PodSpec {
    pub(crate) name: u8,
    pub(crate) space: u8,
    pub(crate) app: u8,
    pub(crate) on: Option<u8>,
    /// In tenths of a processor; zero: it says nothing.
    pub(crate) cpu: i64,
    pub(crate) tolerates: bool,
    pub(crate) selects: Option<u8>,
    /// Apps that must be in its zone, or must not.
    pub(crate) near: Option<u8>,
    pub(crate) far: Option<u8>,
    /// An app that it likes or dislikes in its zone.
    pub(crate) likes: Option<(u8, i64)>,
    /// By zone or by node, by how much at most, and whether it must.
    pub(crate) spread: Option<(bool, i64, bool)>,
    pub(crate) terminating: bool,
}

prop_compose! {
    pub(crate) fn node()(
        name in 0u8..5, zone in prop::option::weighted(0.8, 0u8..3), cpu in 1i64..9,
        hard_taint in prop::bool::weighted(0.2), soft_taint in prop::bool::weighted(0.2),
    ) -> NodeSpec {
        NodeSpec { name, zone, cpu, hard_taint, soft_taint }
    }
}

prop_compose! {
    pub(crate) fn pod()(
        (name, space, app) in (0u8..12, 0u8..2, 0u8..3),
        on in 0u8..5, cpu in 0i64..8,
        tolerates in prop::bool::weighted(0.3), selects in prop::option::weighted(0.2, 0u8..3),
        near in prop::option::weighted(0.2, 0u8..3), far in prop::option::weighted(0.2, 0u8..3),
        likes in prop::option::weighted(0.3, (0u8..3, -5i64..6)),
        spread in prop::option::weighted(0.4, (any::<bool>(), 1i64..3, any::<bool>())),
        terminating in prop::bool::weighted(0.1),
    ) -> PodSpec {
        let likes = likes.filter(|(_, weight)| *weight != 0);
        PodSpec { name, space, app, on: Some(on), cpu, tolerates, selects, near, far, likes, spread,
            terminating }
    }
}

impl NodeSpec {
    pub(crate) fn object(&self) -> Value {
        let mut labels = json!({"host": format!("n{}", self.name)});
        if let Some(zone) = self.zone {
            labels["zone"] = format!("z{zone}").into();
        }
        let mut taints = Vec::new();
        for (there, effect) in
            [(self.hard_taint, "NoSchedule"), (self.soft_taint, "PreferNoSchedule")]
        {
            taints.extend(there.then(|| json!({"key": effect, "effect": effect})));
        }
        json!({"metadata": {"name": format!("n{}", self.name), "labels": labels},
            "spec": {"taints": taints}, "status": {"allocatable":
                {"cpu": format!("{}m", self.cpu * 500), "memory": "4Gi", "pods": "100"}}})
    }

    fn place(&self, by_zone: bool) -> Option<String> {
        match by_zone {
            true => self.zone.map(|zone| format!("z{zone}")),
            false => Some(format!("n{}", self.name)),
        }
    }
}

fn term(app: u8) -> Value {
    json!({"topologyKey": "zone", "labelSelector": {"matchLabels": {"app": format!("a{app}")}}})
}

impl PodSpec {
    pub(crate) fn label(&self) -> String {
        format!("p{}", self.name)
    }

    pub(crate) fn namespace(&self) -> String {
        format!("s{}", self.space)
    }

    pub(crate) fn object(&self, name: &str) -> Value {
        let required = |app: Option<u8>| app.map(term).into_iter().collect::<Vec<_>>();
        let liked = |sign: i64| {
            let of = self.likes.filter(|(_, weight)| weight.signum() == sign);
            let one = |(app, weight): (u8, i64)| json!({"weight": weight.abs(), "podAffinityTerm": term(app)});
            of.map(one).into_iter().collect::<Vec<_>>()
        };
        let affinity = |app: Option<u8>, sign: i64| {
            json!({"requiredDuringSchedulingIgnoredDuringExecution": required(app),
                "preferredDuringSchedulingIgnoredDuringExecution": liked(sign)})
        };
        let spread = self.spread.map(|(by_zone, skew, hard)| {
            json!({"maxSkew": skew, "topologyKey": if by_zone { "zone" } else { "host" },
                "whenUnsatisfiable": if hard { "DoNotSchedule" } else { "ScheduleAnyway" },
                "labelSelector": {"matchLabels": {"app": format!("a{}", self.app)}}})
        });
        let tolerations: Vec<_> = self
            .tolerates
            .then(|| json!({"operator": "Exists", "effect": "NoSchedule"}))
            .into_iter()
            .collect();
        let requests = match self.cpu {
            0 => json!({}),
            cpu => json!({"cpu": format!("{}m", cpu * 100)}),
        };
        json!({"metadata": {"name": name, "namespace": self.namespace(), "uid": format!("{self:?}"),
                "labels": {"app": format!("a{}", self.app)},
                "deletionTimestamp": self.terminating.then_some("2020-01-01T00:00:00Z")},
            "spec": {"nodeName": self.on.map(|node| format!("n{node}")),
                "nodeSelector": self.selects.map(|zone| json!({"zone": format!("z{zone}")})),
                "affinity": {"podAffinity": affinity(self.near, 1),
                    "podAntiAffinity": affinity(self.far, -1)},
                "topologySpreadConstraints": spread.into_iter().collect::<Vec<_>>(),
                "tolerations": tolerations,
                "containers": [{"name": "c", "image": "i", "resources": {"requests": requests}}]}})
    }

    /// Processors as scores weigh them, in thousandths.
    fn weighed_cpu(&self) -> i64 {
        if self.cpu == 0 { 100 } else { self.cpu * 100 }
    }

    fn selects(&self, node: &NodeSpec) -> bool {
        self.selects.is_none_or(|zone| node.zone == Some(zone))
    }
}

/// The whole state.
#[derive(Default, Debug)]
pub(crate) struct Model {
    pub(crate) nodes: BTreeMap<u8, NodeSpec>,
    pub(crate) pods: BTreeMap<u8, PodSpec>,
}

impl Model {
    /// Pods with the nodes that they are on.
    fn there(&self) -> impl Iterator<Item = (&PodSpec, &NodeSpec)> {
        self.pods.values().filter_map(|pod| Some((pod, self.nodes.get(&pod.on?)?)))
    }

    fn on<'a>(&'a self, node: &'a NodeSpec) -> impl Iterator<Item = &'a PodSpec> {
        self.pods.values().filter(move |pod| pod.on == Some(node.name))
    }

    fn like(&self, asked: &PodSpec, place: &str, by_zone: bool) -> i64 {
        let counts = |(pod, node): &(&PodSpec, &NodeSpec)| {
            pod.space == asked.space
                && pod.app == asked.app
                && !pod.terminating
                && asked.selects(node)
                && node.place(by_zone).as_deref() == Some(place)
        };
        self.there().filter(counts).count() as i64
    }

    fn spread_allows(&self, asked: &PodSpec, node: &NodeSpec) -> bool {
        let Some((by_zone, skew, true)) = asked.spread else { return true };
        let Some(own) = node.place(by_zone) else { return false };
        let nodes = self.nodes.values().filter(|node| asked.selects(node));
        let places = nodes.filter_map(|node| node.place(by_zone));
        let least = places.map(|place| self.like(asked, &place, by_zone)).min();
        self.like(asked, &own, by_zone) + 1 - least.unwrap_or(i64::MAX / 2) <= skew
    }

    fn near_allows(&self, asked: &PodSpec, node: &NodeSpec) -> bool {
        let Some(app) = asked.near else { return true };
        if node.zone.is_none() {
            return false;
        }
        let meant = |(pod, at): &(&PodSpec, &NodeSpec)| {
            pod.space == asked.space && pod.app == app && at.zone.is_some()
        };
        let zones: Vec<_> = self.there().filter(meant).map(|(_, at)| at.zone).collect();
        zones.contains(&node.zone) || zones.is_empty() && app == asked.app
    }

    fn far_allows(&self, asked: &PodSpec, node: &NodeSpec) -> bool {
        let near = |at: &NodeSpec| at.zone.is_some() && at.zone == node.zone;
        !self.there().any(|(pod, at)| {
            let own = asked.far == Some(pod.app);
            let theirs = pod.far == Some(asked.app);
            near(at) && pod.space == asked.space && (own || theirs)
        })
    }

    fn fits(&self, asked: &PodSpec, node: &NodeSpec) -> bool {
        let used: i64 = self.on(node).map(|pod| pod.cpu * 100).sum();
        let room = asked.cpu == 0 || used + asked.cpu * 100 <= node.cpu * 500;
        room && (asked.tolerates || !node.hard_taint)
            && asked.selects(node)
            && self.spread_allows(asked, node)
            && self.near_allows(asked, node)
            && self.far_allows(asked, node)
    }

    /// Names and scores of the nodes that will do.
    pub(crate) fn placed(&self, asked: &PodSpec) -> BTreeMap<String, i64> {
        let nodes: Vec<&NodeSpec> =
            self.nodes.values().filter(|node| self.fits(asked, node)).collect();
        let tables = [
            (3, self.taint_scores(&nodes)),
            (1, nodes.iter().map(|node| self.emptiness(asked, node)).collect()),
            (1, nodes.iter().map(|node| self.evenness(asked, node)).collect()),
            (2, self.spread_scores(asked, &nodes)),
            (2, self.liking_scores(asked, &nodes)),
        ];
        let total = |at: usize| tables.iter().map(|(weight, scores)| weight * scores[at]).sum();
        let names = nodes.iter().enumerate();
        names.map(|(at, node)| (format!("n{}", node.name), total(at))).collect()
    }

    fn taint_scores(&self, nodes: &[&NodeSpec]) -> Vec<i64> {
        nodes.iter().map(|node| if node.soft_taint { 0 } else { 100 }).collect()
    }

    fn emptiness(&self, asked: &PodSpec, node: &NodeSpec) -> i64 {
        const MIB: i64 = 1024 * 1024;
        let pods = self.on(node).count() as i64 + 1;
        let cpu: i64 = self.on(node).map(PodSpec::weighed_cpu).sum::<i64>() + asked.weighed_cpu();
        let free = |used: i64, has: i64| if used > has { 0 } else { (has - used) * 100 / has };
        (free(cpu, node.cpu * 500) + free(pods * 200 * MIB, 4096 * MIB)) / 2
    }

    fn evenness(&self, asked: &PodSpec, node: &NodeSpec) -> i64 {
        if asked.cpu == 0 {
            return 0;
        }
        let used: i64 = self.on(node).map(|pod| pod.cpu * 100).sum();
        // Nobody asks for memory.
        let even = |used: i64| {
            let fraction = (used as f64 / (node.cpu * 500) as f64).min(1.0);
            ((1.0 - fraction / 2.0) * 100.0) as i64
        };
        50 + (50 + even(used + asked.cpu * 100) - even(used)) / 2
    }

    fn spread_scores(&self, asked: &PodSpec, nodes: &[&NodeSpec]) -> Vec<i64> {
        let Some((by_zone, skew, false)) = asked.spread else { return vec![0; nodes.len()] };
        let mut places: Vec<_> = nodes.iter().filter_map(|node| node.place(by_zone)).collect();
        places.sort();
        places.dedup();
        let weight = ((places.len() + 2) as f64).ln();
        let crowd = |node: &&NodeSpec| {
            let pods = self.like(asked, &node.place(by_zone)?, by_zone);
            Some((pods as f64 * weight + (skew - 1) as f64).round() as i64)
        };
        let crowds: Vec<Option<i64>> = nodes.iter().map(crowd).collect();
        let least = crowds.iter().flatten().min().copied().unwrap_or(0);
        let most = crowds.iter().flatten().max().copied().unwrap_or(0);
        let score = |crowd: &Option<i64>| match crowd {
            None => 0,
            Some(_) if most == 0 => 100,
            Some(crowd) => 100 * (most + least - crowd) / most,
        };
        crowds.iter().map(score).collect()
    }

    fn liking_scores(&self, asked: &PodSpec, nodes: &[&NodeSpec]) -> Vec<i64> {
        let liking = |node: &&NodeSpec| -> i64 {
            let near = self.there().filter(|(pod, at)| {
                pod.space == asked.space && at.zone.is_some() && at.zone == node.zone
            });
            let one = |(pod, _): (&PodSpec, &NodeSpec)| {
                let own = asked.likes.filter(|(app, _)| *app == pod.app);
                let theirs = pod.likes.filter(|(app, _)| *app == asked.app);
                own.map_or(0, |(_, weight)| weight)
                    + theirs.map_or(0, |(_, weight)| weight)
                    + i64::from(pod.near == Some(asked.app))
            };
            near.map(one).sum()
        };
        let all: Vec<i64> = nodes.iter().map(liking).collect();
        let (least, most) = (all.iter().min().copied().unwrap_or(0), all.iter().max().copied());
        let span = most.unwrap_or(0) - least;
        let score = |one: &i64| {
            if span == 0 { 0 } else { (100.0 * ((one - least) as f64 / span as f64)) as i64 }
        };
        all.iter().map(score).collect()
    }
}
