//! The cluster as informers show it at one moment.

use client::{Indexer, Object, Resource, Store, namespace};
use serde_json::Value;

use crate::{
    kinds::{Kind, PODS},
    object::{controller_uid, text},
};

/// Objects by the uid of their controller, or `orphans/NAMESPACE` of those that have none.
const BY_CONTROLLER: &str = "controller";
/// Pods by their node.
const BY_NODE: &str = "node";

/// The indexes that every informer of ours has.
pub(crate) const INDEXES: &[(&str, Indexer)] =
    &[(BY_CONTROLLER, controllers_of), (BY_NODE, node_of)];

fn orphans(namespace: &str) -> String {
    format!("orphans/{namespace}")
}

fn controllers_of(object: &Value) -> Vec<String> {
    vec![match controller_uid(object) {
        "" => orphans(namespace(object)),
        uid => uid.to_owned(),
    }]
}

fn node_of(object: &Value) -> Vec<String> {
    match text(object, "/spec/nodeName") {
        "" => Vec::new(),
        node => vec![node.to_owned()],
    }
}

/// What a controller may look at: the stores of the kinds that it watches.
#[derive(Debug)]
pub struct View<'a> {
    stores: Vec<(Kind, &'a Store)>,
}

impl<'a> View<'a> {
    /// A view of these stores, which have been made by [`View::store`] or by the manager.
    pub fn new(stores: Vec<(Kind, &'a Store)>) -> Self {
        Self { stores }
    }

    /// An empty store with the indexes that a view needs.
    pub fn store() -> Store {
        Store::new(INDEXES)
    }

    /// All objects of a kind.
    ///
    /// # Panics
    /// The controller does not watch this kind: a bug of ours.
    pub fn of(&self, kind: Kind) -> &'a Store {
        let found = self.stores.iter().find(|(each, _)| *each == kind);
        found.expect("a controller looks only at what it watches").1
    }

    /// The store of a resource, if it is watched.
    pub(crate) fn find(&self, resource: &Resource) -> Option<&'a Store> {
        self.stores.iter().find(|(kind, _)| kind.is(resource)).map(|(_, store)| *store)
    }

    /// An object.
    pub fn get(&self, kind: Kind, namespace: &str, name: &str) -> Option<&'a Object> {
        self.of(kind).get(&client::Key::new(namespace, name))
    }

    /// Objects whose controller has this uid.
    pub fn controlled_by(
        &self,
        kind: Kind,
        uid: &str,
    ) -> impl Iterator<Item = &'a Object> + use<'a> {
        self.of(kind).by_index(BY_CONTROLLER, uid)
    }

    /// Objects of a namespace that nobody controls.
    pub fn orphans(
        &self,
        kind: Kind,
        namespace: &str,
    ) -> impl Iterator<Item = &'a Object> + use<'a> {
        self.of(kind).by_index(BY_CONTROLLER, &orphans(namespace))
    }

    /// Pods that were bound to a node.
    pub fn on_node(&self, node: &str) -> impl Iterator<Item = &'a Object> + use<'a> {
        self.of(PODS).by_index(BY_NODE, node)
    }
}
