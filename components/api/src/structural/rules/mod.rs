//! Rules of a schema (`x-kubernetes-validations`): compiled once, run for every object.
//!
//! Upstream: apiextensions-apiserver's pkg/apiserver/schema/cel.

mod compile;
mod run;

pub use compile::{Compiled, Wrong, compile, field_path};
pub(super) use run::counterpart;

use super::schema::list_kind_of;
use crate::schema::ListKind;
use cel::{functions::Functions, schema::Schema};
use serde_json::Value;
use std::{collections::BTreeMap, sync::Arc};

/// A schema's rules and those of all below it.
#[derive(Debug)]
pub struct Rules {
    schema: Schema,
    /// The schema's `type`, which stands for the value in complaints.
    kind: String,
    rules: Vec<Compiled>,
    properties: BTreeMap<String, Rules>,
    items: Option<Box<Rules>>,
    additional: Option<Box<Rules>>,
    list: Option<ListKind>,
    atomic: bool,
}

impl Rules {
    /// Compiles all rules of a resource's schema; none where there are none. What does not compile
    /// is left out: validation of definitions has refused it.
    pub fn of(schema: &Value) -> Option<Self> {
        if !has_rules(schema) {
            return None;
        }
        Self::at(&cel::environment::kubernetes::functions(), schema, true)
    }

    fn at(functions: &Arc<Functions>, schema: &Value, root: bool) -> Option<Self> {
        if !has_rules(schema) {
            return None;
        }
        let shape = cel::schema::from_openapi(schema, "selfType", root)?;
        let inner = |one: &Value| Self::at(functions, one, is_embedded(one)).map(Box::new);
        let properties = schema["properties"].as_object().into_iter().flatten();
        let own = schema["x-kubernetes-validations"].as_array().into_iter().flatten();
        Some(Self {
            rules: own.filter_map(|rule| compile(functions, rule, schema, &shape).ok()).collect(),
            properties: properties
                .filter_map(|(name, one)| Some((name.clone(), *inner(one)?)))
                .collect(),
            items: inner(&schema["items"]),
            additional: inner(&schema["additionalProperties"]),
            list: list_kind_of(schema),
            atomic: schema["x-kubernetes-map-type"] == "atomic",
            kind: schema["type"].as_str().unwrap_or_default().to_owned(),
            schema: shape,
        })
    }
}

/// Whether a schema is that of a resource inside of another.
pub fn is_embedded(schema: &Value) -> bool {
    schema["x-kubernetes-embedded-resource"] == true
}

/// Whether a schema, or one below it that says what fields there are, has rules.
fn has_rules(schema: &Value) -> bool {
    schema["x-kubernetes-validations"].as_array().is_some_and(|rules| !rules.is_empty())
        || schema["properties"].as_object().into_iter().flatten().any(|(_, one)| has_rules(one))
        || [&schema["items"], &schema["additionalProperties"]]
            .into_iter()
            .any(|one| one.is_object() && has_rules(one))
}
