//! Columns of tables, subresources, and fields that objects can be selected by.

use crate::{
    definition::text,
    json_path::JsonPath,
    structural::{
        path::{child, index},
        rules::field_path,
    },
    validation::{Error, Errors},
};
use serde_json::Value;
use std::collections::BTreeSet;

/// Types of a column.
const TYPES: [&str; 5] = ["boolean", "date", "integer", "number", "string"];
/// Formats of a column.
const FORMATS: [&str; 9] =
    ["byte", "date", "date-time", "double", "float", "int32", "int64", "name", "password"];
/// Selectable fields of a version.
const SELECTABLE_MAX: i64 = 8;

/// Checks `additionalPrinterColumns`.
pub(super) fn columns(told: &Value, at: &str, faults: &mut Errors) {
    for (place, column) in told.as_array().into_iter().flatten().enumerate() {
        let at = index(at, place);
        if text(column, "name").is_empty() {
            faults.push(Error::required(&child(&at, "name"), ""));
        }
        let known = format!("must be one of {}", TYPES.join(","));
        match text(column, "type") {
            "" => faults.push(Error::required(&child(&at, "type"), &known)),
            kind if !TYPES.contains(&kind) => {
                faults.push(Error::invalid(&child(&at, "type"), kind, &known));
            }
            _ => {}
        }
        let format = text(column, "format");
        if !format.is_empty() && !FORMATS.contains(&format) {
            let known = format!("must be one of {}", FORMATS.join(","));
            faults.push(Error::invalid(&child(&at, "format"), format, &known));
        }
        let (path, field) = (text(column, "jsonPath"), child(&at, "jsonPath"));
        if path.is_empty() {
            faults.push(Error::required(&field, ""));
        } else if simple(path, &field, faults)
            && let Err(why) = JsonPath::parse(path)
        {
            faults.push(Error::invalid(&field, path, &why.to_string()));
        }
    }
}

/// Whether it is a path of the dot notation.
fn simple(path: &str, field: &str, faults: &mut Errors) -> bool {
    if path.starts_with('.') {
        return true;
    }
    faults.push(Error::invalid(field, path, "must be a simple json path starting with ."));
    false
}

/// Checks `subresources`.
pub(super) fn subresources(told: &Value, at: &str, faults: &mut Errors) {
    let scale = &told["scale"];
    if !scale.is_object() {
        return;
    }
    let mut path = |name: &str, required: bool, below: &[&str], why: &str| {
        let (path, field) = (text(scale, name), child(at, &format!("scale.{name}")));
        if path.is_empty() {
            if required {
                faults.push(Error::required(&field, ""));
            }
        } else if simple(path, &field, faults) && !below.iter().any(|one| path.starts_with(one)) {
            faults.push(Error::invalid(&field, path, why));
        }
    };
    path("specReplicasPath", true, &[".spec."], "should be a json path under .spec");
    path("statusReplicasPath", true, &[".status."], "should be a json path under .status");
    let either = "should be a json path under either .spec or .status";
    path("labelSelectorPath", false, &[".spec.", ".status."], either);
}

/// Checks `selectableFields` of a version.
pub(super) fn selectable(version: &Value, at: &str, faults: &mut Errors) {
    let fields: Vec<&Value> =
        version["selectableFields"].as_array().into_iter().flatten().collect();
    if i64::try_from(fields.len()).is_ok_and(|count| count > SELECTABLE_MAX) {
        faults.push(Error::too_many(at, fields.len(), SELECTABLE_MAX));
    }
    let schema = &version["schema"]["openAPIV3Schema"];
    let mut seen = BTreeSet::new();
    for (place, field) in fields.into_iter().enumerate() {
        let (path, at) = (text(field, "jsonPath"), child(&index(at, place), "jsonPath"));
        if path.is_empty() {
            faults.push(Error::required(&at, ""));
            continue;
        }
        if !seen.insert(path) {
            faults.push(Error::duplicate(&at, path));
        }
        if let Err(why) = field_path(path, schema) {
            faults.push(Error::invalid(&at, path, &format!("is an invalid path: {why}")));
            continue;
        }
        if path.starts_with(".metadata") {
            faults.push(Error::invalid(&at, path, "must not point to fields in metadata"));
        }
        let names = path.split('.').filter(|name| !name.is_empty());
        let found = names.fold(schema, |schema, name| &schema["properties"][name]);
        if !matches!(text(found, "type"), "string" | "boolean" | "integer") {
            let why = "must point to a field of type string, boolean or integer. Enum string \
                       fields and strings with formats are allowed.";
            faults.push(Error::invalid(&at, path, why));
        }
    }
}
