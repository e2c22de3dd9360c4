//! What other servers say of their resources: discovery and the index of OpenAPI. What they said last
//! is kept while they do not answer, and marked as stale.
//!
//! Upstream: kube-aggregator/pkg/apiserver/handler_discovery.go and pkg/controllers/openapiv3.

use super::{Aggregator, Extension, Extensions, availability::ask};
use host::Instant;
use serde_json::{Value, json};
use std::{collections::BTreeMap, sync::Arc, time::Duration};

/// What is known is asked for again after this long.
const AGAIN: Duration = Duration::from_secs(60);
/// The form of discovery that has everything in it.
const WHOLE: &str = "application/json;g=apidiscovery.k8s.io;v=v2;as=APIGroupDiscoveryList,\
                     application/json";

/// What one said.
#[derive(Debug)]
struct Said {
    extension: Arc<Extension>,
    /// Its resources, as aggregated discovery tells them; null before anything was said.
    resources: Value,
    /// The address of its OpenAPI document.
    openapi: Option<String>,
    /// It answered when it was last asked.
    current: bool,
    at: Instant,
}

/// What all of them said, by the names of their `APIService`s.
#[derive(Debug, Default)]
pub(super) struct Documents(BTreeMap<String, Said>);

impl Documents {
    /// Forgets those that are gone.
    pub(super) fn keep(&mut self, all: &Extensions) {
        self.0.retain(|name, _| all.values().any(|one| one.name == *name));
    }

    /// `APIVersionDiscovery`.
    pub(super) fn version(&self, extension: &Extension) -> Value {
        let said = self.0.get(&extension.name);
        let current = said.is_some_and(|said| said.current);
        let mut version = json!({
            "version": extension.version,
            "freshness": if current { "Current" } else { "Stale" },
        });
        if let Some(resources) = said.map(|said| &said.resources).filter(|it| it.is_array()) {
            version["resources"] = resources.clone();
        }
        version
    }

    /// OpenAPI's paths, with their addresses.
    pub(super) fn openapi(&self, all: &Extensions) -> BTreeMap<String, String> {
        let found = all.values().filter_map(|extension| {
            let address = self.0.get(&extension.name)?.openapi.clone()?;
            Some((extension.path().trim_start_matches('/').to_owned(), address))
        });
        found.collect()
    }
}

/// Asks one what it has, where it is time to; one that is not there keeps what it said.
pub(super) async fn refresh(aggregator: &Aggregator, extension: &Arc<Extension>, there: bool) {
    let now = aggregator.registry.host.now();
    let known = {
        let documents = aggregator.documents.lock();
        let said = documents.0.get(&extension.name);
        said.is_some_and(|said| {
            let same = said.extension.is_at_same_place(extension);
            said.current && same && now < said.at + AGAIN
        })
    };
    if known && there {
        return;
    }
    let resources = if there { resources(aggregator, extension).await } else { None };
    let openapi = if there { openapi(aggregator, extension).await } else { None };
    let mut documents = aggregator.documents.lock();
    let before = documents.0.remove(&extension.name);
    let before = before.filter(|said| said.extension.is_at_same_place(extension));
    let current = resources.is_some();
    let (last, address) = before.map_or((Value::Null, None), |said| (said.resources, said.openapi));
    let said = Said {
        extension: extension.clone(),
        resources: resources.unwrap_or(last),
        openapi: openapi.or(address),
        current,
        at: now,
    };
    documents.0.insert(extension.name.clone(), said);
}

async fn document(aggregator: &Aggregator, extension: &Extension, path: &str) -> Option<Value> {
    let tls = extension.tls.as_ref().ok()?;
    let (_, reply) = ask(aggregator, extension, tls, path, WHOLE).await.ok()?;
    let reply = reply.ok().filter(|reply| reply.status.is_success())?;
    serde_json::from_slice(&reply.body).ok()
}

async fn resources(aggregator: &Aggregator, extension: &Extension) -> Option<Value> {
    let root = if extension.group.is_empty() { "/api" } else { "/apis" };
    if let Some(found) = document(aggregator, extension, root).await
        && found["kind"] == "APIGroupDiscoveryList"
    {
        return Some(of_whole(&found, extension));
    }
    let list = document(aggregator, extension, &extension.path()).await?;
    Some(of_list(&list, extension))
}

