//! The paths of a resource, and the operations at each.
//!
//! Upstream: `registerResourceHandlers` in `apiserver/pkg/endpoints/installer.go`.

use super::{
    operation::{About, Operation},
    parameters::shared,
};
use crate::{
    resources::{Resource, Subresource},
    schema::{GroupVersionKind, Schemas},
};
use serde_json::Value;
use std::collections::BTreeMap;

type Paths = BTreeMap<String, Value>;

/// All methods that are passed on.
const METHODS: [&str; 7] = ["delete", "get", "head", "options", "patch", "post", "put"];

/// Where a group's version is served: `/apis/apps/v1`.
pub(super) fn root(group: &str, version: &str) -> String {
    match group.is_empty() {
        true => format!("/api/{version}"),
        false => format!("/apis/{group}/{version}"),
    }
}

/// A resource's paths.
pub(super) fn of(resource: &Resource, schemas: &Schemas) -> Paths {
    let kind = &resource.kind;
    let root = root(&kind.group, &kind.version);
    let (plural, namespaced) = (&resource.plural, resource.namespaced);
    let space = if namespaced { "/namespaces/{namespace}" } else { "" };
    let about = About { resource, schemas, kind, subresource: "", namespaced };
    let has = |verb: &str| resource.verbs.iter().any(|one| one == verb);
    let mut paths = Paths::new();
    let mut add = |path: String, operations: Vec<(&'static str, Operation)>| {
        if !operations.is_empty() {
            paths.insert(path, shared(operations.into_iter().collect()));
        }
    };
    add(format!("{root}{space}/{plural}"), of_collection(&about, &has));
    add(format!("{root}{space}/{plural}/{{name}}"), of_object(&about, &has));
    if has("watch") {
        let watches = format!("{root}/watch{space}/{plural}");
        add(watches.clone(), vec![("get", about.watch(false))]);
        add(format!("{watches}/{{name}}"), vec![("get", about.watch(true))]);
    }
    let everywhere = About { namespaced: false, ..about };
    if namespaced && has("list") {
        add(format!("{root}/{plural}"), vec![("get", everywhere.list())]);
        add(format!("{root}/watch/{plural}"), vec![("get", everywhere.watch(false))]);
    }
    for sub in &resource.subresources {
        let kind = kind_of(resource, sub);
        let about = About { kind: &kind, subresource: &sub.name, ..about };
        let path = format!("{root}{space}/{plural}/{{name}}/{}", sub.name);
        if let "attach" | "exec" | "portforward" | "proxy" = sub.name.as_str() {
            add(path.clone(), connections(&about, false));
            if sub.name == "proxy" {
                add(format!("{path}/{{path}}"), connections(&about, true));
            }
        } else {
            add(path, of_subresource(&about, sub));
        }
    }
    paths
}

/// A subresource's kind with its group and version, which are its resource's unless it says so.
fn kind_of(resource: &Resource, sub: &Subresource) -> GroupVersionKind {
    let own = sub.kind.version.is_empty();
    let home = if own { &resource.kind } else { &sub.kind };
    GroupVersionKind { kind: sub.kind.kind.clone(), ..home.clone() }
}

fn of_collection(about: &About<'_>, has: &dyn Fn(&str) -> bool) -> Vec<(&'static str, Operation)> {
    let mut all = Vec::new();
    if has("list") {
        all.push(("get", about.list()));
    }
    if has("create") {
        all.push(("post", about.create(false)));
    }
    if has("deletecollection") {
        all.push(("delete", about.delete_collection()));
    }
    all
}

fn of_object(about: &About<'_>, has: &dyn Fn(&str) -> bool) -> Vec<(&'static str, Operation)> {
    let mut all = Vec::new();
    if has("get") {
        all.push(("get", about.get()));
    }
    if has("update") {
        all.push(("put", about.update()));
    }
    if has("patch") {
        all.push(("patch", about.patch()));
    }
    if has("delete") {
        all.push(("delete", about.delete()));
    }
    all
}

fn of_subresource(about: &About<'_>, sub: &Subresource) -> Vec<(&'static str, Operation)> {
    let has = |verb: &str| sub.verbs.iter().any(|one| one == verb);
    let mut all = of_object(about, &has);
    if has("create") {
        all.push(("post", about.create(true)));
    }
    all
}

/// Ways through to a node, a pod or a service: proxies pass all methods on, others begin streams.
fn connections(about: &About<'_>, rest: bool) -> Vec<(&'static str, Operation)> {
    let methods = match about.subresource {
        "proxy" => METHODS.to_vec(),
        _ => vec!["get", "post"],
    };
    methods.into_iter().map(|method| (method, about.connect(method, rest))).collect()
}
