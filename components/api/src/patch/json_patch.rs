//! JSON Patch (RFC 6902): a list of operations, all of them done or none.
//!
//! Upstream: apiserver's pkg/endpoints/handlers/patch.go over gopkg.in/evanphx/json-patch.v4. Three
//! of its liberties are kept because clients live by them: `replace` of a missing member adds it,
//! `add` without a value adds null, and an index may count from the end.

use super::{PatchError, go, pointer::Place};
use serde_json::{Map, Value};

/// More operations than this are refused, unread.
pub const MAX_OPERATIONS: usize = 10_000;

/// How many bytes of JSON the `copy` operations of a patch may add up to.
pub const MAX_COPIED: usize = 3 << 20;

/// The members that an operation may have.
const MEMBERS: [&str; 4] = ["from", "op", "path", "value"];

/// Operations that can be tried on an object.
#[derive(Clone, PartialEq, Debug)]
pub struct JsonPatch {
    operations: Vec<Map<String, Value>>,
}

impl JsonPatch {
    /// Reads a patch. `checked` is field validation by `Strict` or `Warn`: it looks at the types of
    /// members before anything is tried.
    ///
    /// # Errors
    /// `BadRequest` if it is no list of objects, `TooLarge` if it is too long a list.
    pub fn decode(patch: &Value, checked: bool) -> Result<Self, PatchError> {
        if checked {
            check(patch).map_err(|why| bad(format!("error decoding patch: {why}")))?;
        }
        let items = match patch {
            Value::Array(items) => items.as_slice(),
            Value::Null => &[],
            other => return Err(bad(cannot(other, "value of type jsonpatch.Patch"))),
        };
        let operations = items
            .iter()
            .map(|item| match item {
                Value::Object(members) => Ok(members.clone()),
                Value::Null => Ok(Map::new()),
                other => Err(bad(cannot(other, "value of type jsonpatch.Operation"))),
            })
            .collect::<Result<Vec<_>, _>>()?;
        if operations.len() > MAX_OPERATIONS {
            return Err(PatchError::TooLarge(format!(
                "The allowed maximum operations in a JSON patch is {MAX_OPERATIONS}, got {}",
                operations.len()
            )));
        }
        Ok(Self { operations })
    }

    /// What field validation warns of or refuses: members that no operation has.
    pub fn unknown_fields(&self) -> Vec<String> {
        let mut found = Vec::new();
        for (place, operation) in self.operations.iter().enumerate() {
            let strange = operation.keys().filter(|name| !MEMBERS.contains(&name.as_str()));
            found.extend(
                strange.map(|name| format!("json patch unknown field \"[{place}].{name}\"")),
            );
        }
        found
    }

    /// Does all operations, one after the other.
    ///
    /// # Errors
    /// `Rejected` at the first that cannot be done, or whose `test` fails.
    pub fn apply(&self, mut object: Value) -> Result<Value, PatchError> {
        let mut copied = 0;
        for operation in &self.operations {
            perform(&mut object, operation, &mut copied).map_err(PatchError::Rejected)?;
        }
        Ok(object)
    }
}

fn bad(why: String) -> PatchError {
    PatchError::BadRequest(why)
}

fn cannot(value: &Value, into: &str) -> String {
    format!("json: cannot unmarshal {} into Go {into}", go::kind(value))
}

/// What upstream's typed decoding of operations complains about.
fn check(patch: &Value) -> Result<(), String> {
    let items = match patch {
        Value::Array(items) => items,
        Value::Null => return Ok(()),
        other => return Err(cannot(other, "value of type []handlers.jsonPatchOp")),
    };
    for item in items {
        let members = match item {
            Value::Object(members) => members,
            Value::Null => continue,
            other => return Err(cannot(other, "value of type handlers.jsonPatchOp")),
        };
        for name in ["op", "path", "from"] {
            if let Some(value) = members.get(name).filter(|it| !it.is_string() && !it.is_null()) {
                let into = format!("struct field jsonPatchOp.{name} of type string");
                return Err(cannot(value, &into));
            }
        }
    }
    Ok(())
}

fn text<'a>(operation: &'a Map<String, Value>, name: &str) -> Result<&'a str, String> {
    let member = operation.get(name).and_then(Value::as_str);
    member.ok_or_else(|| format!("operation missing {name} field"))
}

fn perform(
    root: &mut Value,
    operation: &Map<String, Value>,
    copied: &mut usize,
) -> Result<(), String> {
    let value = || operation.get("value").cloned().unwrap_or(Value::Null);
    match text(operation, "op")? {
        "add" => Place::find(root, text(operation, "path")?)?.add(value()),
        "remove" => Place::find(root, text(operation, "path")?)?.remove().map(drop),
        "replace" => replace(root, text(operation, "path")?, value()),
        "test" => test(root, text(operation, "path")?, &value()),
        "move" => {
            let moved = Place::find(root, text(operation, "from")?)?.remove()?;
            Place::find(root, text(operation, "path")?)?.add(moved)
        }
        "copy" => {
            let copy = Place::find(root, text(operation, "from")?)?.get()?.clone();
            *copied += copy.to_string().len();
            if *copied > MAX_COPIED {
                return Err(format!(
                    "Unable to complete the copy, the accumulated size increase of copy is \
                     {copied}, exceeding the limit {MAX_COPIED}"
                ));
            }
            Place::find(root, text(operation, "path")?)?.add(copy)
        }
        other => Err(format!("Unexpected kind: {other}")),
    }
}

fn replace(root: &mut Value, path: &str, value: Value) -> Result<(), String> {
    match (path, &value) {
        ("", Value::Object(_) | Value::Array(_)) => {
            *root = value;
            Ok(())
        }
        ("", _) => Err("replace operation value must be object or array".to_owned()),
        _ => Place::find(root, path)?.replace(value),
    }
}

fn test(root: &mut Value, path: &str, wanted: &Value) -> Result<(), String> {
    let same = match path {
        "" => root == wanted,
        _ => Place::find(root, path)?.get()? == wanted,
    };
    match same {
        true => Ok(()),
        false => Err(format!("testing value {path} failed: test failed")),
    }
}
