//! The way from `kubectl apply` to `kubectl apply --server-side` and back: the annotation in which
//! the former remembers what it applied.
//!
//! Upstream: pkg/util/managedfields/internal/lastappliedmanager.go and lastappliedupdater.go.

use super::FieldManager;
use crate::patch::fields::Set;
use serde_json::{Map, Value};

/// The one manager that this is for.
pub(super) const MANAGER: &str = "kubectl";

const ANNOTATION: &str = "kubectl.kubernetes.io/last-applied-configuration";

/// Bytes of all names and values of an object's annotations.
const MAX_ANNOTATIONS: usize = 256 << 10;

impl FieldManager<'_> {
    /// The fields that were applied by the client and are still as it applied them. About these
    /// there is no conflict: whoever owns them, kubectl was meant.
    pub(super) fn applied_by_client(&self, live: &Value) -> Option<Set> {
        let text = annotation(live)?;
        let applied: Value = serde_json::from_str(text).ok()?;
        let version = self.version();
        if applied.get("apiVersion")?.as_str()? != version {
            return None;
        }
        let (shape, typed) = (self.shape(&version)?, self.typed());
        typed.validate(&shape, &applied, false).ok()?;
        let change = typed.compare(&shape, &applied, live);
        let fields = typed.field_set(&shape, &applied);
        let same = fields.difference(&change.modified).difference(&change.added);
        Some(same.difference(&change.removed))
    }
}

/// Lets the annotation, if there is one, say what has just been applied.
pub(super) fn refresh(object: &mut Value, applied: &Value) {
    if annotation(object).is_none() {
        return;
    }
    let mut applied = applied.clone();
    if let Some(annotations) = annotations_of(&mut applied) {
        annotations.remove(ANNOTATION);
    }
    let Some(annotations) = annotations_of(object) else { return };
    annotations.insert(ANNOTATION.to_owned(), Value::String(format!("{applied}\n")));
    let size = |(name, value): (&String, &Value)| name.len() + value.as_str().map_or(0, str::len);
    if annotations.iter().map(size).sum::<usize>() > MAX_ANNOTATIONS {
        annotations.remove(ANNOTATION);
    }
}

fn annotations_of(object: &mut Value) -> Option<&mut Map<String, Value>> {
    object.pointer_mut("/metadata/annotations")?.as_object_mut()
}

fn annotation(object: &Value) -> Option<&str> {
    let text = object.get("metadata")?.get("annotations")?.get(ANNOTATION)?.as_str()?;
    (!text.is_empty()).then_some(text)
}
