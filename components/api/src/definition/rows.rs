//! From a definition to the resources that it makes, one for each version that is served.
//!
//! Upstream: apiextensions-apiserver's pkg/apiserver/customresource_handler.go
//! (getOrCreateServingInfoFor) and customresource_discovery_controller.go.

use super::{
    Custom, Origin, ScalePaths, condition_is, kind_in, storage_version, text, texts, versions,
};
use crate::{
    json_path::JsonPath,
    printing::CustomColumn,
    resources::{Column, Resource, Subresource},
    schema::{GroupVersionKind, Schemas},
    structural::{Structural, Types, rules::Rules},
};
use serde_json::Value;
use std::{collections::BTreeMap, sync::Arc};

/// In the order in which upstream tells them.
const VERBS: [&str; 8] =
    ["delete", "deletecollection", "get", "list", "patch", "create", "update", "watch"];
/// What can still be done while the definition goes.
const LAST_VERBS: [&str; 5] = ["delete", "deletecollection", "get", "list", "watch"];

/// What of a definition decides on its rows; where it stays the same, they do.
#[derive(Clone, PartialEq, Debug)]
pub struct Served {
    spec: Value,
    names: Value,
    established: bool,
    terminating: bool,
}

impl Served {
    /// Reads a definition; none: nothing of it is served.
    pub fn of(definition: &Value) -> Option<Self> {
        let established = condition_is(definition, "Established");
        // It is served before it is established, so that who waits for that finds it.
        let served = established || condition_is(definition, "NamesAccepted");
        served.then(|| Self {
            spec: definition["spec"].clone(),
            names: definition["status"]["acceptedNames"].clone(),
            established,
            terminating: condition_is(definition, "Terminating"),
        })
    }
}

/// The resources of a definition. `built_in` has the types of metadata.
pub fn rows(definition: &Value, built_in: &Schemas) -> Vec<Resource> {
    those(definition, built_in, |version| version["served"] == true)
}

/// The resource in the version that etcd holds, served or not.
pub fn storage_row(definition: &Value, built_in: &Schemas) -> Option<Resource> {
    those(definition, built_in, |version| version["storage"] == true).pop()
}

fn those(definition: &Value, built_in: &Schemas, wanted: impl Fn(&Value) -> bool) -> Vec<Resource> {
    let parse =
        |version: &Value| Arc::new(Structural::parse(&version["schema"]["openAPIV3Schema"]));
    let parsed: Vec<(&Value, Arc<Structural>)> =
        versions(definition).map(|version| (version, parse(version))).collect();
    let kind = |version: &Value| kind_in(definition, text(version, "name"));
    let mut types = Types::new(built_in);
    for (version, schema) in parsed.iter().filter(|(version, _)| wanted(version)) {
        types.add(kind(version), schema);
    }
    let structurals =
        parsed.iter().map(|(version, schema)| (kind(version).api_version(), schema.clone()));
    let shared = Shared {
        origin: Arc::new(origin(definition)),
        structurals: Arc::new(structurals.collect()),
        schemas: Arc::new(types.finish()),
    };
    let rows = parsed.iter().filter(|(version, _)| wanted(version));
    rows.map(|(version, schema)| row(definition, version, schema.clone(), &shared)).collect()
}

/// What all versions have together.
struct Shared {
    origin: Arc<Origin>,
    structurals: Arc<BTreeMap<String, Arc<Structural>>>,
    schemas: Arc<Schemas>,
}

fn origin(definition: &Value) -> Origin {
    Origin {
        uid: text(&definition["metadata"], "uid").to_owned(),
        spec: definition["spec"].clone(),
        names: definition["status"]["acceptedNames"].clone(),
    }
}

/// How versions become each other, where that is more than another name.
fn webhook(conversion: &Value) -> Option<Value> {
    (conversion["strategy"] == "Webhook").then(|| conversion["webhook"].clone())
}

