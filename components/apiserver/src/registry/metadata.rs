//! What the server alone says in an object's metadata.
//!
//! Upstream: apiserver/pkg/registry/rest/{meta,create,update}.go.

use crate::{failure::Failure, object};
use api::time::Moment;
use host::{Host, Timestamp};
use serde_json::{Map, Value};

/// What names are made of where the client leaves them to the server: no vowels, no words.
const SUFFIX_LETTERS: &[u8] = b"bcdfghjklmnpqrstvwxz2456789";
const SUFFIX_LENGTH: usize = 5;
/// A longer prefix is cut.
const PREFIX_LENGTH_MAX: usize = 63 - SUFFIX_LENGTH;

/// Fields that a client cannot set or change.
const KEPT: [&str; 5] =
    ["uid", "creationTimestamp", "deletionTimestamp", "deletionGracePeriodSeconds", "generation"];

/// A new object's metadata without what a client cannot say.
pub(super) fn cleaned(metadata: &mut Map<String, Value>, namespace: &str) {
    for name in KEPT.iter().chain(&["resourceVersion", "selfLink"]) {
        metadata.remove(*name);
    }
    if !namespace.is_empty() {
        metadata.insert("namespace".into(), namespace.into());
    }
}

/// A new object's metadata, complete but for its name.
pub(super) fn born(host: &Host, metadata: &mut Map<String, Value>) {
    // X26: what is born again is the same as before.
    let reborn = metadata.get("name").filter(|_| host.defects.has("X26")).cloned();
    metadata.insert("uid".into(), reborn.unwrap_or_else(|| uid(host).into()));
    metadata.insert("creationTimestamp".into(), time(host.clock.wall()).into());
}

/// Makes a name from `generateName`, where there is that and no name.
pub(super) fn generate_name(host: &Host, metadata: &mut Map<String, Value>) {
    let prefix = metadata.get("generateName").and_then(Value::as_str).unwrap_or_default();
    let named = metadata.get("name").and_then(Value::as_str).is_some_and(|name| !name.is_empty());
    if prefix.is_empty() || named {
        return;
    }
    let name = suffixed(host, prefix);
    metadata.insert("name".into(), name.into());
}

/// A name that nobody has: a prefix and some random letters.
pub(crate) fn suffixed(host: &Host, prefix: &str) -> String {
    let mut name: String = prefix.chars().take(PREFIX_LENGTH_MAX).collect();
    for _ in 0..SUFFIX_LENGTH {
        let letter = host.random.below(SUFFIX_LETTERS.len() as u64);
        let letter = usize::try_from(letter).unwrap_or(0);
        name.push(char::from(SUFFIX_LETTERS[letter]));
    }
    name
}

/// The metadata of a changed object keeps what the server said in the present one.
pub(super) fn carried_over(new: &mut Value, present: &Value) {
    let Some(metadata) = object::metadata_mut(new) else { return };
    metadata.remove("selfLink");
    for name in KEPT.iter().chain(&["name", "namespace", "generateName"]) {
        match present["metadata"].get(*name) {
            Some(value) => metadata.insert((*name).into(), value.clone()),
            None => metadata.remove(*name),
        };
    }
}

/// Finds which of two namespaces is meant: the request's, which the object may repeat.
///
/// # Errors
/// The object says another.
pub(super) fn namespace(object: &Value, asked: &str) -> Result<(), Failure> {
    match object::meta(object, "namespace") {
        "" => Ok(()),
        said if said == asked => Ok(()),
        _ => Err(Failure::bad_request(
            "the namespace of the provided object does not match the namespace sent on the request",
        )),
    }
}

/// A random identity, version 4 of RFC 9562.
pub(crate) fn uid(host: &Host) -> String {
    let mut bytes = [0; 16];
    host.random.fill(&mut bytes);
    bytes[6] = bytes[6] & 0x0f | 0x40;
    bytes[8] = bytes[8] & 0x3f | 0x80;
    let hex = |part: &[u8]| part.iter().map(|byte| format!("{byte:02x}")).collect::<String>();
    let [a, b, c, d, e] = [&bytes[..4], &bytes[4..6], &bytes[6..8], &bytes[8..10], &bytes[10..]];
    format!("{}-{}-{}-{}-{}", hex(a), hex(b), hex(c), hex(d), hex(e))
}

/// RFC 3339 in UTC, whole seconds.
pub(crate) fn time(at: Timestamp) -> String {
    let seconds = i64::try_from(at.seconds()).unwrap_or(i64::MAX);
    Moment { seconds, nanos: 0 }.to_second()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn times_are_written_as_go_writes_them() {
        let cases = [
            (0, "1970-01-01T00:00:00Z"),
            (951_782_399, "2000-02-28T23:59:59Z"),
            (951_782_400, "2000-02-29T00:00:00Z"),
            (951_868_800, "2000-03-01T00:00:00Z"),
            (1_735_689_599, "2024-12-31T23:59:59Z"),
            (4_102_444_800, "2100-01-01T00:00:00Z"),
        ];
        for (seconds, expected) in cases {
            assert_eq!(time(Timestamp(seconds * 1_000_000_000)), expected);
        }
    }
}
