//! Files in the form of API objects that configure the server: read strictly.
//!
//! Upstream: apimachinery/pkg/runtime/serializer (strict decoding), apiserver/pkg/apis/apiserver.

use serde::{Serialize, de::DeserializeOwned};
use serde_json::Value;

/// Reads an object of one of these versions.
///
/// # Errors
/// It is no such object, or has members that such an object has not.
pub(crate) fn read<T: DeserializeOwned + Serialize>(
    bytes: &[u8],
    kind: &str,
    versions: &[&str],
) -> Result<T, String> {
    if bytes.is_empty() {
        return Err("empty config data".into());
    }
    let mut object: Value = serde_yaml_ng::from_slice(bytes).map_err(|error| error.to_string())?;
    let text = |name: &str| object[name].as_str().unwrap_or_default().to_owned();
    let (own_kind, version) = (text("kind"), text("apiVersion"));
    if own_kind.is_empty() {
        return Err("Object 'Kind' is missing".into());
    }
    if own_kind != kind || !versions.contains(&version.as_str()) {
        return Err(format!("no kind {own_kind:?} is registered for version {version:?}"));
    }
    if let Some(members) = object.as_object_mut() {
        members.retain(|name, value| !value.is_null() && name != "kind" && name != "apiVersion");
    }
    let read: T = serde_json::from_value(object.clone()).map_err(|error| error.to_string())?;
    let known = serde_json::to_value(&read).map_err(|error| error.to_string())?;
    let mut faults = Vec::new();
    unknown(&object, &known, "", &mut faults);
    match faults.is_empty() {
        true => Ok(read),
        false => Err(format!("strict decoding error: {}", faults.join(", "))),
    }
}

/// Members that were left out when the object was read.
fn unknown(given: &Value, known: &Value, path: &str, faults: &mut Vec<String>) {
    match (given, known) {
        (Value::Object(given), Value::Object(known)) => {
            for (name, value) in given {
                let path = if path.is_empty() { name.clone() } else { format!("{path}.{name}") };
                match known.get(name) {
                    Some(known) => unknown(value, known, &path, faults),
                    None => faults.push(format!("unknown field {path:?}")),
                }
            }
        }
        (Value::Array(given), Value::Array(known)) => {
            for (at, (given, known)) in given.iter().zip(known).enumerate() {
                unknown(given, known, &format!("{path}[{at}]"), faults);
            }
        }
        _ => {}
    }
}

/// Several complaints as one (utilerrors.NewAggregate); none: there are none.
pub(crate) fn aggregate(faults: &[impl ToString]) -> Option<String> {
    let faults: Vec<String> = faults.iter().map(ToString::to_string).collect();
    match faults.as_slice() {
        [] => None,
        [one] => Some(one.clone()),
        many => Some(format!("[{}]", many.join(", "))),
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use serde::Deserialize;

    #[derive(Debug, Default, Deserialize, Serialize)]
    #[serde(default)]
    struct Outer {
        list: Vec<Inner>,
    }

    #[derive(Debug, Default, Deserialize, Serialize)]
    #[serde(default)]
    struct Inner {
        a: String,
        b: Option<u8>,
    }

    #[test]
    fn what_is_not_known_is_refused() {
        let read = |yaml: &str| read::<Outer>(yaml.as_bytes(), "Outer", &["x/v1"]);
        let good = read("{kind: Outer, apiVersion: x/v1, list: [{a: b}]}").expect("it is good");
        assert_eq!(good.list[0].a, "b");
        for (yaml, why) in [
            ("", "empty config data"),
            ("{a: b}", "Object 'Kind' is missing"),
            ("{kind: Outer, apiVersion: x/v2}", "no kind \"Outer\" is registered for version"),
            (
                "{kind: Outer, apiVersion: x/v1, list: [{a: b}, {b: 1, c: d}], e: f}",
                "strict decoding error: unknown field \"e\", unknown field \"list[1].c\"",
            ),
        ] {
            let said = read(yaml).expect_err(yaml);
            assert!(said.starts_with(why), "{said}");
        }
    }
}
