//! JSON pointers as upstream reads them: into a document that is being changed.
//!
//! Upstream: gopkg.in/evanphx/json-patch.v4, which is more generous than RFC 6901. An index may
//! count from the end (`-1`), may carry a sign or zeros, and what stands before the first slash is
//! not looked at.

use serde_json::Value;

/// The last step of a pointer, with the object or list that it is a step from.
pub(super) struct Place<'a> {
    within: &'a mut Value,
    step: String,
}

impl<'a> Place<'a> {
    /// Where a pointer leads; the last step need not exist.
    pub(super) fn find(root: &'a mut Value, pointer: &str) -> Result<Self, String> {
        let lost = || format!("doc is missing path: {pointer:?}");
        let mut steps: Vec<String> = pointer.split('/').skip(1).map(unescape).collect();
        let step = steps.pop().ok_or_else(lost)?;
        let mut within = root;
        for step in steps {
            within = match within {
                Value::Object(fields) => fields.get_mut(&step),
                Value::Array(items) => {
                    let at = index(&step, items.len()).map_err(|_| lost())?;
                    items.get_mut(at)
                }
                _ => None,
            }
            .ok_or_else(lost)?;
        }
        match within {
            Value::Object(_) | Value::Array(_) => Ok(Self { within, step }),
            _ => Err(lost()),
        }
    }

    /// What is there; a member that is missing reads as null, an index beyond the end does not.
    pub(super) fn get(&self) -> Result<&Value, String> {
        match &*self.within {
            Value::Object(fields) => Ok(fields.get(&self.step).unwrap_or(&Value::Null)),
            Value::Array(items) => {
                items.get(index(&self.step, items.len())?).ok_or_else(|| beyond(&self.step))
            }
            _ => Err(beyond(&self.step)),
        }
    }

    /// Puts a value there: between a list's items, in a member's place.
    pub(super) fn add(self, value: Value) -> Result<(), String> {
        match self.within {
            Value::Object(fields) => {
                fields.insert(self.step, value);
            }
            Value::Array(items) if self.step == "-" => items.push(value),
            // One more than there are: an item may be added behind the last.
            Value::Array(items) => items.insert(index(&self.step, items.len() + 1)?, value),
            _ => return Err(beyond(&self.step)),
        }
        Ok(())
    }

    /// Puts a value in the place of what is there. As upstream does it, a member may be missing.
    pub(super) fn replace(self, value: Value) -> Result<(), String> {
        match self.within {
            Value::Object(fields) => {
                fields.insert(self.step, value);
            }
            Value::Array(items) => {
                let at = index(&self.step, items.len())?;
                items[at] = value;
            }
            _ => return Err(beyond(&self.step)),
        }
        Ok(())
    }

    /// Takes away what is there.
    pub(super) fn remove(self) -> Result<Value, String> {
        match self.within {
            Value::Object(fields) => fields
                .remove(&self.step)
                .ok_or_else(|| format!("Unable to remove nonexistent key: {}", self.step)),
            Value::Array(items) => {
                let at = index(&self.step, items.len())?;
                Ok(items.remove(at))
            }
            _ => Err(beyond(&self.step)),
        }
    }
}

fn unescape(step: &str) -> String {
    step.replace("~1", "/").replace("~0", "~")
}

fn beyond(step: &str) -> String {
    format!("Unable to access invalid index: {step}")
}

/// A place in a list of that length.
fn index(step: &str, length: usize) -> Result<usize, String> {
    let wanted: i64 =
        step.parse().map_err(|_| format!("value was not a proper array index: '{step}'"))?;
    let at = match wanted {
        0.. => usize::try_from(wanted).ok(),
        _ => usize::try_from(wanted.unsigned_abs()).ok().and_then(|back| length.checked_sub(back)),
    };
    at.filter(|at| *at < length).ok_or_else(|| beyond(step))
}
