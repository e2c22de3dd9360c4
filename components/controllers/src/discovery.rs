//! What an API server serves, from its aggregated discovery.
//!
//! Upstream: client-go/discovery, `ServerPreferredResources`.

use client::Resource;
use serde_json::Value;

use crate::object::{list, text};

/// A resource and what can be done to its objects.
#[derive(Clone, PartialEq, Eq, PartialOrd, Ord, Debug)]
pub(crate) struct Served {
    pub(crate) resource: Resource,
    pub(crate) kind: String,
    pub(crate) namespaced: bool,
    verbs: Vec<String>,
    /// The first version of its group that has it.
    pub(crate) preferred: bool,
}

impl Served {
    pub(crate) fn can(&self, verb: &str) -> bool {
        self.verbs.iter().any(|each| each == verb)
    }
}

/// All of one document of groups. A group that could not be asked serves nothing here, and is
/// named in the second list.
pub(crate) fn read(document: &Value) -> (Vec<Served>, Vec<String>) {
    let (mut all, mut stale): (Vec<Served>, _) = (Vec::new(), Vec::new());
    for group in list(document, "/items") {
        let name = text(group, "/metadata/name");
        for version in list(group, "/versions") {
            if text(version, "/freshness") == "Stale" {
                stale.push(name.to_owned());
            }
            for each in list(version, "/resources") {
                let resource =
                    Resource::new(name, text(version, "/version"), text(each, "/resource"));
                let known = |other: &Served| {
                    other.resource.group == resource.group
                        && other.resource.plural == resource.plural
                };
                let verbs = list(each, "/verbs").iter().filter_map(Value::as_str);
                let preferred = !all.iter().any(known);
                all.push(Served {
                    resource,
                    kind: text(each, "/responseKind/kind").to_owned(),
                    namespaced: text(each, "/scope") == "Namespaced",
                    verbs: verbs.map(str::to_owned).collect(),
                    preferred,
                });
            }
        }
    }
    (all, stale)
}
