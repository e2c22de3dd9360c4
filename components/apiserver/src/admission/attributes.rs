//! What a plugin is asked about: one write, who does it, and what there was before.
//!
//! Upstream: apiserver/pkg/admission/attributes.go and errors.go.

use super::rounds::Rounds;
use crate::{
    authentication::User,
    authorization::Requester,
    failure::{Failure, Named},
    object,
    registry::{Registry, Target, Writing},
};
use api::{resources::Resource, schema::GroupVersionKind};
use parking_lot::Mutex;
use serde_json::{Value, json};
use std::{collections::BTreeMap, fmt, sync::Arc};

/// What is being done.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub(crate) enum Operation {
    Create,
    Update,
    Delete,
    /// Somebody goes through a door: a terminal, a proxy.
    Connect,
}

impl Operation {
    /// `CREATE`.
    pub(crate) fn name(self) -> &'static str {
        match self {
            Self::Create => "CREATE",
            Self::Update => "UPDATE",
            Self::Delete => "DELETE",
            Self::Connect => "CONNECT",
        }
    }
}

impl fmt::Display for Operation {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(self.name())
    }
}

/// What plugins say besides their verdict. Cheap to clone; all clones share it.
#[derive(Clone, Debug, Default)]
pub(crate) struct Notes(Arc<Mutex<Said>>);

#[derive(Debug, Default)]
struct Said {
    warnings: Vec<String>,
    annotations: BTreeMap<String, String>,
}

impl Notes {
    /// Tells the client something, once.
    pub(crate) fn warn(&self, text: impl Into<String>) {
        let (text, warnings) = (text.into(), &mut self.0.lock().warnings);
        if !text.is_empty() && !warnings.contains(&text) {
            warnings.push(text);
        }
    }

    /// Tells the audit log something; what was said first under a key stays.
    pub(crate) fn annotate(&self, key: impl Into<String>, value: impl Into<String>) {
        self.0.lock().annotations.entry(key.into()).or_insert_with(|| value.into());
    }

    /// What the audit log is to be told.
    pub(crate) fn annotations(&self) -> BTreeMap<String, String> {
        self.0.lock().annotations.clone()
    }

    /// What the client is to be told.
    pub(crate) fn warnings(&self) -> Vec<String> {
        self.0.lock().warnings.clone()
    }
}

/// One write, as plugins see it.
#[derive(Clone, Debug)]
pub(crate) struct Attributes {
    pub(crate) operation: Operation,
    pub(crate) resource: Arc<Resource>,
    /// Of `object` and `old`: a subresource may have its own.
    pub(crate) kind: GroupVersionKind,
    /// Kind and resource of the request, where this is how another version tells of it.
    pub(super) requested: Option<(GroupVersionKind, Arc<Resource>)>,
    pub(crate) subresource: String,
    /// Empty for what is not in a namespace.
    pub(crate) namespace: String,
    /// Empty at a birth whose name is not made yet.
    pub(crate) name: String,
    /// As it is to be stored; null when something goes.
    pub(crate) object: Value,
    /// As it is stored, and what the write is conditional on; null at a birth.
    pub(crate) old: Value,
    /// `CreateOptions` and the like.
    pub(crate) options: Value,
    pub(crate) user: Arc<User>,
    /// Who judges what the user may; none: the server itself writes, which may do everything.
    pub(crate) requester: Option<Requester>,
    pub(crate) dry_run: bool,
    pub(crate) notes: Notes,
    pub(super) rounds: Rounds,
}

impl Attributes {
    /// A write of `object` over `old`, either of which may be null.
    pub(crate) fn new(
        operation: Operation,
        target: &Target,
        object: Value,
        old: Value,
        how: &Writing,
    ) -> Self {
        let resource = target.resource.clone();
        let name = match target.name.as_str() {
            "" => object::meta(&object, "name").to_owned(),
            name => name.to_owned(),
        };
        Self {
            operation,
            kind: kind_of(&resource, &target.subresource),
            requested: None,
            subresource: target.subresource.clone(),
            namespace: target.namespace.clone(),
            name,
            object,
            old,
            options: options(operation, how),
            user: how.user(),
            requester: how.requester.clone(),
            dry_run: how.dry_run,
            notes: how.notes.clone(),
            rounds: Rounds::default(),
            resource,
        }
    }

    /// The same write as another version tells of it, for who asked for that one
    /// (`matchPolicy: Equivalent`); none: it is told so already.
    ///
    /// # Errors
    /// The objects cannot be converted.
    pub(super) async fn told_as(
        &self,
        registry: &Registry,
        resource: &Arc<Resource>,
    ) -> Result<Option<Self>, Failure> {
        if Arc::ptr_eq(resource, &self.resource) {
            return Ok(None);
        }
        Ok(Some(Self {
            kind: kind_of(resource, &self.subresource),
            requested: Some((self.kind.clone(), self.resource.clone())),
            resource: resource.clone(),
            object: registry.as_version(resource, &self.object).await?,
            old: registry.as_version(resource, &self.old).await?,
            ..self.clone()
        }))
    }

    /// Whether it is about this resource, whatever its version.
    pub(crate) fn is(&self, group: &str, plural: &str) -> bool {
        self.resource.kind.group == group && self.resource.plural == plural
    }

    /// Whether it is about a whole object of this resource, and not a part of it.
    pub(crate) fn is_whole(&self, group: &str, plural: &str) -> bool {
        self.subresource.is_empty() && self.is(group, plural)
    }

    pub(crate) fn creates(&self) -> bool {
        self.operation == Operation::Create
    }

    pub(crate) fn updates(&self) -> bool {
        self.operation == Operation::Update
    }

    pub(crate) fn deletes(&self) -> bool {
        self.operation == Operation::Delete
    }

    /// The name that messages give the object: what it is made of where it is not made yet.
    fn shown_name(&self) -> &str {
        let meta = |name| object::meta(&self.object, name);
        let names = [self.name.as_str(), meta("name"), meta("generateName")];
        let unknown = if self.object.is_null() { "" } else { "Unknown" };
        names.into_iter().find(|name| !name.is_empty()).unwrap_or(unknown)
    }

    /// The resource and the object as messages name them.
    pub(crate) fn named(&self) -> Named<'_> {
        Named {
            group: &self.resource.kind.group,
            resource: &self.resource.plural,
            name: self.shown_name(),
        }
    }

    /// The write is not let through (NewForbidden).
    pub(crate) fn forbidden(&self, why: impl fmt::Display) -> Failure {
        Failure::forbidden(self.named(), &why.to_string())
    }
}

/// The kind that goes in and out at an object's door or at a subresource's.
fn kind_of(resource: &Resource, subresource: &str) -> GroupVersionKind {
    match resource.subresource(subresource) {
        Some(one) if one.kind.group.is_empty() && one.kind.version.is_empty() => {
            GroupVersionKind { kind: one.kind.kind.clone(), ..resource.kind.clone() }
        }
        Some(one) => one.kind.clone(),
        None => resource.kind.clone(),
    }
}

fn options(operation: Operation, how: &Writing) -> Value {
    let kind = match operation {
        Operation::Create => "CreateOptions",
        Operation::Update => "UpdateOptions",
        Operation::Delete => "DeleteOptions",
        Operation::Connect => return Value::Null,
    };
    let mut options = json!({"kind": kind, "apiVersion": "meta.k8s.io/v1"});
    if how.dry_run {
        options["dryRun"] = json!(["All"]);
    }
    if operation != Operation::Delete && !how.manager.is_empty() {
        options["fieldManager"] = how.manager.as_str().into();
    }
    options
}