fn row(definition: &Value, version: &Value, schema: Arc<Structural>, shared: &Shared) -> Resource {
    let (spec, names) = (&definition["spec"], &definition["status"]["acceptedNames"]);
    let kind = kind_in(definition, text(version, "name"));
    let terminating = condition_is(definition, "Terminating");
    let verbs = if terminating { &LAST_VERBS[..] } else { &VERBS[..] };
    let (headings, columns) = columns(version);
    let custom = Custom {
        definition: text(&definition["metadata"], "name").to_owned(),
        origin: shared.origin.clone(),
        list_kind: text(names, "listKind").to_owned(),
        published: version["schema"]["openAPIV3Schema"].clone(),
        rules: Rules::of(&version["schema"]["openAPIV3Schema"]),
        schema,
        structurals: shared.structurals.clone(),
        schemas: shared.schemas.clone(),
        columns,
        selectable: selectable(version),
        scale: scale(version),
        warning: warning(version, &kind),
        webhook: webhook(&spec["conversion"]),
        established: condition_is(definition, "Established"),
        terminating,
    };
    Resource {
        stored: kind_in(definition, storage_version(definition)),
        plural: text(names, "plural").to_owned(),
        singular: text(names, "singular").to_owned(),
        namespaced: spec["scope"] == "Namespaced",
        verbs: verbs.iter().map(|&verb| verb.to_owned()).collect(),
        short_names: texts(names, "shortNames"),
        categories: texts(names, "categories"),
        subresources: subresources(version, &kind),
        columns: headings,
        path: format!("{}/{}", kind.group, text(names, "plural")),
        custom: Some(Arc::new(custom)),
        kind,
    }
}

fn subresources(version: &Value, kind: &GroupVersionKind) -> Vec<Subresource> {
    let verbs: Vec<String> = ["get", "patch", "update"].map(str::to_owned).into();
    let told = &version["subresources"];
    let mut all = Vec::new();
    if told["scale"].is_object() {
        let kind = GroupVersionKind {
            group: "autoscaling".into(),
            version: "v1".into(),
            kind: "Scale".into(),
        };
        all.push(Subresource { name: "scale".into(), kind, verbs: verbs.clone() });
    }
    if told["status"].is_object() {
        let own = GroupVersionKind {
            group: String::new(),
            version: String::new(),
            kind: kind.kind.clone(),
        };
        all.push(Subresource { name: "status".into(), kind: own, verbs });
    }
    all
}

fn scale(version: &Value) -> Option<ScalePaths> {
    let told = version["subresources"].get("scale").filter(|told| told.is_object())?;
    let selector = text(told, "labelSelectorPath");
    Some(ScalePaths {
        spec: text(told, "specReplicasPath").to_owned(),
        status: text(told, "statusReplicasPath").to_owned(),
        selector: (!selector.is_empty()).then(|| selector.to_owned()),
    })
}

fn selectable(version: &Value) -> Vec<String> {
    let fields = version["selectableFields"].as_array().into_iter().flatten();
    fields.map(|field| text(field, "jsonPath").trim_start_matches('.').to_owned()).collect()
}

fn warning(version: &Value, kind: &GroupVersionKind) -> Option<String> {
    if version["deprecated"] != true {
        return None;
    }
    let told = version["deprecationWarning"].as_str().map(str::to_owned);
    Some(told.unwrap_or_else(|| format!("{} {} is deprecated", kind.api_version(), kind.kind)))
}

/// The headings of a version's table, and where the values of all but the first are.
fn columns(version: &Value) -> (Vec<Column>, Vec<CustomColumn>) {
    let column = |name: &str, kind: &str, format: &str, priority| Column {
        name: name.into(),
        kind: kind.into(),
        format: format.into(),
        priority,
    };
    let mut headings = vec![column("Name", "string", "name", 0)];
    let mut columns = Vec::new();
    let told = version["additionalPrinterColumns"].as_array();
    for one in told.into_iter().flatten() {
        // What cannot be read has no values; upstream refuses such definitions, as we do.
        let Ok(path) = JsonPath::parse(text(one, "jsonPath")) else { continue };
        let priority = one["priority"].as_i64().and_then(|it| i32::try_from(it).ok()).unwrap_or(0);
        headings.push(column(text(one, "name"), text(one, "type"), text(one, "format"), priority));
        columns.push(CustomColumn { kind: text(one, "type").to_owned(), path });
    }
    if told.is_none_or(Vec::is_empty)
        && let Ok(path) = JsonPath::parse(".metadata.creationTimestamp")
    {
        headings.push(column("Age", "date", "", 0));
        columns.push(CustomColumn { kind: "date".into(), path });
    }
    (headings, columns)
}
