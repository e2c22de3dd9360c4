//! Definitions of custom resources: which resources they make, and what their status tells.
//!
//! | file | what |
//! |---|---|
//! | `rows.rs` | from a definition to [`Resource`](crate::resources::Resource)s |
//! | `custom.rs` | what a custom resource has beside its row |
//! | `check/` | whether a definition may be stored |
//! | `life.rs` | a definition's birth, change and end |
//! | `naming.rs`, `approval.rs`, `trust.rs` | conditions that follow from other definitions, or from itself |
//!
//! Upstream: apiextensions-apiserver.

mod approval;
mod check;
mod conditions;
mod custom;
pub mod life;
mod naming;
mod rows;
mod trust;
mod versions;

pub use approval::approval;
pub use check::check;
pub use conditions::{Condition, condition_is, set_condition};
pub use custom::{Custom, Origin, ScalePaths};
pub use naming::{Accepted, names};
pub use rows::{Served, rows, storage_row};
pub use trust::is_trusted;
pub use versions::version_order;

use crate::schema::GroupVersionKind;
use serde_json::Value;

/// The group of definitions themselves.
pub const GROUP: &str = "apiextensions.k8s.io";

/// The plural of definitions themselves.
pub const PLURAL: &str = "customresourcedefinitions";

/// The finalizer that keeps a definition until its objects are gone.
pub const CLEANUP: &str = "customresourcecleanup.apiextensions.k8s.io";

/// A text in an object; empty where there is none.
fn text<'a>(object: &'a Value, name: &str) -> &'a str {
    object[name].as_str().unwrap_or_default()
}

/// Texts in a list of an object.
fn texts(object: &Value, name: &str) -> Vec<String> {
    let list = object[name].as_array().into_iter().flatten();
    list.filter_map(Value::as_str).map(str::to_owned).collect()
}

/// A definition's versions, as they are written.
fn versions(definition: &Value) -> impl Iterator<Item = &Value> {
    definition["spec"]["versions"].as_array().into_iter().flatten()
}

/// The version that etcd holds.
fn storage_version(definition: &Value) -> &str {
    versions(definition)
        .find(|version| version["storage"] == true)
        .map_or("", |version| text(version, "name"))
}

/// A kind of a definition in one of its versions, by the names that were accepted.
fn kind_in(definition: &Value, version: &str) -> GroupVersionKind {
    GroupVersionKind {
        group: text(&definition["spec"], "group").to_owned(),
        version: version.to_owned(),
        kind: text(&definition["status"]["acceptedNames"], "kind").to_owned(),
    }
}
