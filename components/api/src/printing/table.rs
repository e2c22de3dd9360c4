//! Tables of objects, as `kubectl get` asks for them.
//!
//! Upstream: apiserver's pkg/endpoints/handlers/response.go (`asTable`) and
//! pkg/registry/rest/table.go.

use super::row;
use crate::{resources::Column, schema::GroupVersionKind, time::Moment};
use serde_json::{Map, Value, json};

const META: &str = "meta.k8s.io/v1";

/// What of an object comes along with its row (`includeObject`).
#[derive(Clone, Copy, PartialEq, Eq, Debug, Default)]
pub enum Include {
    /// Nothing.
    None,
    /// Its metadata alone, by which clients tell rows apart.
    #[default]
    Metadata,
    /// All of it.
    Object,
}

impl Include {
    /// Reads the query's value; nothing is [`Include::Metadata`].
    ///
    /// # Errors
    /// Upstream's text for a value that is none.
    pub fn parse(text: &str) -> Result<Self, String> {
        match text {
            "" | "Metadata" => Ok(Self::Metadata),
            "None" => Ok(Self::None),
            "Object" => Ok(Self::Object),
            other => Err(format!("unrecognized includeObject value: {other:?}")),
        }
    }
}

/// The headings of a resource's table; a watch sends them with its first event only.
pub fn column_definitions(columns: &[Column]) -> Vec<Value> {
    let one = |column: &Column| {
        json!({
            "name": column.name,
            "type": column.kind,
            "format": column.format,
            "description": "",
            "priority": column.priority,
        })
    };
    columns.iter().map(one).collect()
}

/// A row with what comes along.
pub fn table_row(kind: &GroupVersionKind, object: &Value, now: Moment, include: Include) -> Value {
    let told = row(kind, object, now);
    let mut out = Map::new();
    let conditions = told.conditions();
    if !conditions.is_empty() {
        out.insert("conditions".to_owned(), Value::Array(conditions));
    }
    out.insert("cells".to_owned(), Value::Array(told.cells));
    let object = match include {
        Include::None => Value::Null,
        Include::Metadata => json!({
            "kind": "PartialObjectMetadata",
            "apiVersion": META,
            "metadata": object.get("metadata").cloned().unwrap_or_else(|| json!({})),
        }),
        Include::Object => object.clone(),
    };
    out.insert("object".to_owned(), object);
    Value::Object(out)
}

/// A table. `metadata` is that of the list, or of the one object.
pub fn table(metadata: Value, columns: Vec<Value>, rows: Vec<Value>) -> Value {
    let mut out = json!({"kind": "Table", "apiVersion": META, "metadata": metadata});
    out["columnDefinitions"] = Value::Array(columns);
    out["rows"] = Value::Array(rows);
    out
}
