//! What is to become of one object.
//!
//! Upstream: `attemptToDeleteItem`, `processDeletingDependentsItem` and `orphanDependents` in
//! pkg/controller/garbagecollector/garbagecollector.go. The graph says where to look; whether an
//! object goes is decided on what the API server says of it and of each of its owners. Only an
//! answer about the very object is believed: a server that does not know the resource says nothing
//! about its objects.

use client::{
    DeleteOptions, Key, Object, Patch, Propagation,
    events::{Reference, Severity},
    uid,
};
use serde_json::{Value, json};
use std::collections::BTreeSet;

use super::{
    graph::{FOREGROUND, Graph, Identity, Node, ORPHAN, Task},
    kinds::Kinds,
};
use crate::{
    object::{has_finalizer, is_deleting, list},
    plan::{Act, Facts, Plan, Question, Told, Write},
};

/// What follows from a look.
#[derive(Debug, PartialEq)]
pub(super) enum Decision {
    /// This is to be written, or known, first.
    Do(Plan),
    /// The object does not exist: the graph is to be told.
    Gone,
    /// Others are to be looked at.
    Others(Vec<Task>),
    /// It cannot be known now: again, later.
    Unknown,
}

/// What is known about one reference to an owner.
#[derive(Clone, Copy, PartialEq, Eq)]
enum Owner {
    Solid,
    Waiting,
    Dangling,
}

/// One look at one object.
#[derive(Debug)]
pub(super) struct Look<'a> {
    pub(super) graph: &'a Graph,
    pub(super) kinds: &'a Kinds,
    pub(super) facts: &'a Facts,
    /// Owners that were asked for and do not exist, by all that names them (K14: by uid alone, a
    /// wrong name for a living owner would cost it its other dependents).
    pub(super) absent: &'a BTreeSet<Identity>,
}

