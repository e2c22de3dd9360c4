//! What is served: groups, versions, resources; one document at a time, or all in one.
//!
//! Upstream: apiserver/pkg/endpoints/discovery and its package aggregated.

use super::{Server, answer, negotiation};
use crate::aggregation::priorities;
use api::{
    resources::{Resource, Subresource},
    schema::GroupVersionKind,
};
use bytes::Bytes;
use http::{HeaderValue, StatusCode, header};
use serde_json::{Map, Value, json};
use wire::Response;

/// What an aggregated document must say that it is: clients take it for the old form otherwise.
const AGGREGATED: &str = "application/json;g=apidiscovery.k8s.io;v=v2;as=APIGroupDiscoveryList";

impl Server {
    /// Answers with a discovery document; none: the path is none's.
    pub(super) fn discovery(&self, path: &str, accept: Option<&str>) -> Option<Response> {
        let parts: Vec<&str> = path.split('/').skip(1).collect();
        let document = match parts[..] {
            ["api" | "apis"] if negotiation::aggregated_discovery(accept) => {
                let body = self.aggregated(parts[0] == "api");
                let mut response = answer::json(StatusCode::OK, body);
                let media = HeaderValue::from_static(AGGREGATED);
                response.headers_mut().insert(header::CONTENT_TYPE, media);
                response.headers_mut().insert(header::VARY, HeaderValue::from_static("Accept"));
                return Some(response);
            }
            ["api"] => json!({
                "kind": "APIVersions",
                "versions": ["v1"],
                "serverAddressByClientCIDRs": [
                    {"clientCIDR": "0.0.0.0/0", "serverAddress": self.config.listen.to_string()},
                ],
            }),
            ["api", version] => self.resources("", version)?,
            ["apis"] => {
                let groups: Vec<Value> =
                    self.groups().iter().filter_map(|group| self.group(group)).collect();
                json!({"kind": "APIGroupList", "apiVersion": "v1", "groups": groups})
            }
            ["apis", group] => {
                let mut document = self.group(group)?;
                document["kind"] = "APIGroup".into();
                document["apiVersion"] = "v1".into();
                document
            }
            ["apis", group, version] => self.resources(group, version)?,
            _ => return None,
        };
        Some(answer::value(StatusCode::OK, &document))
    }

    /// The groups but for the core, in the order of discovery.
    fn groups(&self) -> Vec<String> {
        let mut groups: Vec<String> = Vec::new();
        for resource in self.registry.table().told() {
            let group = &resource.kind.group;
            if !group.is_empty() && !groups.contains(group) {
                groups.push(group.clone());
            }
        }
        match &self.aggregator {
            Some(aggregator) => priorities::groups(groups, &aggregator.extensions()),
            None => groups,
        }
    }

    /// A group's versions, the preferred one first.
    fn versions(&self, group: &str) -> Vec<String> {
        let mut versions: Vec<String> = Vec::new();
        for resource in self.registry.table().told() {
            let kind = &resource.kind;
            if kind.group == group && !versions.contains(&kind.version) {
                versions.push(kind.version.clone());
            }
        }
        match &self.aggregator {
            Some(aggregator) => priorities::versions(group, versions, &aggregator.extensions()),
            None => versions,
        }
    }

    fn group(&self, group: &str) -> Option<Value> {
        let versions: Vec<Value> = self
            .versions(group)
            .into_iter()
            .map(
                |version| json!({"groupVersion": format!("{group}/{version}"), "version": version}),
            )
            .collect();
        let preferred = versions.first()?.clone();
        Some(json!({"name": group, "versions": versions, "preferredVersion": preferred}))
    }

    /// `APIResourceList`, a row for each resource and each subresource.
    fn resources(&self, group: &str, version: &str) -> Option<Value> {
        let mut rows = Vec::new();
        let mut version_of_group = String::new();
        for resource in self.registry.table().told() {
            if resource.kind.group != group || resource.kind.version != version {
                continue;
            }
            version_of_group = resource.kind.api_version();
            rows.push(row(resource));
            rows.extend(resource.subresources.iter().map(|sub| sub_row(resource, sub)));
        }
        if rows.is_empty() {
            return None;
        }
        let mut document = json!({
            "kind": "APIResourceList", "groupVersion": version_of_group, "resources": rows,
        });
        if !group.is_empty() {
            document["apiVersion"] = "v1".into();
        }
        Some(document)
    }

