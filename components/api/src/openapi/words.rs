//! What is said of types and fields, put where readers of OpenAPI look for it.

use descriptions::Descriptions;
use serde_json::{Map, Value};

/// Where the words about the members stand that every object has.
pub(super) const OBJECT: &str = "io.k8s.api.core.v1.Pod";
/// The same of lists.
pub(super) const LIST: &str = "io.k8s.apimachinery.pkg.apis.meta.v1.Status";
/// What every object and list has beside its own.
const ENVELOPE: [&str; 3] = ["apiVersion", "kind", "metadata"];

/// Says of a built-in type what there is to say.
pub(super) fn describe(descriptions: &Descriptions, name: &str, schema: &mut Value) {
    let last = name.rsplit('.').next().unwrap_or_default();
    match (descriptions.of_type(name), last.strip_suffix("List")) {
        (Some(words), _) => put(schema, words),
        // A list is one like any other.
        (None, Some(kind)) if !kind.is_empty() => {
            put(schema, &format!("{kind}List is a list of {kind}s."));
            describe_envelope(descriptions, LIST, schema);
            if let Some(items) = schema["properties"].get_mut("items") {
                put(items, &format!("List of {kind}s."));
            }
        }
        (None, _) => {}
    }
    let properties = schema.get_mut("properties").and_then(Value::as_object_mut);
    for (field, property) in properties.into_iter().flatten() {
        if let Some(words) = descriptions.of_field(name, field) {
            put(property, words);
        }
    }
}

/// Says of an object's `apiVersion`, `kind` and `metadata` what is said of those of the type
/// `name`.
pub(super) fn describe_envelope(descriptions: &Descriptions, name: &str, schema: &mut Value) {
    let properties = schema.get_mut("properties").and_then(Value::as_object_mut);
    let Some(properties) = properties else { return };
    for field in ENVELOPE {
        let words = descriptions.of_field(name, field);
        if let (Some(words), Some(property)) = (words, properties.get_mut(field)) {
            put(property, words);
        }
    }
}

/// What stands beside a bare reference is read by nobody.
fn put(schema: &mut Value, words: &str) {
    let free = |members: &&mut Map<String, Value>| !members.contains_key("$ref");
    if let Some(members) = schema.as_object_mut().filter(free) {
        members.insert("description".into(), words.into());
    }
}
