//! Settings that several managers share: each applies some, others are written over.

use super::{APPLY_PATCH, Asked, Errand, Known, MERGE_PATCH, Mark, NAMESPACES};
use crate::generator::Chance;
use serde_json::{Map, Value, json};

/// A user's view of the shared objects.
#[derive(Debug, Default)]
pub(crate) struct Settings(Known);

/// Shared objects, names of settings in each, and different values.
const OBJECTS: u64 = 2;
const NAMES: u64 = 5;
const VALUES: u64 = 3;

impl Errand for Settings {
    fn next(&mut self, mark: &Mark, chance: &mut dyn Chance) -> Asked {
        let name = format!("shared-{}", chance.below(OBJECTS));
        let path = format!("/api/v1/namespaces/{}/configmaps/{name}", NAMESPACES[0]);
        let manager = format!("fieldManager={}", mark.author);
        let known = self.0.named(&name).cloned();
        match (chance.below(100), known) {
            (0..50, _) => {
                let body = json!({
                    "apiVersion": "v1", "kind": "ConfigMap", "metadata": {"name": name},
                    "data": some(chance, 2),
                });
                let force = if chance.below(3) == 0 { "force=true" } else { "force=false" };
                // What an author applies is not what it writes otherwise: its marks must not clash.
                let own = Mark { author: format!("{}-applied", mark.author), ..mark.clone() };
                let asked = Asked::write("PATCH", path, body, &own).of(APPLY_PATCH);
                asked.with(&manager).with(force).perhaps_dry(8, chance)
            }
            (50..68, _) => {
                let mut data = some(chance, 4);
                if chance.below(3) == 0 {
                    data.insert(format!("k{}", chance.below(NAMES)), Value::Null);
                }
                let asked = Asked::write("PATCH", path, json!({"data": data}), mark);
                asked.of(MERGE_PATCH).with(&manager).perhaps_dry(8, chance)
            }
            (68..84, Some(known)) => {
                Asked::write("PUT", path, replaced(known, chance), mark).with(&manager)
            }
            (84..87, _) => Asked::delete(path),
            _ => Asked::get(path),
        }
    }

    fn learn(&mut self, asked: &Asked, code: u16, answer: &Value) {
        self.0.learn(asked, code, answer);
    }
}

/// Some settings: one in `rare` of them.
fn some(chance: &mut dyn Chance, rare: u64) -> Map<String, Value> {
    let mut data = Map::new();
    for name in 0..NAMES {
        if chance.below(rare) == 0 {
            data.insert(format!("k{name}"), format!("v{}", chance.below(VALUES)).into());
        }
    }
    data
}

/// What was read, with other settings. Who does not say which state is meant cannot mean the owners
/// that this one had.
fn replaced(mut known: Value, chance: &mut dyn Chance) -> Value {
    (known["apiVersion"], known["kind"]) = ("v1".into(), "ConfigMap".into());
    known["data"] = Value::Object(some(chance, 2));
    let unconditional = chance.below(3) == 0;
    if let Some(metadata) = known["metadata"].as_object_mut() {
        if unconditional {
            metadata.remove("resourceVersion");
        }
        if unconditional || chance.below(2) == 0 {
            metadata.remove("managedFields");
        }
    }
    known
}
