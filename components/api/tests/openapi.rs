//! OpenAPI's documents of the built-in resources.

use api::{
    openapi::{OpenApi, encode},
    resources,
    schema::Schemas,
};
use serde_json::{Map, Value};
use std::{collections::BTreeSet, fmt::Write, sync::LazyLock};

/// All documents by their paths.
static DOCUMENTS: LazyLock<Map<String, Value>> = LazyLock::new(documents);

fn documents() -> Map<String, Value> {
    let (schemas, resources) = (Schemas::built_in(), resources::built_in());
    let resources: Vec<_> = resources.iter().collect();
    let openapi = OpenApi::new(&schemas, &resources);
    let one = |path: String| {
        let document = openapi.document(&path).expect("a document of its own list");
        (path, document)
    };
    openapi.paths().into_iter().map(one).collect()
}

fn operations(document: &Value) -> impl Iterator<Item = (&String, &String, &Value)> {
    let paths = document["paths"].as_object().into_iter().flatten();
    paths.flat_map(|(path, of)| {
        let verbs = of.as_object().into_iter().flatten().filter(|(verb, _)| *verb != "parameters");
        verbs.map(move |(verb, operation)| (path, verb, operation))
    })
}

#[test]
fn there_is_as_much_as_upstream_has() {
    let documents = &*DOCUMENTS;
    let mut schemas = BTreeSet::new();
    let (mut paths, mut count) = (0, 0);
    for document in documents.values() {
        schemas
            .extend(document["components"]["schemas"].as_object().into_iter().flat_map(Map::keys));
        paths += document["paths"].as_object().map_or(0, Map::len);
        count += operations(document).count();
    }
    let counts = (documents.len(), schemas.len(), paths, count);
    assert_eq!(counts, (47, 584, 408, 814));
}

fn references<'a>(value: &'a Value, found: &mut BTreeSet<&'a str>) {
    match value {
        Value::Object(members) => {
            found.extend(members.get("$ref").and_then(Value::as_str));
            members.values().for_each(|member| references(member, found));
        }
        Value::Array(items) => items.iter().for_each(|item| references(item, found)),
        Value::Null | Value::Bool(_) | Value::Number(_) | Value::String(_) => {}
    }
}

#[test]
fn a_document_holds_what_it_refers_to_and_nothing_else() {
    for (path, document) in &*DOCUMENTS {
        let mut found = BTreeSet::new();
        references(document, &mut found);
        let schemas = document["components"]["schemas"].as_object();
        let held: BTreeSet<String> = schemas
            .into_iter()
            .flat_map(Map::keys)
            .map(|name| format!("#/components/schemas/{name}"))
            .collect();
        let found: BTreeSet<String> = found.into_iter().map(str::to_owned).collect();
        assert_eq!(found, held, "{path}");
    }
}

#[test]
fn operations_names_are_told_apart() {
    let documents = &*DOCUMENTS;
    let mut names = BTreeSet::new();
    for document in documents.values() {
        for (path, verb, operation) in operations(document) {
            assert!(names.insert(operation["operationId"].as_str()), "{verb} {path}");
        }
    }
}

/// Operations, a line each.
fn tell(document: &Value, about: &str) -> String {
    let mut text = String::new();
    for (path, verb, operation) in operations(document).filter(|(path, ..)| path.contains(about)) {
        let kind = &operation["x-kubernetes-group-version-kind"];
        let of = |value: &Value| -> Vec<String> {
            let all = value.as_array().into_iter().flatten();
            all.map(|one| one["name"].as_str().unwrap_or_default().to_owned()).collect()
        };
        let shared = of(&document["paths"][path]["parameters"]).join(",");
        let codes: Vec<_> =
            operation["responses"].as_object().into_iter().flat_map(Map::keys).cloned().collect();
        let _ = writeln!(
            text,
            "{verb} {path} {} {} {}/{}/{} {} [{shared}] [{}]",
            operation["operationId"].as_str().unwrap_or_default(),
            operation["x-kubernetes-action"].as_str().unwrap_or("-"),
            kind["group"].as_str().unwrap_or_default(),
            kind["version"].as_str().unwrap_or_default(),
            kind["kind"].as_str().unwrap_or_default(),
            codes.join(","),
            of(&operation["parameters"]).join(","),
        );
    }
    text
}