impl Look<'_> {
    pub(super) fn at(&self, task: &Task) -> Decision {
        let (Task::Collect(uid) | Task::Orphan(uid)) = task;
        let Some(node) = self.graph.get(uid) else { return Decision::Others(Vec::new()) };
        match task {
            Task::Collect(_) => self.collect(node),
            Task::Orphan(_) => self.orphan(node),
        }
    }

    fn collect(&self, node: &Node) -> Decision {
        let done = Decision::Others(Vec::new());
        if !node.is_seen() || (node.deleting && !node.foreground) {
            return done;
        }
        let Some(question) = self.question(&node.identity) else { return Decision::Unknown };
        let live = match self.facts.answer(&question) {
            None => return Decision::Do(Plan::ask(vec![question])),
            Some(Ok(live)) if uid(live) == node.identity.uid => live,
            Some(Ok(_)) => return Decision::Gone,
            Some(Err(error)) if is_about(error, &node.identity) => return Decision::Gone,
            Some(Err(_)) => return Decision::Unknown,
        };
        if is_deleting(live) && has_finalizer(live, FOREGROUND) {
            return self.wait_for_dependents(node, live);
        }
        let references = list(live, "/metadata/ownerReferences");
        if references.is_empty() || is_deleting(live) {
            return done;
        }
        let owners = match self.owners(node, references) {
            Ok(owners) => owners,
            Err(decision) => return decision,
        };
        self.judge(node, live, references, &owners)
    }

    /// Where an object, or an owner, is asked for.
    fn question(&self, identity: &Identity) -> Option<Question> {
        let (resource, namespaced) = self.kinds.of(identity)?;
        let namespace = if *namespaced { &*identity.namespace } else { "" };
        if *namespaced && namespace.is_empty() {
            return None;
        }
        Some(Question::metadata(resource, &Key::new(namespace, &identity.name)))
    }

    /// What each reference is worth; all that must be asked is asked at once.
    fn owners(&self, node: &Node, references: &[Value]) -> Result<Vec<Owner>, Decision> {
        let (mut owners, mut open) = (Vec::new(), Vec::new());
        for reference in references {
            let identity = Identity::named(reference, &node.identity.namespace);
            if self.absent.contains(&identity) {
                owners.push(Owner::Dangling);
                continue;
            }
            let namespaced = self.kinds.of(&identity).map(|(_, namespaced)| *namespaced);
            if namespaced == Some(true) && identity.namespace.is_empty() {
                // What is in no namespace cannot have an owner in one: kept, as by upstream.
                return Err(Decision::Unknown);
            }
            let Some(question) = self.question(&identity) else { return Err(Decision::Unknown) };
            match self.facts.answer(&question) {
                None => open.push(question),
                Some(Ok(owner)) if uid(owner) != identity.uid => owners.push(Owner::Dangling),
                Some(Ok(owner)) if is_deleting(owner) && has_finalizer(owner, FOREGROUND) => {
                    owners.push(Owner::Waiting);
                }
                Some(Ok(_)) => owners.push(Owner::Solid),
                Some(Err(error)) if is_about(error, &identity) => owners.push(Owner::Dangling),
                Some(Err(_)) => return Err(Decision::Unknown),
            }
        }
        if open.is_empty() { Ok(owners) } else { Err(Decision::Do(Plan::ask(open))) }
    }

    fn judge(
        &self,
        node: &Node,
        live: &Object,
        references: &[Value],
        owners: &[Owner],
    ) -> Decision {
        if owners.contains(&Owner::Solid) {
            let solid = |(_, owner): &(&Value, &Owner)| **owner == Owner::Solid;
            let keep: Vec<&Value> =
                references.iter().zip(owners).filter(solid).map(|(it, _)| it).collect();
            if keep.len() == references.len() {
                return Decision::Others(Vec::new());
            }
            return self.patch(node, live, &json!({"ownerReferences": keep}));
        }
        let waiting = owners.contains(&Owner::Waiting);
        if waiting && !node.dependents.is_empty() {
            // Two that wait for each other would wait for ever.
            let stuck = self.graph.dependents(node).any(|dependent| dependent.foreground);
            let blocking = references.iter().any(|it| it["blockOwnerDeletion"] == true);
            if stuck && blocking {
                let mut free = references.to_vec();
                for reference in &mut free {
                    reference["blockOwnerDeletion"] = false.into();
                }
                return self.patch(node, live, &json!({"ownerReferences": free}));
            }
            return self.delete(node, live, Propagation::Foreground);
        }
        let policy = match () {
            () if has_finalizer(live, ORPHAN) => Propagation::Orphan,
            () if has_finalizer(live, FOREGROUND) => Propagation::Foreground,
            () => Propagation::Background,
        };
        match self.elsewhere(node, references) {
            Some(told) => {
                let Decision::Do(mut plan) = self.delete(node, live, policy) else {
                    return Decision::Unknown;
                };
                plan.writes.insert(0, told);
                Decision::Do(plan)
            }
            None => self.delete(node, live, policy),
        }
    }

    /// Tells whose owner is said to be in this namespace and is in another.
    fn elsewhere(&self, node: &Node, references: &[Value]) -> Option<Write> {
        let names = references.iter().map(|it| Identity::named(it, &node.identity.namespace));
        let wrong = names.into_iter().find(|owner| self.graph.is_elsewhere(owner))?;
        let message = format!(
            "ownerRef [{}/{}, namespace: {}, name: {}, uid: {}] does not exist in namespace {:?}",
            wrong.api_version, wrong.kind, wrong.namespace, wrong.name, wrong.uid, wrong.namespace
        );
        let Identity { api_version, kind, namespace, name, uid } = node.identity.clone();
        let about = Reference { api_version, kind, namespace, name, uid, ..Reference::default() };
        let done = Some((Severity::Warning, "OwnerRefInvalidNamespace", message));
        let told = Told { about, done, refused: None };
        let write = self.write(node, Act::Tell)?;
        Some(Write { told: Some(told), ..write })
    }

    /// An object that goes after its dependents: those that keep it must go, and then it.
    fn wait_for_dependents(&self, node: &Node, live: &Object) -> Decision {
        let blocking = self.graph.dependents(node).filter(|it| it.blocks(&node.identity.uid));
        let blocking: Vec<&Node> = blocking.filter(|it| it.is_seen()).collect();
        if blocking.is_empty() {
            return self.patch(node, live, &json!({"finalizers": without(live, FOREGROUND)}));
        }
        let going = blocking.into_iter().filter(|dependent| !dependent.deleting);
        let tasks = going.map(|dependent| Task::Collect(dependent.identity.uid.clone()));
        Decision::Others(tasks.collect())
    }

    /// Frees an owner's dependents of it, and then lets it go.
    fn orphan(&self, node: &Node) -> Decision {
        if !node.finalizers.iter().any(|finalizer| finalizer == ORPHAN) {
            return Decision::Others(Vec::new());
        }
        let mut writes = Vec::new();
        for dependent in self.graph.dependents(node).filter(|dependent| dependent.is_seen()) {
            let named = |it: &&Value| it["uid"] == *node.identity.uid;
            let keep: Vec<&Value> = dependent.owners.iter().filter(|it| !named(it)).collect();
            let change = json!({"ownerReferences": keep});
            writes.extend(self.merge(dependent, &dependent.version, &change));
        }
        let keep: Vec<&Value> = node.finalizers.iter().filter(|it| **it != ORPHAN).collect();
        writes.extend(self.merge(node, &node.version, &json!({"finalizers": keep})));
        Decision::Do(Plan::of(writes))
    }

    fn write(&self, node: &Node, act: Act) -> Option<Write> {
        let (resource, _) = self.kinds.of(&node.identity)?;
        let key = Key::new(&node.identity.namespace, &node.identity.name);
        Some(Write::on(resource.clone(), key, act))
    }

    /// A change of metadata that holds for this state of this object only.
    fn merge(&self, node: &Node, version: &str, change: &Value) -> Option<Write> {
        let mut metadata = change.clone();
        metadata["uid"] = node.identity.uid.as_str().into();
        metadata["resourceVersion"] = version.into();
        self.write(node, Act::Patch(Patch::Merge(json!({"metadata": metadata})), ""))
    }

    fn patch(&self, node: &Node, live: &Object, change: &Value) -> Decision {
        let write = self.merge(node, client::resource_version(live), change);
        write.map_or(Decision::Unknown, |write| Decision::Do(Plan::of(vec![write])))
    }

    fn delete(&self, node: &Node, live: &Object, policy: Propagation) -> Decision {
        let options = DeleteOptions {
            uid: node.identity.uid.clone(),
            // Its owners were judged in this state of it.
            resource_version: client::resource_version(live).to_owned(),
            propagation: Some(policy),
            ..DeleteOptions::default()
        };
        let write = self.write(node, Act::Delete(options));
        write.map_or(Decision::Unknown, |write| Decision::Do(Plan::of(vec![write])))
    }
}

fn without<'a>(object: &'a Value, finalizer: &str) -> Vec<&'a Value> {
    list(object, "/metadata/finalizers").iter().filter(|each| **each != *finalizer).collect()
}

/// The refusal says that this very object does not exist, and not that its resource does not.
pub(super) fn is_about(error: &client::Error, identity: &Identity) -> bool {
    error.is_not_found() && error.status().is_some_and(|status| status.name == identity.name)
}
