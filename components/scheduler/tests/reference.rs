//! Against a slow, obvious scheduler: the same nodes will do, and have the same scores, whatever
//! came and went before and whichever questions were asked meanwhile.

mod model;

use client::Key;
use host::Instant;
use model::{Model, NodeSpec, PodSpec, node, pod};
use proptest::prelude::*;
use scheduler::{
    config::Config,
    core::{Attempt, Core, Followed},
    cycle::Cycle,
    objects::pod::Pod,
};
use std::{collections::BTreeMap, sync::Arc};

const NOW: Instant = Instant(0);

#[derive(Clone, Debug)]
enum Act {
    Node(NodeSpec),
    NodeGone(u8),
    Pod(PodSpec),
    PodGone(u8),
    /// Asks about a pod, so that its counts are kept from then on.
    Ask(PodSpec),
}

fn act() -> impl Strategy<Value = Act> {
    prop_oneof![
        3 => node().prop_map(Act::Node),
        1 => (0u8..5).prop_map(Act::NodeGone),
        6 => pod().prop_map(Act::Pod),
        2 => (0u8..12).prop_map(Act::PodGone),
        3 => pod().prop_map(Act::Ask),
    ]
}

fn see(core: &mut Core, what: Followed, object: serde_json::Value) {
    let object = Arc::new(object);
    core.see(NOW, what, &Key::of(&object), Some(&object));
}

fn gone(core: &mut Core, what: Followed, namespace: &str, name: &str) {
    core.see(NOW, what, &Key::new(namespace, name), None);
}

/// Names and scores of nodes that will do.
fn placed(core: &mut Core, spec: &PodSpec) -> BTreeMap<String, i64> {
    let asked = PodSpec { on: None, terminating: false, ..spec.clone() };
    let pod = Arc::new(Pod::read(Arc::new(asked.object("asked"))));
    let attempt = Attempt { pod: pod.clone(), attempts: 1, since: NOW, chance: 0 };
    let Ok(found) = core.find(&attempt) else { return BTreeMap::new() };
    let cycle = Cycle {
        profile: core.profile(&pod.scheduler).expect("the default profile"),
        cluster: core.cluster(),
        nominations: core.nominations(),
        pod: &pod,
        start: 0,
        chance: 0,
    };
    let name = |id: &usize| core.cluster().node(*id).name.to_string();
    let scores = cycle.scores(&found.nodes);
    found.nodes.iter().map(name).zip(scores).collect()
}

fn carry_out(core: &mut Core, model: &mut Model, act: &Act) {
    match act {
        Act::Node(spec) => {
            see(core, Followed::Nodes, spec.object());
            model.nodes.insert(spec.name, spec.clone());
        }
        Act::NodeGone(name) => {
            gone(core, Followed::Nodes, "", &format!("n{name}"));
            model.nodes.remove(name);
        }
        Act::Pod(spec) => {
            let Some(old) = model.pods.insert(spec.name, spec.clone()) else {
                return see(core, Followed::Pods, spec.object(&spec.label()));
            };
            // Names are of one namespace: a pod that moved was removed before.
            gone(core, Followed::Pods, &old.namespace(), &old.label());
            see(core, Followed::Pods, spec.object(&spec.label()));
        }
        Act::PodGone(name) => {
            if let Some(old) = model.pods.remove(name) {
                gone(core, Followed::Pods, &old.namespace(), &old.label());
            }
        }
        Act::Ask(spec) => drop(placed(core, spec)),
    }
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(400))]
    #[test]
    fn the_same_nodes_and_scores(
        acts in prop::collection::vec(act(), 1..60), asked in prop::collection::vec(pod(), 3),
    ) {
        let mut core = Core::new(&Config::default(), None);
        let mut model = Model::default();
        for act in &acts {
            carry_out(&mut core, &mut model, act);
        }
        for spec in &asked {
            let expected = model.placed(spec);
            prop_assert_eq!(placed(&mut core, spec), expected.clone(), "{:?}", spec);
            // Once more, with what the first time prepared.
            prop_assert_eq!(placed(&mut core, spec), expected);
        }
    }
}
