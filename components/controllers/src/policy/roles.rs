//! Gathers the rules of cluster roles that are made of others.
//!
//! Upstream: pkg/controller/clusterroleaggregation/clusterroleaggregation_controller.go.

use api::selector::LabelSelector;
use client::{Key, Patch, name};
use serde_json::{Value, json};

use crate::{
    controller::{Change, Controller, Scene, Wake},
    kinds::{CLUSTER_ROLES, Kind},
    object::list,
    plan::{Act, Plan, Write},
    view::View,
};

/// The controller.
#[derive(Debug)]
pub(crate) struct Roles;

impl Controller for Roles {
    fn name(&self) -> &'static str {
        "clusterrole-aggregation-controller"
    }

    fn watches(&self) -> &'static [Kind] {
        &[CLUSTER_ROLES]
    }

    fn wakes(&self, _: &Change<'_>, view: &View<'_>) -> Vec<Wake> {
        let gathers = |role: &&client::Object| !selectors(role).is_empty();
        let all = view.of(CLUSTER_ROLES).all().filter(gathers);
        all.map(|role| Wake::from(Key::of(role))).collect()
    }

    fn decide(&mut self, key: &Key, scene: &Scene<'_>) -> Plan {
        let Some(role) = scene.view.of(CLUSTER_ROLES).get(key) else { return Plan::default() };
        let selectors = selectors(role);
        if selectors.is_empty() {
            return Plan::default();
        }
        let mut rules: Vec<Value> = Vec::new();
        for selector in selectors {
            let selector = LabelSelector::of(Some(selector));
            let selector = selector.unwrap_or_else(|_| LabelSelector::nothing());
            let fits = |other: &&client::Object| {
                name(other) != name(role)
                    && selector.matches_value(other.pointer("/metadata/labels"))
            };
            for other in scene.view.of(CLUSTER_ROLES).all().filter(fits) {
                for rule in list(other, "/rules") {
                    if !rules.contains(rule) {
                        rules.push(rule.clone());
                    }
                }
            }
        }
        if list(role, "/rules") == rules {
            return Plan::default();
        }
        let patch = json!({"rules": rules,
            "metadata": {"resourceVersion": client::resource_version(role)}});
        let act = Act::Patch(Patch::Merge(patch), "");
        Plan::of(vec![Write::on(CLUSTER_ROLES.resource(), key.clone(), act)])
    }
}

fn selectors(role: &Value) -> &[Value] {
    list(role, "/aggregationRule/clusterRoleSelectors")
}
