//! Which resource a kind's objects are kept under.

use client::Resource;
use std::collections::BTreeMap;

use super::graph::Identity;
use crate::discovery::Served;

/// Kinds by group and name.
#[derive(Debug, Default)]
pub(super) struct Kinds(BTreeMap<(String, String), (Resource, bool)>);

impl Kinds {
    pub(super) fn learn(&mut self, served: &Served) {
        let key = (served.resource.group.clone(), served.kind.clone());
        self.0.insert(key, (served.resource.clone(), served.namespaced));
    }

    /// The resource of a kind, and whether its objects are in namespaces.
    pub(super) fn of(&self, identity: &Identity) -> Option<&(Resource, bool)> {
        self.0.get(&(identity.group().to_owned(), identity.kind.clone()))
    }
}