async fn openapi(aggregator: &Aggregator, extension: &Extension) -> Option<String> {
    let index = document(aggregator, extension, "/openapi/v3").await?;
    let path = extension.path();
    let found = &index["paths"][path.trim_start_matches('/')]["serverRelativeURL"];
    found.as_str().map(str::to_owned)
}

/// The version's resources in a document about all groups.
fn of_whole(document: &Value, extension: &Extension) -> Value {
    let list = |value: &Value| value.as_array().cloned().unwrap_or_default();
    let groups = list(&document["items"]).into_iter();
    let group = groups
        .filter(|group| group["metadata"]["name"].as_str().unwrap_or_default() == extension.group);
    let mut versions = group.flat_map(|group| list(&group["versions"]));
    let found = versions.find(|version| version["version"] == extension.version.as_str());
    found.map_or_else(|| json!([]), |version| list(&version["resources"]).into())
}

/// The same of an `APIResourceList` (ConvertGroupVersionIntoToDiscovery).
fn of_list(list: &Value, extension: &Extension) -> Value {
    let rows: Vec<&Value> = list["resources"].as_array().into_iter().flatten().collect();
    let name = |row: &Value| row["name"].as_str().unwrap_or_default().to_owned();
    let kind = |row: &Value| {
        let own = |member: &str, own: &str| {
            row[member].as_str().filter(|text| !text.is_empty()).unwrap_or(own).to_owned()
        };
        json!({
            "group": own("group", &extension.group),
            "version": own("version", &extension.version),
            "kind": row["kind"],
        })
    };
    let mut found = Vec::new();
    for row in rows.iter().filter(|row| !name(row).contains('/')) {
        let plural = name(row);
        let mut resource = json!({
            "resource": plural, "responseKind": kind(row), "verbs": row["verbs"],
            "scope": if row["namespaced"] == true { "Namespaced" } else { "Cluster" },
            "singularResource": row["singularName"].as_str().unwrap_or_default(),
        });
        for member in ["shortNames", "categories"] {
            if row[member].is_array() {
                resource[member] = row[member].clone();
            }
        }
        let parts = rows.iter().filter_map(|row| {
            let part = name(row).strip_prefix(&format!("{plural}/"))?.to_owned();
            Some(json!({
                "subresource": part, "responseKind": kind(row), "verbs": row["verbs"],
            }))
        });
        let parts: Vec<Value> = parts.collect();
        if !parts.is_empty() {
            resource["subresources"] = parts.into();
        }
        found.push(resource);
    }
    found.into()
}

#[cfg(test)]
mod tests {
    use super::*;

    fn extension() -> Extension {
        let told = json!({
            "metadata": {"name": "v1.example.com"},
            "spec": {"group": "example.com", "version": "v1", "service": {"name": "s", "namespace": "n"}},
        });
        Extension::plain(&told)
    }

    #[test]
    fn lists_of_old_are_told_as_new_ones() {
        let list = json!({"resources": [
            {"name": "lamps", "singularName": "lamp", "namespaced": true, "kind": "Lamp",
             "verbs": ["get"], "shortNames": ["l"]},
            {"name": "lamps/status", "singularName": "", "namespaced": true, "kind": "Lamp",
             "verbs": ["patch"]},
        ]});
        let kind = json!({"group": "example.com", "version": "v1", "kind": "Lamp"});
        assert_eq!(
            of_list(&list, &extension()),
            json!([{
                "resource": "lamps", "responseKind": kind, "verbs": ["get"], "scope": "Namespaced",
                "singularResource": "lamp", "shortNames": ["l"],
                "subresources": [
                    {"subresource": "status", "responseKind": kind, "verbs": ["patch"]},
                ],
            }])
        );
    }

    #[test]
    fn who_said_nothing_is_stale() {
        let version = Documents::default().version(&extension());
        assert_eq!(version, json!({"version": "v1", "freshness": "Stale"}));
    }

    #[test]
    fn of_all_groups_one_version_is_taken() {
        let document = json!({"items": [{"metadata": {"name": "example.com"}, "versions": [
            {"version": "v2", "resources": []}, {"version": "v1", "resources": [{"resource": "a"}]},
        ]}]});
        assert_eq!(of_whole(&document, &extension()), json!([{"resource": "a"}]));
    }
}
