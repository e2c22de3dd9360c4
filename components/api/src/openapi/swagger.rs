//! OpenAPI v2: one document for everything, made of v3's documents.
//!
//! Upstream: `kube-openapi/pkg/builder` (openapi.go), and `PruneDefaults` of its handler.

mod operations;
mod parameters;
mod schemas;

use super::{OpenApi, custom};
use parameters::Shared;
use serde_json::{Map, Value, json};
use std::collections::BTreeMap;

/// Where types and parameters stand.
const DEFINITIONS: &str = "#/definitions/";
const PARAMETERS: &str = "#/parameters/";
const KINDS: &str = "x-kubernetes-group-version-kind";

impl OpenApi<'_> {
    /// The document of the second version; `version` is the server's, such as `v1.36.2`.
    pub fn swagger(&self, version: &str) -> Value {
        let (mut paths, mut definitions) = (Map::new(), BTreeMap::new());
        let mut shared = Shared::default();
        for path in self.paths() {
            let Some(mut document) = self.document(&path) else { continue };
            for (path, operations) in taken(&mut document["paths"]) {
                paths.insert(path, operations::path(operations, &mut shared));
            }
            for (name, schema) in taken(&mut document["components"]["schemas"]) {
                define(&mut definitions, name, schema);
            }
        }
        definitions.extend(self.reduced());
        json!({
            "swagger": "2.0",
            "info": {"title": "Kubernetes", "version": version},
            "paths": paths,
            "definitions": definitions.into_iter().collect::<Map<_, _>>(),
            "parameters": shared.definitions(),
            "securityDefinitions": {"BearerToken": {
                "description": "Bearer Token authentication",
                "type": "apiKey",
                "name": "authorization",
                "in": "header",
            }},
            "security": [{"BearerToken": []}],
        })
    }

    /// Custom resources, of which v2 can tell less.
    fn reduced(&self) -> BTreeMap<String, Value> {
        let mut all = BTreeMap::new();
        for resource in self.resources {
            let Some(custom) = resource.custom.as_deref() else { continue };
            let [(name, own), (list, many)] = custom::schemas(resource, custom, &self.descriptions);
            all.insert(name, schemas::second(schemas::reduced(own)));
            all.insert(list, schemas::second(many));
        }
        all
    }
}

fn taken(value: &mut Value) -> Map<String, Value> {
    value.as_object_mut().map(std::mem::take).unwrap_or_default()
}

/// Adds a type, or what another document says of its kinds.
fn define(definitions: &mut BTreeMap<String, Value>, name: String, schema: Value) {
    let Some(known) = definitions.get_mut(&name) else {
        let schema = schemas::named(&name).unwrap_or_else(|| schemas::second(schema));
        definitions.insert(name, schema);
        return;
    };
    let Some(Value::Array(kinds)) = known.get_mut(KINDS) else { return };
    for kind in schema[KINDS].as_array().into_iter().flatten() {
        if !kinds.contains(kind) {
            kinds.push(kind.clone());
        }
    }
}
