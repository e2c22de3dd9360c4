//! What a resource is called, and where its objects are kept.

use crate::failure::Named;

/// One resource in one version.
#[derive(Clone, PartialEq, Eq, Debug)]
pub(crate) struct Resource {
    /// Empty for the core group.
    pub(crate) group: String,
    pub(crate) version: String,
    pub(crate) plural: String,
    pub(crate) kind: String,
    pub(crate) namespaced: bool,
    /// Subresources that are served.
    pub(crate) subresources: Vec<String>,
    /// Verbs that are served for the objects themselves.
    pub(crate) verbs: Vec<String>,
}

/// Storage paths that are not the plural: names of the time when the data was first laid out
/// (pkg/registry and kubeapiserver's default_storage_factory_builder.go).
const PATHS: [(&str, &str, &str); 6] = [
    ("", "services", "services/specs"),
    ("", "endpoints", "services/endpoints"),
    ("", "nodes", "minions"),
    ("", "replicationcontrollers", "controllers"),
    ("networking.k8s.io", "ingresses", "ingress"),
    ("policy", "podsecuritypolicies", "podsecuritypolicy"),
];

/// Groups whose servers put the group into the path.
const GROUPS_IN_PATH: [&str; 2] = ["apiextensions.k8s.io", "apiregistration.k8s.io"];

impl Resource {
    /// `v1` or `apps/v1`.
    pub(crate) fn api_version(&self) -> String {
        match self.group.is_empty() {
            true => self.version.clone(),
            false => format!("{}/{}", self.group, self.version),
        }
    }

    /// The part of the storage's key that all objects share, without slashes around it.
    fn path(&self) -> String {
        let known = PATHS
            .iter()
            .find(|(group, plural, _)| *group == self.group && *plural == self.plural);
        match known {
            Some((_, _, path)) => (*path).to_owned(),
            None if GROUPS_IN_PATH.contains(&self.group.as_str()) => {
                format!("{}/{}", self.group, self.plural)
            }
            None => self.plural.clone(),
        }
    }

    /// The storage's key of an object, below the storage's prefix.
    pub(crate) fn key(&self, namespace: &str, name: &str) -> String {
        match self.namespaced {
            true => format!("{}/{namespace}/{name}", self.path()),
            false => format!("{}/{name}", self.path()),
        }
    }

    /// What the keys of all objects begin with, or of those in a namespace where one is given.
    pub(crate) fn prefix(&self, namespace: &str) -> String {
        match namespace.is_empty() || !self.namespaced {
            true => format!("{}/", self.path()),
            false => format!("{}/{namespace}/", self.path()),
        }
    }

    /// As messages name an object of it.
    pub(crate) fn named<'a>(&'a self, name: &'a str) -> Named<'a> {
        Named { group: &self.group, resource: &self.plural, name }
    }

    /// As messages name what is invalid.
    pub(crate) fn kind_named<'a>(&'a self, name: &'a str) -> Named<'a> {
        Named { group: &self.group, resource: &self.kind, name }
    }
}
