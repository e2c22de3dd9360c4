//! Rows of bindings of roles.

use super::view::{View, text};
use serde_json::{Value, json};

pub(super) fn binding(it: View<'_>) -> Vec<Value> {
    let subjects = |kind: &str| {
        let all = it.list("/subjects").iter().filter(|it| text(it, "/kind") == kind);
        let told = all.map(|it| match kind {
            "ServiceAccount" => format!("{}/{}", text(it, "/namespace"), text(it, "/name")),
            _ => text(it, "/name").to_owned(),
        });
        json!(told.collect::<Vec<_>>().join(", "))
    };
    vec![
        it.name(),
        json!(format!("{}/{}", it.text("/roleRef/kind"), it.text("/roleRef/name"))),
        it.age(),
        subjects("User"),
        subjects("Group"),
        subjects("ServiceAccount"),
    ]
}
