//! Strategic merge patch: lists whose items have keys are merged, and directives say what is not.
//!
//! Upstream: apimachinery's pkg/util/strategicpatch/patch.go, the half that applies. Directives are
//! `$patch` (`replace`, `delete`), `$retainKeys`, `$deleteFromPrimitiveList/NAME` and
//! `$setElementOrder/NAME`.
//!
//! One answer differs: where upstream's error has no status code of its own and becomes 500, the
//! patch is a bad request here, with the same text.

mod lists;
mod lookup;
mod order;

use super::{PatchError, go, merge_patch::without_nulls};
use crate::schema::{Owned, Schemas, Shape, TypeId};
use lookup::{Place, bad};
use serde_json::{Map, Value};

const DIRECTIVE: &str = "$patch";
const RETAIN_KEYS: &str = "$retainKeys";
const DELETE_FROM_LIST: &str = "$deleteFromPrimitiveList";
const SET_ORDER: &str = "$setElementOrder";

/// The object, of that type, patched.
///
/// # Errors
/// `BadRequest` if the patch is not an object or misuses a directive, `Rejected` if it has a list
/// of lists where lists are merged.
pub fn apply(
    schemas: &Schemas,
    kind: TypeId,
    object: Value,
    patch: Value,
) -> Result<Value, PatchError> {
    let patch = match patch {
        Value::Object(patch) => patch,
        Value::Null => Map::new(),
        other => {
            return Err(bad(format!(
                "json: cannot unmarshal {} into Go value of type map[string]interface {{}}",
                go::kind(&other)
            )));
        }
    };
    let object = match object {
        Value::Object(object) => object,
        _ => Map::new(),
    };
    let shape = Shape::Object(kind, Owned::Granular);
    Merger { schemas }.objects(&shape, object, patch).map(Value::Object)
}

#[derive(Clone, Copy)]
struct Merger<'a> {
    schemas: &'a Schemas,
}

impl<'a> Merger<'a> {
    /// One object or map, patched.
    fn objects(
        self,
        shape: &'a Shape,
        mut object: Map<String, Value>,
        mut patch: Map<String, Value>,
    ) -> Result<Map<String, Value>, PatchError> {
        if let Some(directive) = patch.get(DIRECTIVE) {
            return match directive.as_str() {
                Some("replace") => {
                    patch.remove(DIRECTIVE);
                    Ok(patch)
                }
                Some("delete") => Ok(Map::new()),
                _ => Err(unknown_directive(directive, &patch)),
            };
        }
        retain_keys(&mut object, &mut patch)?;
        self.ordered_lists(shape, &mut object, &mut patch)?;
        for (name, new) in patch {
            let (name, deletes) = match name.starts_with(DELETE_FROM_LIST) {
                true => (list_of(&name, DELETE_FROM_LIST)?.to_owned(), true),
                false => (name, false),
            };
            self.field(shape, &mut object, name, new, deletes)?;
        }
        Ok(object)
    }

    /// One field of an object. `deletes` marks a list of what goes, not of what comes.
    fn field(
        self,
        shape: &'a Shape,
        object: &mut Map<String, Value>,
        name: String,
        new: Value,
        deletes: bool,
    ) -> Result<(), PatchError> {
        let old = object.remove(&name);
        let merged = match (old, new) {
            (_, Value::Null) => return Ok(()),
            (Some(Value::Object(old)), Value::Object(new)) => {
                let place = Place::find(self.schemas, shape, &name)?;
                match place.replaced() {
                    true => Value::Object(new),
                    false => Value::Object(self.objects(place.shape, old, new)?),
                }
            }
            (Some(Value::Array(old)), Value::Array(new)) => {
                let list = Place::find(self.schemas, shape, &name)?.list()?;
                Value::Array(self.lists(list, old, new, deletes)?)
            }
            (Some(old), _) if deletes => old,
            (None, _) if deletes => return Ok(()),
            // Nulls of a new value would remove what is not there.
            (_, new) => match without_directives(without_nulls(new)) {
                Some(new) => new,
                None => return Ok(()),
            },
        };
        object.insert(name, merged);
        Ok(())
    }
}

/// What `$retainKeys` does not name goes; the patch may set nothing else.
fn retain_keys(
    object: &mut Map<String, Value>,
    patch: &mut Map<String, Value>,
) -> Result<(), PatchError> {
    let misused = || bad("invalid patch format of retainKeys".to_owned());
    let Some(keys) = patch.remove(RETAIN_KEYS) else { return Ok(()) };
    let Value::Array(keys) = keys else { return Err(misused()) };
    let named = |name: &str| keys.iter().any(|key| key.as_str() == Some(name));
    for (name, value) in &*patch {
        let parallel = name.starts_with(DELETE_FROM_LIST) || name.starts_with(SET_ORDER);
        if !value.is_null() && !parallel && !named(name) {
            return Err(misused());
        }
    }
    object.retain(|name, _| named(name));
    Ok(())
}

/// The list that a directive such as `$setElementOrder/ports` is about.
fn list_of<'n>(name: &'n str, directive: &str) -> Result<&'n str, PatchError> {
    match name.split_once('/') {
        Some((before, list)) if before == directive => Ok(list),
        _ if directive == DELETE_FROM_LIST => {
            Err(bad("invalid patch format of primitive list".to_owned()))
        }
        _ => Err(bad("invalid patch format of setElementOrder list".to_owned())),
    }
}

fn unknown_directive(directive: &Value, patch: &Map<String, Value>) -> PatchError {
    let patch = go::plain(&Value::Object(patch.clone()));
    bad(format!("unknown patch type: {} in map: {patch}", go::plain(directive)))
}

/// A new value without the objects that are directives; `None` if it is one itself.
fn without_directives(value: Value) -> Option<Value> {
    match value {
        Value::Object(fields) if fields.contains_key(DIRECTIVE) => None,
        Value::Object(fields) => Some(Value::Object(
            fields
                .into_iter()
                .filter_map(|(name, value)| Some((name, without_directives(value)?)))
                .collect(),
        )),
        Value::Array(items) => {
            Some(Value::Array(items.into_iter().filter_map(without_directives).collect()))
        }
        other => Some(other),
    }
}
