//! One operation on a resource: its name, its parameters, what goes in and what comes out.

use super::{
    content::{self, Answer},
    custom,
    names::{capitalized, group, tag},
    parameters::{self, NAME, NAMESPACE, PRETTY, Parameter},
};
use crate::{
    resources::Resource,
    schema::{GroupVersionKind, Schemas},
};
use serde_json::{Value, json};

const META: &str = "io.k8s.apimachinery.pkg.apis.meta.v1.";

/// Resources of which a deletion answers with the object; others answer with a status.
const RETURN_DELETED: &[(&str, &str)] = &[
    ("", "persistentvolumeclaims"),
    ("", "persistentvolumes"),
    ("", "pods"),
    ("", "podtemplates"),
    ("", "resourcequotas"),
    ("", "serviceaccounts"),
    ("", "services"),
    ("resource.k8s.io", "deviceclasses"),
    ("resource.k8s.io", "resourceclaims"),
    ("resource.k8s.io", "resourceclaimtemplates"),
    ("resource.k8s.io", "resourceslices"),
    ("storage.k8s.io", "csidrivers"),
    ("storage.k8s.io", "csinodes"),
    ("storage.k8s.io", "storageclasses"),
    ("storage.k8s.io", "volumeattachments"),
    ("storage.k8s.io", "volumeattributesclasses"),
];

/// Parameters, and the rest of the operation.
pub(super) type Operation = (Vec<Parameter>, Value);

/// What operations are made from: a resource, or a part of its objects.
#[derive(Clone, Copy, Debug)]
pub(super) struct About<'a> {
    pub(super) resource: &'a Resource,
    pub(super) schemas: &'a Schemas,
    /// The kind that goes in and out.
    pub(super) kind: &'a GroupVersionKind,
    /// `status`; empty for the object itself.
    pub(super) subresource: &'a str,
    /// Whether the path has a namespace in it.
    pub(super) namespaced: bool,
}

