//! Namespaces that come and go while others write into them.

use super::{Asked, Errand, Mark};
use crate::generator::Chance;
use serde_json::{Value, json};

/// A user who makes namespaces, fills them and has them deleted.
#[derive(Debug, Default)]
pub(crate) struct Namespaces;

/// Different names.
const NAMES: u64 = 3;
/// What their names begin with.
const BRIEF: &str = "brief-";

/// Collections that are emptied before a namespace goes, as paths below it.
pub(crate) const WITHIN: [&str; 2] = ["configmaps", "secrets"];

impl Errand for Namespaces {
    fn next(&mut self, mark: &Mark, chance: &mut dyn Chance) -> Asked {
        let name = format!("{BRIEF}{}", chance.below(NAMES));
        match chance.below(100) {
            0..20 => {
                let body = json!({
                    "apiVersion": "v1", "kind": "Namespace", "metadata": {"name": name},
                });
                Asked::write("POST", "/api/v1/namespaces".into(), body, mark)
            }
            20..32 => Asked::delete(format!("/api/v1/namespaces/{name}")),
            _ => {
                let body = json!({
                    "apiVersion": "v1", "kind": "ConfigMap",
                    "metadata": {"generateName": "map-"},
                });
                let path = format!("/api/v1/namespaces/{name}/configmaps");
                Asked::write("POST", path, body, mark)
            }
        }
    }

    fn learn(&mut self, _: &Asked, _: u16, _: &Value) {}
}

/// The namespaces of a list that wait to be emptied.
pub(crate) fn terminating(list: &Value) -> Vec<Value> {
    let all = list["items"].as_array().into_iter().flatten();
    let brief = |one: &&Value| {
        let name = one["metadata"]["name"].as_str().unwrap_or_default();
        name.starts_with(BRIEF) && one["metadata"]["deletionTimestamp"].is_string()
    };
    all.filter(brief).cloned().collect()
}

/// Says of a namespace that nothing is left in it.
pub(crate) fn finalize(mut namespace: Value) -> Asked {
    let name = namespace["metadata"]["name"].as_str().unwrap_or_default().to_owned();
    (namespace["apiVersion"], namespace["kind"]) = ("v1".into(), "Namespace".into());
    namespace["spec"]["finalizers"] = json!([]);
    let path = format!("/api/v1/namespaces/{name}/finalize");
    Asked { method: "PUT", path, media: super::JSON, body: namespace, ..Asked::default() }
}
