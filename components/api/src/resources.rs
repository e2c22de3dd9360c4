//! The resources that are served by default: names, verbs, subresources, where they are stored and
//! which columns a table of them has.

pub mod table;

use crate::{definition::Custom, schema::GroupVersionKind};
use std::sync::Arc;

/// What a client can ask for: a kind's objects under one group and version.
#[derive(Clone, PartialEq, Eq, Debug)]
pub struct Resource {
    /// The kind of its objects, with the group and version that it is served under.
    pub kind: GroupVersionKind,
    /// As in paths: `deployments`.
    pub plural: String,
    /// `deployment`.
    pub singular: String,
    /// Its objects live in namespaces.
    pub namespaced: bool,
    /// In alphabetical order: `create`, `delete`, …
    pub verbs: Vec<String>,
    /// `deploy`.
    pub short_names: Vec<String>,
    /// `all`.
    pub categories: Vec<String>,
    /// In alphabetical order.
    pub subresources: Vec<Subresource>,
    /// Of server-side printing; none for what is never listed.
    pub columns: Vec<Column>,
    /// What etcd holds; another kind's version where several serve the same objects.
    pub stored: GroupVersionKind,
    /// Its place in etcd below `/registry/`: `services/specs`.
    pub path: String,
    /// What a definition says of it; none for built-in resources.
    pub custom: Option<Arc<Custom>>,
}

impl Resource {
    /// Whether objects of it are kept. Reviews and bindings are answered and forgotten.
    pub fn is_stored(&self) -> bool {
        self.verbs.iter().any(|verb| verb == "watch")
    }

    /// The subresource of that name.
    pub fn subresource(&self, name: &str) -> Option<&Subresource> {
        self.subresources.iter().find(|one| one.name == name)
    }
}

/// A part or an act of an object, with a path of its own below the object's.
#[derive(Clone, PartialEq, Eq, Debug)]
pub struct Subresource {
    /// `status`, `scale`, `exec`, …
    pub name: String,
    /// The kind that goes in and out; its group and version are empty where they are the resource's.
    pub kind: GroupVersionKind,
    /// In alphabetical order.
    pub verbs: Vec<String>,
}

/// A column of a `meta.k8s.io/v1, Kind=Table`.
#[derive(Clone, PartialEq, Eq, Debug)]
pub struct Column {
    /// The heading: `Last Seen`.
    pub name: String,
    /// OpenAPI's type: `string`, `integer`, `boolean` or `date`.
    pub kind: String,
    /// `name` for the column that names the object.
    pub format: String,
    /// Zero is always shown; one only in wide tables.
    pub priority: i32,
}

/// The built-in resources, in the order of discovery.
pub fn built_in() -> Vec<Resource> {
    table::parse(include_str!("../tables/resources.txt")).expect("a test reads the same table")
}