impl About<'_> {
    /// OpenAPI's name of the type that goes in and out.
    fn object(&self) -> String {
        self.type_of(&self.kind.kind)
    }

    fn type_of(&self, kind: &str) -> String {
        let kind = GroupVersionKind { kind: kind.to_owned(), ..self.kind.clone() };
        let own = (&kind.group, &kind.version)
            == (&self.resource.kind.group, &self.resource.kind.version);
        if own && self.resource.custom.is_some() {
            return custom::name(&kind);
        }
        let found = self.schemas.of(&kind);
        found.map(|id| self.schemas.at(id).name.clone()).unwrap_or_default()
    }

    /// `Namespaced` where a name says so, and the kind.
    fn noun(&self) -> String {
        let scope = if self.namespaced { "Namespaced" } else { "" };
        format!("{scope}{}{}", self.resource.kind.kind, capitalized(self.subresource))
    }

    /// The group and version in an operation's name.
    fn home(&self) -> String {
        let kind = &self.resource.kind;
        format!("{}{}", group(&kind.group), capitalized(&kind.version))
    }

    /// What follows the noun where a collection is that of all namespaces.
    fn everywhere(&self) -> &'static str {
        if self.resource.namespaced && !self.namespaced { "ForAllNamespaces" } else { "" }
    }

    fn operation(&self, action: &str, id: &str, responses: Value) -> Value {
        let own = &self.resource.kind;
        let GroupVersionKind { group, version, kind } = self.kind;
        json!({
            "operationId": id,
            "tags": [tag(&own.group, &own.version)],
            "responses": responses,
            "x-kubernetes-action": action,
            "x-kubernetes-group-version-kind": {"group": group, "version": version, "kind": kind},
        })
    }

    /// What stands in the path, and the parameters of this operation.
    fn parameters(&self, named: bool, own: &[Parameter]) -> Vec<Parameter> {
        let mut all = own.to_vec();
        if named {
            all.push(NAME);
        }
        if self.namespaced {
            all.push(NAMESPACE);
        }
        all
    }

    fn pretty(&self, named: bool, own: &[Parameter]) -> Vec<Parameter> {
        let mut all = self.parameters(named, own);
        all.push(PRETTY);
        all
    }

    pub(super) fn get(&self) -> Operation {
        let id = format!("read{}{}", self.home(), self.noun());
        let answer = match self.subresource {
            "log" => Answer::Log,
            _ => Answer::Object(self.object()),
        };
        let own = parameters::of_subresource(self.subresource);
        let operation = self.operation("get", &id, content::responses(&answer, &[200]));
        (self.pretty(true, own), operation)
    }

    pub(super) fn list(&self) -> Operation {
        let id = format!("list{}{}{}", self.home(), self.noun(), self.everywhere());
        let plain = || format!("{}List", self.kind.kind);
        let kind = self.resource.custom.as_ref().map_or_else(plain, |one| one.list_kind.clone());
        let answer = Answer::List(self.type_of(&kind));
        let operation = self.operation("list", &id, content::responses(&answer, &[200]));
        (self.pretty(false, parameters::LIST), operation)
    }

    /// The deprecated form of a watch, with a path of its own.
    pub(super) fn watch(&self, named: bool) -> Operation {
        let (action, list) = if named { ("watch", "") } else { ("watchlist", "List") };
        let everywhere = if named { "" } else { self.everywhere() };
        let id = format!("watch{}{}{list}{everywhere}", self.home(), self.noun());
        let answer = Answer::List(format!("{META}WatchEvent"));
        let operation = self.operation(action, &id, content::responses(&answer, &[200]));
        (self.pretty(named, parameters::LIST), operation)
    }

    pub(super) fn create(&self, named: bool) -> Operation {
        let id = format!("create{}{}", self.home(), self.noun());
        let answer = Answer::Object(self.object());
        let responses = content::responses(&answer, &[200, 201, 202]);
        let mut operation = self.operation("post", &id, responses);
        operation["requestBody"] = content::body(&self.object(), true);
        (self.pretty(named, parameters::CREATE), operation)
    }

    pub(super) fn update(&self) -> Operation {
        let id = format!("replace{}{}", self.home(), self.noun());
        let responses = content::responses(&Answer::Object(self.object()), &[200, 201]);
        let mut operation = self.operation("put", &id, responses);
        operation["requestBody"] = content::body(&self.object(), true);
        (self.pretty(true, parameters::CREATE), operation)
    }

    pub(super) fn patch(&self) -> Operation {
        let id = format!("patch{}{}", self.home(), self.noun());
        let responses = content::responses(&Answer::Object(self.object()), &[200, 201]);
        let mut operation = self.operation("patch", &id, responses);
        operation["requestBody"] = content::patch();
        (self.pretty(true, parameters::PATCH), operation)
    }

    pub(super) fn delete(&self) -> Operation {
        let id = format!("delete{}{}", self.home(), self.noun());
        let of = (self.kind.group.as_str(), self.resource.plural.as_str());
        let answer = match RETURN_DELETED.contains(&of) {
            true => Answer::Object(self.object()),
            false => Answer::Object(format!("{META}Status")),
        };
        let responses = content::responses(&answer, &[200, 202]);
        let mut operation = self.operation("delete", &id, responses);
        operation["requestBody"] = content::body(&format!("{META}DeleteOptions"), false);
        (self.pretty(true, parameters::DELETE), operation)
    }

    pub(super) fn delete_collection(&self) -> Operation {
        let id = format!("delete{}Collection{}", self.home(), self.noun());
        let answer = Answer::Object(format!("{META}Status"));
        let responses = content::responses(&answer, &[200]);
        let mut operation = self.operation("deletecollection", &id, responses);
        operation["requestBody"] = content::body(&format!("{META}DeleteOptions"), false);
        (self.pretty(false, parameters::DELETE_COLLECTION), operation)
    }

    /// A way through to something else; `rest`: with a path of its own behind it.
    pub(super) fn connect(&self, method: &str, rest: bool) -> Operation {
        let suffix = if rest { "WithPath" } else { "" };
        let id = format!("connect{}{}{}{suffix}", self.home(), capitalized(method), self.noun());
        let operation = self.operation("connect", &id, content::responses(&Answer::Text, &[200]));
        let mut all = self.parameters(true, parameters::of_subresource(self.subresource));
        if rest {
            all.push(parameters::PATH);
        }
        (all, operation)
    }
}