    /// `APIGroupDiscoveryList`, of the core group or of all others.
    fn aggregated(&self, core: bool) -> Bytes {
        let groups = if core { vec![String::new()] } else { self.groups() };
        let items: Vec<Value> = groups
            .iter()
            .map(|group| {
                let versions: Vec<Value> = self
                    .versions(group)
                    .iter()
                    .map(|version| self.aggregated_version(group, version))
                    .collect();
                let mut metadata = Map::new();
                if !group.is_empty() {
                    metadata.insert("name".into(), group.as_str().into());
                }
                metadata.insert("creationTimestamp".into(), Value::Null);
                json!({"metadata": metadata, "versions": versions})
            })
            .collect();
        let document = json!({
            "kind": "APIGroupDiscoveryList", "apiVersion": "apidiscovery.k8s.io/v2",
            "metadata": {}, "items": items,
        });
        document.to_string().into()
    }

    fn aggregated_version(&self, group: &str, version: &str) -> Value {
        if let Some(aggregator) = &self.aggregator
            && let Some(extension) =
                aggregator.extensions().get(&(group.to_owned(), version.to_owned()))
        {
            return aggregator.version(extension);
        }
        let resources: Vec<Value> = self
            .registry
            .table()
            .told()
            .filter(|one| one.kind.group == group && one.kind.version == version)
            .map(aggregated_row)
            .collect();
        json!({"version": version, "resources": resources, "freshness": "Current"})
    }
}

fn row(resource: &Resource) -> Value {
    let mut row = json!({
        "name": resource.plural,
        "singularName": resource.singular,
        "namespaced": resource.namespaced,
        "kind": resource.kind.kind,
        "verbs": resource.verbs,
    });
    if !resource.short_names.is_empty() {
        row["shortNames"] = json!(resource.short_names);
    }
    if !resource.categories.is_empty() {
        row["categories"] = json!(resource.categories);
    }
    row
}

fn sub_row(resource: &Resource, sub: &Subresource) -> Value {
    let mut row = json!({
        "name": format!("{}/{}", resource.plural, sub.name),
        "singularName": "",
        "namespaced": resource.namespaced,
        "kind": sub.kind.kind,
        "verbs": sub.verbs,
    });
    if !sub.kind.version.is_empty() {
        row["group"] = sub.kind.group.as_str().into();
        row["version"] = sub.kind.version.as_str().into();
    }
    row
}

fn aggregated_row(resource: &Resource) -> Value {
    let mut row = json!({
        "resource": resource.plural,
        "responseKind": kind(resource, &resource.kind),
        "scope": if resource.namespaced { "Namespaced" } else { "Cluster" },
        "singularResource": resource.singular,
        "verbs": resource.verbs,
    });
    if !resource.short_names.is_empty() {
        row["shortNames"] = json!(resource.short_names);
    }
    if !resource.categories.is_empty() {
        row["categories"] = json!(resource.categories);
    }
    let subs: Vec<Value> = resource
        .subresources
        .iter()
        .map(|sub| {
            json!({
                "subresource": sub.name,
                "responseKind": kind(resource, &sub.kind),
                "verbs": sub.verbs,
            })
        })
        .collect();
    if !subs.is_empty() {
        row["subresources"] = subs.into();
    }
    row
}

/// A kind; its group and version are left out where they are the resource's own.
fn kind(resource: &Resource, kind: &GroupVersionKind) -> Value {
    if resource.custom.is_some() {
        let home = if kind.version.is_empty() { &resource.kind } else { kind };
        return json!({"group": home.group, "version": home.version, "kind": kind.kind});
    }
    let own = kind.version.is_empty()
        || (kind.group == resource.kind.group && kind.version == resource.kind.version);
    let (group, version) = match own {
        true => ("", ""),
        false => (kind.group.as_str(), kind.version.as_str()),
    };
    json!({"group": group, "version": version, "kind": kind.kind})
}
