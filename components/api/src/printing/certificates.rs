//! Rows of requests to sign certificates.

use super::{
    age::human_duration,
    view::{View, text},
};
use serde_json::{Value, json};

pub(super) fn signing_request(it: View<'_>) -> Vec<Value> {
    let lasts = it.at("/spec/expirationSeconds").as_i64();
    vec![
        it.name(),
        it.age(),
        json!(it.text_or("/spec/signerName", "<none>")),
        json!(it.text("/spec/username")),
        json!(lasts.map_or("<none>".to_owned(), human_duration)),
        json!(condition(it)),
    ]
}

fn condition(it: View<'_>) -> String {
    let has = |kind| it.list("/status/conditions").iter().any(|it| text(it, "/type") == kind);
    let mut told = match (has("Denied"), has("Approved")) {
        (true, _) => "Denied",
        (false, true) => "Approved",
        (false, false) => "Pending",
    }
    .to_owned();
    if has("Failed") {
        told.push_str(",Failed");
    }
    if !it.text("/status/certificate").is_empty() {
        told.push_str(",Issued");
    }
    told
}
