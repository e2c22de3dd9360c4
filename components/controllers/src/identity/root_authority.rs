//! Puts into every namespace the authority by which pods know the API server.
//!
//! Upstream: pkg/controller/certificates/rootcacertpublisher/publisher.go.

use client::{Key, namespace};
use serde_json::{Value, json};

use crate::{
    controller::{Change, Controller, Scene, Wake},
    kinds::{CONFIG_MAPS, Kind, NAMESPACES},
    object::{annotation, is_deleting, text},
    plan::{Plan, Write},
    view::View,
};

const NAME: &str = "kube-root-ca.crt";
const DESCRIPTION: &str = "kubernetes.io/description";
const DESCRIBED: &str = "Contains a CA bundle that can be used to verify the kube-apiserver when \
    using internal endpoints such as the internal service IP or kubernetes.default.svc. No other \
    usage is guaranteed across distributions of Kubernetes clusters.";

/// The controller. Its keys are namespaces.
#[derive(Debug)]
pub(crate) struct RootAuthority {
    /// Certificates in PEM.
    pub(crate) certificates: String,
}

impl Controller for RootAuthority {
    fn name(&self) -> &'static str {
        "root-ca-cert-publisher"
    }

    fn workers(&self) -> usize {
        1
    }

    fn watches(&self) -> &'static [Kind] {
        &[NAMESPACES, CONFIG_MAPS]
    }

    fn wakes(&self, change: &Change<'_>, _: &View<'_>) -> Vec<Wake> {
        let object = change.object();
        match change.kind == NAMESPACES {
            true => vec![Key::of(object).into()],
            false if client::name(object) != NAME => Vec::new(),
            false => vec![Key::new("", namespace(object)).into()],
        }
    }

    fn decide(&mut self, key: &Key, scene: &Scene<'_>) -> Plan {
        let Some(namespace) = scene.view.of(NAMESPACES).get(key) else { return Plan::default() };
        if text(namespace, "/status/phase") == "Terminating" || is_deleting(namespace) {
            return Plan::default();
        }
        let data = json!({"ca.crt": self.certificates});
        let Some(there) = scene.view.get(CONFIG_MAPS, &key.name, NAME) else {
            let map = json!({"metadata": {"name": NAME, "namespace": key.name,
                "annotations": {DESCRIPTION: DESCRIBED}}, "data": data});
            return Plan::of(vec![Write::create(CONFIG_MAPS, map)]);
        };
        if there["data"] == data && annotation(there, DESCRIPTION) == Some(DESCRIBED) {
            return Plan::default();
        }
        let mut changed = Value::clone(there);
        changed["data"] = data;
        changed["metadata"]["annotations"][DESCRIPTION] = DESCRIBED.into();
        Plan::of(vec![Write::update(CONFIG_MAPS, changed)])
    }
}
