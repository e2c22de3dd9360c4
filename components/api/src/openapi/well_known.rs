//! The schemas of types that are no objects of named fields: quantities, moments, free JSON.
//!
//! Upstream writes these by hand, as `OpenAPISchemaType` beside each type.

use crate::schema::Shape;
use serde_json::{Value, json};

pub(super) const QUANTITY: &str = "io.k8s.apimachinery.pkg.api.resource.Quantity";
pub(super) const INT_OR_STRING: &str = "io.k8s.apimachinery.pkg.util.intstr.IntOrString";
pub(super) const RAW: &str = "io.k8s.apimachinery.pkg.runtime.RawExtension";
pub(super) const TIME: &str = "io.k8s.apimachinery.pkg.apis.meta.v1.Time";
pub(super) const MICRO_TIME: &str = "io.k8s.apimachinery.pkg.apis.meta.v1.MicroTime";
pub(super) const DURATION: &str = "io.k8s.apimachinery.pkg.apis.meta.v1.Duration";
pub(super) const FIELDS: &str = "io.k8s.apimachinery.pkg.apis.meta.v1.FieldsV1";
pub(super) const PATCH: &str = "io.k8s.apimachinery.pkg.apis.meta.v1.Patch";
pub(super) const VERSION: &str = "io.k8s.apimachinery.pkg.version.Info";

/// Where the types of custom resources' definitions live.
const EXTENSIONS: &str = "io.k8s.apiextensions-apiserver.pkg.apis.apiextensions.v1.";

/// What `/version` always says; the other fields are left out when empty.
const VERSION_REQUIRED: [&str; 9] = [
    "major",
    "minor",
    "gitVersion",
    "gitCommit",
    "gitTreeState",
    "buildDate",
    "goVersion",
    "compiler",
    "platform",
];
const VERSION_OPTIONAL: [&str; 4] =
    ["emulationMajor", "emulationMinor", "minCompatibilityMajor", "minCompatibilityMinor"];

/// The schema of that name, where it is one of these.
pub(super) fn named(name: &str) -> Option<Value> {
    Some(match name {
        QUANTITY => json!({"oneOf": [{"type": "string"}, {"type": "number"}]}),
        INT_OR_STRING => {
            json!({"oneOf": [{"type": "integer"}, {"type": "string"}], "format": "int-or-string"})
        }
        TIME | MICRO_TIME => json!({"type": "string", "format": "date-time"}),
        DURATION => json!({"type": "string"}),
        RAW | FIELDS | PATCH => json!({"type": "object"}),
        VERSION => version(),
        _ => match name.strip_prefix(EXTENSIONS)? {
            "CustomResourceSubresourceStatus" => json!({"type": "object"}),
            "JSON"
            | "JSONSchemaPropsOrArray"
            | "JSONSchemaPropsOrBool"
            | "JSONSchemaPropsOrStringArray" => json!({}),
            _ => return None,
        },
    })
}

/// The name of a value's schema, where it has one.
///
/// Free JSON has as many names as upstream has structs for it: `owner` and `field` tell which.
pub(super) fn name(shape: &Shape, owner: &str, field: &str) -> Option<String> {
    Some(match shape {
        Shape::IntOrString => INT_OR_STRING.into(),
        Shape::Quantity => QUANTITY.into(),
        Shape::Time => TIME.into(),
        Shape::MicroTime => MICRO_TIME.into(),
        Shape::Duration => DURATION.into(),
        Shape::Raw => RAW.into(),
        Shape::Fields => FIELDS.into(),
        Shape::Json => {
            let name = match (owner.strip_prefix(EXTENSIONS)?, field) {
                ("JSONSchemaProps", "items") => "JSONSchemaPropsOrArray",
                ("JSONSchemaProps", "additionalItems" | "additionalProperties") => {
                    "JSONSchemaPropsOrBool"
                }
                ("JSONSchemaProps", "dependencies") => "JSONSchemaPropsOrStringArray",
                ("CustomResourceSubresources", "status") => "CustomResourceSubresourceStatus",
                _ => "JSON",
            };
            format!("{EXTENSIONS}{name}")
        }
        Shape::Object(..)
        | Shape::Map(..)
        | Shape::List(..)
        | Shape::Text
        | Shape::Bytes
        | Shape::Bool
        | Shape::Int32
        | Shape::Int64
        | Shape::Double => return None,
    })
}

fn version() -> Value {
    let required =
        VERSION_REQUIRED.iter().map(|name| (name, json!({"type": "string", "default": ""})));
    let optional = VERSION_OPTIONAL.iter().map(|name| (name, json!({"type": "string"})));
    let properties: Value =
        required.chain(optional).map(|(name, schema)| ((*name).to_owned(), schema)).collect();
    json!({"type": "object", "properties": properties, "required": VERSION_REQUIRED})
}
