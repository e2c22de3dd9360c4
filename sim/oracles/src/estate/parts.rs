//! What is wanted and what is so are changed at doors of their own.

use super::{
    Deeds, EstatePromise, broken,
    deeds::{author_of, by_token},
    items, line, path,
};
use crate::{Broken, history::History};
use serde_json::Value;

/// A request to an object changes nothing of its status, and one to its status nothing of its spec or
/// labels; an object is born without a status, and nobody owns what their door does not let through.
#[derive(Debug, Default)]
pub struct PartsApart;

/// Kinds that have both, by what their keys begin with.
const KINDS: [&str; 1] = ["deployments/"];

impl EstatePromise for PartsApart {
    const NAME: &'static str = "parts_apart";
    const PROMISE: &'static str = "The PUT and POST verbs on objects MUST ignore the status values; \
        the /status subresource ignores changes to the spec (API conventions, spec and status)";

    fn judge(history: &History, deeds: &Deeds<'_>) -> Result<(), Broken> {
        let authors = by_token(&history.estate.calls);
        let of_kind = |key: &str| KINDS.iter().any(|kind| key.starts_with(kind));
        for deed in deeds.all().filter(|deed| of_kind(&deed.change.key)) {
            let Some(after) = deed.after() else { continue };
            if let Some(entry) = items(&after["metadata"]["managedFields"]).find(owns_too_much) {
                return Err(broken(deed.change, "a manager owns the other part").with(entry));
            }
            let Some(author) = author_of(deed, &authors) else { continue };
            let empty = Value::Object(serde_json::Map::new());
            let (spec, status) = match deed.before {
                Some(before) => (&before["spec"], &before["status"]),
                None => (&after["spec"], &empty),
            };
            let labels = deed.before.unwrap_or(after)["metadata"].get("labels");
            let (what, kept) = match path(author).ends_with("/status") {
                true => {
                    let same = after["metadata"].get("labels") == labels;
                    ("spec or labels", after["spec"] == *spec && same)
                }
                false => ("status", after["status"] == *status || after["status"].is_null()),
            };
            if !kept {
                let text = format!("its {what} changed by a request to the other part");
                return Err(broken(deed.change, text).with(line(author)).with(line(after)));
            }
        }
        Ok(())
    }
}

/// An entry of `managedFields` with fields that its door does not let through.
fn owns_too_much(entry: &&Value) -> bool {
    let fields = &entry["fieldsV1"];
    match entry["subresource"].as_str() {
        Some("status") => fields.get("f:spec").is_some(),
        _ => fields.get("f:status").is_some(),
    }
}
