//! Gives every namespace the service account that its pods run as.
//!
//! Upstream: pkg/controller/serviceaccount/serviceaccounts_controller.go.

use client::{Key, namespace};
use serde_json::json;

use crate::{
    controller::{Change, Controller, Scene, Wake},
    kinds::{Kind, NAMESPACES, SERVICE_ACCOUNTS},
    object::text,
    plan::{Plan, Write},
    view::View,
};

const DEFAULT: &str = "default";

/// The controller. Its keys are namespaces.
#[derive(Debug)]
pub(crate) struct ServiceAccounts;

impl Controller for ServiceAccounts {
    fn name(&self) -> &'static str {
        "service-account-controller"
    }

    fn workers(&self) -> usize {
        1
    }

    fn watches(&self) -> &'static [Kind] {
        &[NAMESPACES, SERVICE_ACCOUNTS]
    }

    fn wakes(&self, change: &Change<'_>, _: &View<'_>) -> Vec<Wake> {
        let object = change.object();
        match change.kind == NAMESPACES {
            true => vec![Key::of(object).into()],
            false => vec![Key::new("", namespace(object)).into()],
        }
    }

    fn decide(&mut self, key: &Key, scene: &Scene<'_>) -> Plan {
        let Some(namespace) = scene.view.of(NAMESPACES).get(key) else { return Plan::default() };
        let there = scene.view.get(SERVICE_ACCOUNTS, &key.name, DEFAULT).is_some();
        if there || text(namespace, "/status/phase") == "Terminating" {
            return Plan::default();
        }
        let account = json!({"metadata": {"name": DEFAULT, "namespace": key.name}});
        Plan::of(vec![Write::create(SERVICE_ACCOUNTS, account)])
    }
}
