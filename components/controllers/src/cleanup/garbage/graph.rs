//! Who owns whom, as far as it was seen.
//!
//! Upstream: pkg/controller/garbagecollector/graph.go, graph_builder.go. An owner that was named
//! but not seen is a node too, a virtual one; whether it exists is asked before anything is done.

use client::{name, namespace, uid};
use serde_json::Value;
use std::collections::{BTreeMap, BTreeSet};

use crate::object::{has_finalizer, is_deleting, list};

/// An object waits until its dependents are gone.
pub(super) const FOREGROUND: &str = "foregroundDeletion";
/// An object waits until its dependents have been freed of it.
pub(super) const ORPHAN: &str = "orphan";

/// What an owner is called by its dependents, or calls itself.
#[derive(Clone, PartialEq, Eq, PartialOrd, Ord, Debug, Default)]
pub(super) struct Identity {
    pub(super) api_version: String,
    pub(super) kind: String,
    /// Of the object itself, or of who named it.
    pub(super) namespace: String,
    pub(super) name: String,
    pub(super) uid: String,
}

impl Identity {
    pub(super) fn of(object: &Value) -> Self {
        let text = |member: &str| object[member].as_str().unwrap_or_default().to_owned();
        Self {
            api_version: text("apiVersion"),
            kind: text("kind"),
            namespace: namespace(object).to_owned(),
            name: name(object).to_owned(),
            uid: uid(object).to_owned(),
        }
    }

    /// An owner as a dependent in this namespace names it.
    pub(super) fn named(reference: &Value, namespace: &str) -> Self {
        let text = |member: &str| reference[member].as_str().unwrap_or_default().to_owned();
        Self {
            api_version: text("apiVersion"),
            kind: text("kind"),
            namespace: namespace.to_owned(),
            name: text("name"),
            uid: text("uid"),
        }
    }

    /// `apps`.
    pub(super) fn group(&self) -> &str {
        self.api_version.rsplit_once('/').map_or("", |(group, _)| group)
    }

    /// Both may be the same object: versions of a group are the same, and what is in no namespace
    /// may be named from any.
    fn agrees_with(&self, actual: &Self) -> bool {
        self.group() == actual.group()
            && self.kind == actual.kind
            && self.name == actual.name
            && (actual.namespace.is_empty() || self.namespace == actual.namespace)
    }
}

/// An object.
#[derive(Clone, PartialEq, Debug, Default)]
pub(super) struct Node {
    pub(super) identity: Identity,
    /// Its references to owners, as they are written.
    pub(super) owners: Vec<Value>,
    pub(super) dependents: BTreeSet<String>,
    /// Its resource version when it was seen; empty: it was only named.
    pub(super) version: String,
    pub(super) finalizers: Vec<Value>,
    pub(super) deleting: bool,
    pub(super) foreground: bool,
}

impl Node {
    /// It was seen itself.
    pub(super) fn is_seen(&self) -> bool {
        !self.version.is_empty()
    }

    pub(super) fn owner_uids(&self) -> impl Iterator<Item = &str> {
        self.owners.iter().filter_map(|owner| owner["uid"].as_str())
    }

    /// It keeps this owner from going.
    pub(super) fn blocks(&self, owner: &str) -> bool {
        let names = |reference: &&Value| reference["uid"] == owner;
        self.owners.iter().find(names).is_some_and(|it| it["blockOwnerDeletion"] == true)
    }
}

/// What is to be looked at.
#[derive(Clone, PartialEq, Eq, PartialOrd, Ord, Debug)]
pub(super) enum Task {
    /// Whether this object must go.
    Collect(String),
    /// Its dependents must be freed of it.
    Orphan(String),
}

/// All that was seen or named.
#[derive(Debug, Default)]
pub(super) struct Graph {
    nodes: BTreeMap<String, Node>,
}

impl Graph {
    pub(super) fn get(&self, uid: &str) -> Option<&Node> {
        self.nodes.get(uid)
    }

    pub(super) fn dependents<'a>(&'a self, node: &'a Node) -> impl Iterator<Item = &'a Node> {
        node.dependents.iter().filter_map(|uid| self.nodes.get(uid))
    }

