//! Whether a definition of custom resources may be stored.
//!
//! | file | what |
//! |---|---|
//! | `spec.rs` | names, versions, conversion |
//! | `parts.rs` | columns, subresources, fields to select by |
//! | `schema.rs` | words of OpenAPI that are allowed |
//! | `structural.rs` | that it says what fields there are before it restricts them |
//! | `rules.rs` | expressions, and what they may cost |
//!
//! Upstream: apiextensions-apiserver's pkg/apis/apiextensions/validation/validation.go and
//! pkg/apiserver/schema/validation.go.

mod parts;
mod rules;
mod schema;
mod spec;
mod structural;

use super::{condition_is, text, versions};
use crate::{
    structural::path::index,
    validation::{Error, Errors},
};
use serde_json::Value;

/// What is wrong with a definition; `present` is what is stored, if there is something.
pub fn check(definition: &Value, present: Option<&Value>) -> Errors {
    let mut faults = Vec::new();
    // What was stored is not judged again when its status changes.
    if present.is_some_and(|present| present["spec"] == definition["spec"]) {
        stored_versions(definition, &mut faults);
        return faults;
    }
    let spec = &definition["spec"];
    let name = text(&definition["metadata"], "name");
    if name != format!("{}.{}", text(&spec["names"], "plural"), text(spec, "group")) {
        let why = "must be spec.names.plural+\".\"+spec.group";
        faults.push(Error::invalid("metadata.name", name, why));
    }
    spec::check(definition, &mut faults);
    if let Some(present) = present {
        spec::check_change(definition, present, condition_is(present, "Established"), &mut faults);
        stored_versions(definition, &mut faults);
    }
    faults
}

/// What was stored once must be read until somebody rewrites it.
fn stored_versions(definition: &Value, faults: &mut Errors) {
    let stored = definition["status"]["storedVersions"].as_array().into_iter().flatten();
    for (place, version) in stored.enumerate() {
        if !versions(definition).any(|known| known["name"] == *version) {
            let field = index("status.storedVersions", place);
            let why = "missing from spec.versions; it was previously a storage version, and must \
                       remain in spec.versions until a storage migration ensures no data remains \
                       persisted in this version and removes it from status.storedVersions";
            faults.push(Error::invalid(&field, version.clone(), why));
        }
    }
}