#[test]
fn operations_are_as_clients_know_them() {
    let documents = &*DOCUMENTS;
    insta::assert_snapshot!("leases", tell(&documents["apis/coordination.k8s.io/v1"], ""));
    insta::assert_snapshot!("pods", tell(&documents["api/v1"], "/pods/{name}/"));
}

/// A type without what is said of it and its fields.
fn wordless(mut schema: Value) -> Value {
    let Some(members) = schema.as_object_mut() else { return schema };
    members.remove("description");
    for property in
        members.get_mut("properties").and_then(Value::as_object_mut).into_iter().flatten()
    {
        if let Some(members) = property.1.as_object_mut() {
            members.remove("description");
        }
    }
    schema
}

/// `kubectl explain --recursive` has something to say of everything.
#[test]
fn every_type_and_field_is_described() {
    let mut silent = BTreeSet::new();
    for document in DOCUMENTS.values() {
        for (name, schema) in document["components"]["schemas"].as_object().into_iter().flatten() {
            if schema["description"].as_str().is_none_or(str::is_empty) {
                silent.insert(name.clone());
            }
            for (field, property) in schema["properties"].as_object().into_iter().flatten() {
                if property["description"].as_str().is_none_or(str::is_empty) {
                    silent.insert(format!("{name} {field}"));
                }
            }
        }
    }
    // Upstream's sources are silent there too.
    let known = ["Info", "JSONSchemaProps", "ExternalDocumentation", "WatchEvent"];
    silent.retain(|one| {
        let (owner, _) = one.split_once(' ').unwrap_or((one, ""));
        !known.contains(&owner.rsplit('.').next().unwrap_or_default())
    });
    let silent: Vec<_> = silent.into_iter().collect();
    let expected = [
        "io.k8s.api.certificates.v1.CertificateSigningRequest metadata",
        "io.k8s.api.networking.v1.IngressRule http",
    ];
    assert_eq!(silent, expected);
}

#[test]
fn types_are_as_clients_know_them() {
    let documents = &*DOCUMENTS;
    let schemas = &documents["api/v1"]["components"]["schemas"];
    let names = [
        "io.k8s.api.core.v1.ServicePort",
        "io.k8s.api.core.v1.PersistentVolumeSpec",
        "io.k8s.api.core.v1.SeccompProfile",
        "io.k8s.apimachinery.pkg.apis.meta.v1.DeleteOptions",
        "io.k8s.apimachinery.pkg.apis.meta.v1.ObjectMeta",
        "io.k8s.apimachinery.pkg.api.resource.Quantity",
    ];
    let all: Map<String, Value> =
        names.iter().map(|name| ((*name).to_owned(), wordless(schemas[name].clone()))).collect();
    insta::assert_snapshot!("types", serde_json::to_string_pretty(&all).unwrap());
}

fn swagger() -> Value {
    let (schemas, resources) = (Schemas::built_in(), resources::built_in());
    let resources: Vec<_> = resources.iter().collect();
    OpenApi::new(&schemas, &resources).swagger("v1.36.2")
}

#[test]
fn the_second_version_says_what_the_third_says() {
    let swagger = swagger();
    let size = |name: &str| swagger[name].as_object().map_or(0, Map::len);
    let counts =
        (size("definitions"), size("paths"), size("parameters"), operations(&swagger).count());
    assert_eq!(counts, (584, 408, 110, 814));
    let mut found = BTreeSet::new();
    references(&swagger, &mut found);
    for target in found {
        let pointer = target.strip_prefix('#').expect("a place in the same document");
        assert!(swagger.pointer(pointer).is_some(), "{target}");
    }
    let text = swagger.to_string();
    for absent in ["#/components/", "requestBody", "\"oneOf\":["] {
        assert!(!text.contains(absent), "{absent}");
    }
    let pods = &swagger["paths"]["/api/v1/namespaces/{namespace}/pods"]["post"];
    insta::assert_snapshot!("swagger", serde_json::to_string_pretty(pods).unwrap());
    let options = &swagger["definitions"]["io.k8s.apimachinery.pkg.apis.meta.v1.DeleteOptions"];
    let kinds = options["x-kubernetes-group-version-kind"].as_array().map_or(0, Vec::len);
    assert!(kinds > 15, "{kinds}");
    let bytes = encode(&swagger);
    assert!(bytes.len() > text.len() / 2, "{} of {}", bytes.len(), text.len());
}