    /// An object appeared or changed.
    pub(super) fn saw(&mut self, object: &Value) -> Vec<Task> {
        let mut tasks = Vec::new();
        let identity = Identity::of(object);
        let uid = identity.uid.clone();
        let before = self.nodes.remove(&uid).unwrap_or_default();
        let owners = list(object, "/metadata/ownerReferences").to_vec();
        let going = is_deleting(object);
        let node = Node {
            owners,
            dependents: before.dependents.clone(),
            version: client::resource_version(object).to_owned(),
            finalizers: list(object, "/metadata/finalizers").to_vec(),
            deleting: going,
            foreground: going && has_finalizer(object, FOREGROUND),
            identity,
        };
        let orphaning = going && has_finalizer(object, ORPHAN);
        if !before.is_seen() {
            tasks.extend(self.misnamed(&node));
        }
        let starts_waiting = node.foreground && !before.foreground;
        if starts_waiting {
            tasks.extend(node.dependents.iter().cloned().map(Task::Collect));
            tasks.push(Task::Collect(uid.clone()));
        }
        let freed = before.owner_uids().filter(|owner| {
            !node.owner_uids().any(|still| still == *owner)
                || (before.blocks(owner) && !node.blocks(owner))
        });
        let freed: Vec<String> = freed.map(str::to_owned).collect();
        let owners: Vec<Value> = node.owners.clone();
        let changed = before.owners != node.owners;
        self.nodes.insert(uid.clone(), node);
        tasks.extend(self.leave(&uid, &freed));
        tasks.extend(self.join(&uid, &owners));
        // A new dependent may come too late for its owner; one that lost an owner may have none.
        if changed && !owners.is_empty() {
            tasks.push(Task::Collect(uid.clone()));
        }
        if orphaning {
            tasks.push(Task::Orphan(uid));
        }
        tasks
    }

    /// Dependents that call a node by other coordinates than its own: they must be looked at.
    fn misnamed(&self, node: &Node) -> Vec<Task> {
        let wrong = |dependent: &&Node| {
            let mut names = dependent.owners.iter().filter(|it| it["uid"] == *node.identity.uid);
            names.any(|reference| {
                !Identity::named(reference, &dependent.identity.namespace)
                    .agrees_with(&node.identity)
            })
        };
        let all = self.dependents(node).filter(wrong);
        all.map(|dependent| Task::Collect(dependent.identity.uid.clone())).collect()
    }

    /// It names these owners no more, or blocks them no more.
    fn leave(&mut self, uid: &str, owners: &[String]) -> Vec<Task> {
        let mut tasks = Vec::new();
        for owner in owners {
            let still = self
                .nodes
                .get(uid)
                .is_some_and(|node| node.owner_uids().any(|named| named == owner));
            let Some(node) = self.nodes.get_mut(owner) else { continue };
            if !still {
                node.dependents.remove(uid);
            }
            if node.foreground {
                tasks.push(Task::Collect(owner.clone()));
            }
            if !node.is_seen() && node.dependents.is_empty() {
                self.nodes.remove(owner);
            }
        }
        tasks
    }

    /// It names these owners.
    fn join(&mut self, uid: &str, owners: &[Value]) -> Vec<Task> {
        let namespace = self.nodes.get(uid).map(|node| node.identity.namespace.clone());
        let namespace = namespace.unwrap_or_default();
        let mut tasks = Vec::new();
        for reference in owners {
            let identity = Identity::named(reference, &namespace);
            let owner = identity.uid.clone();
            let node = self
                .nodes
                .entry(owner.clone())
                .or_insert_with(|| Node { identity, ..Node::default() });
            let fresh = node.dependents.insert(uid.to_owned());
            if !node.is_seen() {
                tasks.push(Task::Collect(uid.to_owned()));
            } else if node.foreground && fresh {
                tasks.push(Task::Collect(uid.to_owned()));
                tasks.push(Task::Collect(owner));
            }
        }
        tasks
    }

    /// An object is gone: it was seen to go, or the server does not have it.
    pub(super) fn gone(&mut self, uid: &str) -> Vec<Task> {
        let Some(node) = self.nodes.remove(uid) else { return Vec::new() };
        let owners: Vec<String> = node.owner_uids().map(str::to_owned).collect();
        let mut tasks = self.leave(uid, &owners);
        tasks.extend(node.dependents.iter().cloned().map(Task::Collect));
        if !node.dependents.is_empty() {
            // Named still, and seen no more.
            let named =
                Node { identity: node.identity, dependents: node.dependents, ..Node::default() };
            self.nodes.insert(uid.to_owned(), named);
        }
        tasks
    }

    /// The node is seen and in another namespace than this dependent, which cannot be.
    pub(super) fn is_elsewhere(&self, owner: &Identity) -> bool {
        self.nodes.get(&owner.uid).is_some_and(|node| {
            node.is_seen()
                && !node.identity.namespace.is_empty()
                && node.identity.namespace != owner.namespace
        })
    }
}
