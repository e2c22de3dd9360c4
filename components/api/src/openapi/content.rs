//! Bodies of requests and answers: their media types, and which type stands in them.

use super::{reference, well_known};
use serde_json::{Map, Value, json};

/// What objects are written in.
const OBJECT: &[&str] =
    &["application/json", "application/vnd.kubernetes.protobuf", "application/yaml"];
/// What lists are written in, which can be watched.
const LIST: &[&str] = &[
    "application/json",
    "application/json;stream=watch",
    "application/vnd.kubernetes.protobuf",
    "application/vnd.kubernetes.protobuf;stream=watch",
    "application/yaml",
];
const LOG: &[&str] =
    &["application/json", "application/vnd.kubernetes.protobuf", "application/yaml", "text/plain"];
const PATCH: &[&str] = &[
    "application/apply-patch+yaml",
    "application/json-patch+json",
    "application/merge-patch+json",
    "application/strategic-merge-patch+json",
];
const ANY: &[&str] = &["*/*"];

/// What an answer holds.
#[derive(Clone, Debug)]
pub(super) enum Answer {
    /// An object of that type.
    Object(String),
    /// A collection, or a watch's events.
    List(String),
    /// A log's text.
    Log,
    /// Whatever the other side says.
    Text,
    /// JSON of that type and no other form.
    Json(String),
    /// JSON that is not described.
    JsonText,
}

fn content(media: &[&str], schema: &Value) -> Value {
    let each = media.iter().map(|one| ((*one).to_owned(), json!({"schema": schema})));
    each.collect::<Map<String, Value>>().into()
}

/// `responses`: the same answer for each of these codes, and that nobody is let in unknown.
pub(super) fn responses(answer: &Answer, codes: &[u16]) -> Value {
    let text = || json!({"type": "string"});
    let content = match answer {
        Answer::Object(name) => content(OBJECT, &reference(name)),
        Answer::List(name) => content(LIST, &reference(name)),
        Answer::Log => content(LOG, &text()),
        Answer::Text => content(ANY, &text()),
        Answer::Json(name) => content(&OBJECT[..1], &reference(name)),
        Answer::JsonText => content(&OBJECT[..1], &text()),
    };
    let mut all = Map::new();
    for code in codes {
        let description = match code {
            201 => "Created",
            202 => "Accepted",
            _ => "OK",
        };
        let one = json!({"description": description, "content": content});
        all.insert(code.to_string(), one);
    }
    all.insert("401".into(), json!({"description": "Unauthorized"}));
    all.into()
}

/// `requestBody` with an object of that type.
pub(super) fn body(name: &str, required: bool) -> Value {
    let mut body = json!({"content": content(ANY, &reference(name))});
    if required {
        body["required"] = true.into();
    }
    body
}

/// `requestBody` with a patch.
pub(super) fn patch() -> Value {
    json!({"content": content(PATCH, &reference(well_known::PATCH)), "required": true})
}
