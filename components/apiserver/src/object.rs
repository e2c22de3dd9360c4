//! An object as it is stored and served: JSON, with kind, API version and metadata first.
//!
//! Stored bytes have no `resourceVersion`: it is etcd's revision of the key, spliced in on the way
//! out. Because the order is fixed the place for it is known without parsing.

use bytes::Bytes;
use serde::Serialize;
use serde_json::{Map, Value};

/// Members of an object that come first, in this order.
const FIRST: [&str; 3] = ["kind", "apiVersion", "metadata"];

/// What a stored object begins its metadata with.
const METADATA: &[u8] = b"\"metadata\":{";

/// Kinds and API versions are short: metadata begins within these bytes, or the text is not ours.
const HEAD_BYTES_MAX: usize = 512;

/// The bytes to store: without what only the storage knows.
pub(crate) fn encode(object: &Value) -> Vec<u8> {
    let mut bytes = Vec::with_capacity(1024);
    let Value::Object(members) = object else { return bytes };
    let ordered = Ordered(members);
    // Writing JSON values to memory cannot fail: their keys are text.
    let _ = ordered.serialize(&mut serde_json::Serializer::new(&mut bytes));
    bytes
}

struct Ordered<'a>(&'a Map<String, Value>);

impl Serialize for Ordered<'_> {
    fn serialize<S: serde::Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        let first = FIRST.iter().filter_map(|name| self.0.get_key_value(*name));
        let rest = self.0.iter().filter(|(name, _)| !FIRST.contains(&name.as_str()));
        serializer
            .collect_map(first.chain(rest).map(|(name, value)| (name, Member { name, value })))
    }
}

struct Member<'a> {
    name: &'a str,
    value: &'a Value,
}

impl Serialize for Member<'_> {
    fn serialize<S: serde::Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        match (self.name, self.value) {
            ("metadata", Value::Object(metadata)) => serializer.collect_map(
                metadata.iter().filter(|(name, _)| name.as_str() != "resourceVersion"),
            ),
            (_, value) => value.serialize(serializer),
        }
    }
}

/// The bytes to serve.
pub(crate) fn with_revision(stored: &[u8], revision: u64) -> Bytes {
    let Some(place) = metadata(stored) else { return parsed(stored, revision) };
    let mut bytes = Vec::with_capacity(stored.len() + 48);
    bytes.extend_from_slice(&stored[..place]);
    bytes.extend_from_slice(b"\"resourceVersion\":\"");
    bytes.extend_from_slice(revision.to_string().as_bytes());
    bytes.push(b'"');
    if stored[place] != b'}' {
        bytes.push(b',');
    }
    bytes.extend_from_slice(&stored[place..]);
    bytes.into()
}

/// The place right after the brace that opens an object's metadata, in bytes of ours.
fn metadata(stored: &[u8]) -> Option<usize> {
    if !stored.starts_with(b"{\"kind\":\"") {
        return None;
    }
    let head = &stored[..stored.len().min(HEAD_BYTES_MAX)];
    let at = head.windows(METADATA.len()).position(|window| window == METADATA)?;
    // Only kind and API version may stand before it, neither of which has braces in it.
    let before = &head[1..at];
    let plain = !before.iter().any(|byte| matches!(byte, b'{' | b'[' | b'\\'));
    (plain && at + METADATA.len() < stored.len()).then_some(at + METADATA.len())
}

/// The long way, for bytes that another server wrote.
fn parsed(stored: &[u8], revision: u64) -> Bytes {
    let Ok(mut object) = serde_json::from_slice::<Value>(stored) else {
        return Bytes::copy_from_slice(stored);
    };
    set_revision(&mut object, revision);
    let mut bytes = encode(&object);
    bytes = with_revision(&bytes, revision).to_vec();
    bytes.into()
}

/// The object as a value, with its revision.
///
/// # Errors
/// What is stored is not JSON.
pub(crate) fn decode(stored: &[u8], revision: u64) -> serde_json::Result<Value> {
    let mut object = serde_json::from_slice(stored)?;
    set_revision(&mut object, revision);
    Ok(object)
}

/// Says in an object's metadata which revision it is.
pub(crate) fn set_revision(object: &mut Value, revision: u64) {
    if let Some(metadata) = metadata_mut(object) {
        metadata.insert("resourceVersion".into(), revision.to_string().into());
    }
}

/// A text in an object's metadata; empty where there is none.
pub(crate) fn meta<'a>(object: &'a Value, name: &str) -> &'a str {
    object["metadata"][name].as_str().unwrap_or_default()
}

/// The metadata, made where there is none; none when the object or its metadata is no object.
pub(crate) fn metadata_mut(object: &mut Value) -> Option<&mut Map<String, Value>> {
    let metadata = object.as_object_mut()?.entry("metadata").or_insert_with(|| Map::new().into());
    metadata.as_object_mut()
}

#[cfg(test)]
mod tests {
    use super::*;
    use serde_json::json;

    #[test]
    fn a_revision_is_spliced_into_what_was_encoded() {
        let object = json!({
            "apiVersion": "v1", "data": {"metadata": "{\"metadata\":{"}, "kind": "ConfigMap",
            "metadata": {"name": "a", "resourceVersion": "7"},
        });
        let bytes = encode(&object);
        assert!(bytes.starts_with(
            br#"{"kind":"ConfigMap","apiVersion":"v1","metadata":{"name":"a"},"data""#
        ));
        let served: Value = serde_json::from_slice(&with_revision(&bytes, 9)).unwrap();
        assert_eq!(meta(&served, "resourceVersion"), "9");
        assert_eq!(served, decode(&bytes, 9).unwrap());
    }

    #[test]
    fn bytes_of_another_server_are_served_too() {
        for text in [
            r#"{"apiVersion":"v1","data":{"x":"\"metadata\":{"},"kind":"A","metadata":{"name":"a"}}"#,
            r#"{"kind":"A","x":{"metadata":{}},"metadata":{"name":"a"}}"#,
            r#"{"kind":"A","metadata":{}}"#,
        ] {
            let served: Value = serde_json::from_slice(&with_revision(text.as_bytes(), 3)).unwrap();
            assert_eq!(meta(&served, "resourceVersion"), "3", "{text}");
            assert_eq!(served, decode(text.as_bytes(), 3).unwrap(), "{text}");
        }
    }
}
