//! What clients are told of types and paths: OpenAPI v3, a document for each group and version, and
//! v2, which is one document for everything.
//!
//! Made from [`Schemas`], [`Resource`]s and what [`descriptions`] says of them. kubectl validates,
//! explains and merges by it.
//!
//! Upstream: `k8s.io/kube-openapi/pkg/builder3` and `apiserver/pkg/endpoints/installer.go`.

mod content;
mod custom;
mod gnostic;
mod names;
mod oddities;
mod operation;
mod parameters;
mod paths;
mod roots;
mod schema;
mod swagger;
mod well_known;
mod words;

pub use gnostic::encode;

use crate::{resources::Resource, schema::Schemas};
use descriptions::Descriptions;
use serde_json::{Map, Value, json};
use std::collections::{BTreeMap, BTreeSet};

/// What `$ref` begins with.
const COMPONENTS: &str = "#/components/schemas/";

/// The documents that a server with these resources has, by their paths below `/openapi/v3/`.
///
/// `api/v1`, `apis/apps/v1`, and the small ones about groups, the version and tokens' issuer.
#[derive(Clone, Debug)]
pub struct OpenApi<'a> {
    schemas: &'a Schemas,
    resources: &'a [&'a Resource],
    descriptions: Descriptions,
}

impl<'a> OpenApi<'a> {
    /// What these resources and their types make.
    pub fn new(schemas: &'a Schemas, resources: &'a [&'a Resource]) -> Self {
        Self { schemas, resources, descriptions: Descriptions::unpack() }
    }

    /// The paths of all documents, in alphabetical order.
    pub fn paths(&self) -> Vec<String> {
        let mut paths: BTreeSet<String> = roots::FIXED.iter().map(|&path| path.into()).collect();
        for resource in self.resources {
            let kind = &resource.kind;
            if kind.group.is_empty() {
                paths.insert(format!("api/{}", kind.version));
            } else {
                paths.insert(format!("apis/{}", kind.group));
                paths.insert(format!("apis/{}/{}", kind.group, kind.version));
            }
        }
        paths.into_iter().collect()
    }

    /// The document with that path; none where there is no such group or version.
    pub fn document(&self, path: &str) -> Option<Value> {
        let parts: Vec<&str> = path.split('/').collect();
        match parts[..] {
            ["api", version] => self.of_version("", version),
            ["apis", group, version] => self.of_version(group, version),
            ["apis", group] => {
                self.resources.iter().find(|one| one.kind.group == group)?;
                Some(self.finish(roots::group(group), "", ""))
            }
            _ => Some(self.finish(roots::fixed(path)?, "", "")),
        }
    }

    fn of_version(&self, group: &str, version: &str) -> Option<Value> {
        let mut all = BTreeMap::new();
        for resource in self.resources {
            if resource.kind.group == group && resource.kind.version == version {
                let mut own = paths::of(resource, self.schemas);
                if resource.custom.is_some() {
                    custom::restrict(&mut own);
                }
                all.extend(own);
            }
        }
        if all.is_empty() {
            return None;
        }
        all.extend(roots::version(group, version));
        Some(self.finish(all, group, version))
    }

    /// The schemas of a version's custom resources, by their names.
    fn defined(&self, group: &str, version: &str) -> BTreeMap<String, Value> {
        let own = self.resources.iter();
        let own = own.filter(|one| one.kind.group == group && one.kind.version == version);
        let custom = own.filter_map(|one| Some((one, one.custom.as_deref()?)));
        custom.flat_map(|(one, custom)| custom::schemas(one, custom, &self.descriptions)).collect()
    }

    /// A built-in type, as the document of `group` and `version` has it.
    fn built_in(&self, name: &str, group: &str, version: &str) -> Option<Value> {
        let mut found = schema::named(self.schemas, name, group, version)?;
        words::describe(&self.descriptions, name, &mut found);
        Some(found)
    }

    /// Adds to paths what they refer to.
    fn finish(&self, paths: BTreeMap<String, Value>, group: &str, version: &str) -> Value {
        let paths: Value = paths.into_iter().collect();
        let mut schemas = Map::new();
        let mut missing = BTreeSet::new();
        references(&paths, &mut missing);
        let defined = self.defined(group, version);
        while let Some(name) = missing.pop_first() {
            if schemas.contains_key(&name) {
                continue;
            }
            let found = defined.get(&name).cloned();
            let found = found.or_else(|| self.built_in(&name, group, version));
            let Some(found) = found else { continue };
            references(&found, &mut missing);
            schemas.insert(name, found);
        }
        let mut components = json!({"securitySchemes": {"BearerToken": {
            "type": "apiKey", "name": "authorization", "in": "header",
        }}});
        if !schemas.is_empty() {
            components["schemas"] = schemas.into();
        }
        json!({
            "openapi": "3.0.0",
            "info": {"title": "Kubernetes", "version": "unversioned"},
            "paths": paths,
            "components": components,
        })
    }
}

/// Collects the names of the schemas that a value refers to.
fn references(value: &Value, found: &mut BTreeSet<String>) {
    match value {
        Value::Object(members) => {
            for (name, member) in members {
                match member.as_str().filter(|_| name == "$ref") {
                    Some(target) => {
                        found.extend(target.strip_prefix(COMPONENTS).map(str::to_owned));
                    }
                    None => references(member, found),
                }
            }
        }
        Value::Array(items) => items.iter().for_each(|item| references(item, found)),
        Value::Null | Value::Bool(_) | Value::Number(_) | Value::String(_) => {}
    }
}

/// A reference to a schema.
fn reference(name: &str) -> Value {
    json!({"$ref": format!("{COMPONENTS}{name}")})
}
