//! Objects as API servers and their storage write them, and as the history keeps them.

use oracles::history::{Object, Sent, Wanted};
use serde_json::{Map, Value, json};

/// The collection that all users share.
pub(crate) const PATH: &str = "/api/v1/namespaces/default/configmaps";
/// What the storage's keys of the collection begin with.
pub(crate) const KEYS: &str = "/registry/configmaps/default/";

/// The one finalizer that users set.
pub(crate) const FINALIZER: &str = "seaworthy.io/keep";
/// The member of `data` that says which write it comes from.
const TOKEN: &str = "token";

/// Where the metadata say the side.
const SIDE: &str = "/labels/side";

/// Reads an object; none: it is no `ConfigMap` of ours.
pub(crate) fn object(value: &Value) -> Option<Object> {
    let metadata = value.get("metadata")?;
    let text = |name: &str| metadata.get(name).and_then(Value::as_str).unwrap_or_default();
    let data = value.get("data").and_then(Value::as_object);
    let members = || data.into_iter().flatten();
    let counters = members().filter(|(name, _)| *name != TOKEN);
    let finalizers = metadata.get("finalizers").and_then(Value::as_array).into_iter().flatten();
    Some(Object {
        name: text("name").to_owned(),
        uid: text("uid").to_owned(),
        revision: text("resourceVersion").parse().unwrap_or(0),
        token: data.and_then(|data| data.get(TOKEN)?.as_str()).unwrap_or_default().to_owned(),
        counters: counters
            .filter_map(|(name, value)| Some((name.clone(), value.as_str()?.parse().ok()?)))
            .collect(),
        finalizers: finalizers.filter_map(|one| one.as_str().map(str::to_owned)).collect(),
        deleting: metadata.get("deletionTimestamp").is_some_and(Value::is_string),
        side: metadata.pointer(SIDE).and_then(Value::as_str).unwrap_or_default().to_owned(),
    })
}

/// Writes an object; `expected` is the revision that it must have now.
pub(crate) fn body(wanted: &Wanted, expected: Option<u64>) -> Value {
    let mut metadata = Map::new();
    metadata.insert("name".into(), wanted.name.as_str().into());
    if !wanted.finalizers.is_empty() {
        metadata.insert("finalizers".into(), wanted.finalizers.clone().into());
    }
    if !wanted.side.is_empty() {
        metadata.insert("labels".into(), json!({"side": wanted.side}));
    }
    if let Some(revision) = expected {
        metadata.insert("resourceVersion".into(), revision.to_string().into());
    }
    let mut data = Map::new();
    data.insert(TOKEN.into(), wanted.token.as_str().into());
    for (name, count) in &wanted.counters {
        data.insert(name.clone(), count.to_string().into());
    }
    json!({"apiVersion": "v1", "kind": "ConfigMap", "metadata": metadata, "data": data})
}

/// Writes a merge patch of token and one counter.
pub(crate) fn patch(token: &str, (name, count): &(String, u64), expected: Option<u64>) -> Value {
    let mut patch = json!({"data": {TOKEN: token, name: count.to_string()}});
    if let Some(revision) = expected {
        patch["metadata"]["resourceVersion"] = revision.to_string().into();
    }
    patch
}

/// Reads one line of a watch; none: it cannot be read.
pub(crate) fn sent(line: &[u8]) -> Option<Sent> {
    let event: Value = serde_json::from_slice(line).ok()?;
    let about = event.get("object")?;
    match event.get("type")?.as_str()? {
        "ADDED" => object(about).map(Sent::Added),
        "MODIFIED" => object(about).map(Sent::Modified),
        "DELETED" => object(about).map(Sent::Deleted),
        "BOOKMARK" => {
            let metadata = about.get("metadata")?;
            let mark = metadata.pointer("/annotations/k8s.io~1initial-events-end");
            Some(Sent::Bookmark {
                revision: metadata.get("resourceVersion")?.as_str()?.parse().ok()?,
                initial_end: mark.and_then(Value::as_str) == Some("true"),
            })
        }
        "ERROR" => {
            let code = about.get("code").and_then(Value::as_u64)?;
            Some(Sent::Error { code: u16::try_from(code).ok()? })
        }
        _ => None,
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use std::collections::BTreeMap;

    #[test]
    fn an_object_comes_back_as_it_was_wanted() {
        let wanted = Wanted {
            name: "a".into(),
            token: "1-2".into(),
            counters: BTreeMap::from([("c1".into(), 7)]),
            finalizers: vec![FINALIZER.into()],
            side: "left".into(),
        };
        let read = object(&body(&wanted, Some(9))).unwrap();
        assert_eq!((read.name.as_str(), read.token.as_str(), read.revision), ("a", "1-2", 9));
        assert_eq!((read.counters, read.finalizers), (wanted.counters, wanted.finalizers));
        assert_eq!(read.side, wanted.side);
    }

    #[test]
    fn events_are_read() {
        let mark = br#"{"type":"BOOKMARK","object":{"metadata":{"resourceVersion":"7",
            "annotations":{"k8s.io/initial-events-end":"true"}}}}"#;
        assert_eq!(sent(mark), Some(Sent::Bookmark { revision: 7, initial_end: true }));
        let error = br#"{"type":"ERROR","object":{"code":410}}"#;
        assert_eq!(sent(error), Some(Sent::Error { code: 410 }));
        assert_eq!(sent(b"{"), None);
    }
}
