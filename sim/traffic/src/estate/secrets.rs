//! Secrets: as many as a quota lets in, with a webhook's consent where there is one.

use super::{Asked, Errand, Known, Mark, NAMESPACES, any};
use crate::generator::Chance;
use serde_json::{Value, json};

/// A user's secrets of all namespaces.
#[derive(Debug, Default)]
pub(crate) struct Secrets(Known);

fn collection(chance: &mut dyn Chance) -> String {
    let namespace = any(&NAMESPACES, chance).unwrap_or(&NAMESPACES[0]);
    format!("/api/v1/namespaces/{namespace}/secrets")
}

impl Errand for Secrets {
    fn next(&mut self, mark: &Mark, chance: &mut dyn Chance) -> Asked {
        let path = collection(chance);
        let known = self.0.any(chance);
        match (chance.below(100), known) {
            (0..55, _) => {
                let body = json!({
                    "apiVersion": "v1", "kind": "Secret", "metadata": {"generateName": "secret-"},
                    "stringData": {"key": mark.token},
                });
                Asked::write("POST", path, body, mark).perhaps_dry(12, chance)
            }
            (55..90, Some(known)) => {
                let metadata = &known["metadata"];
                let text = |name: &str| metadata[name].as_str().unwrap_or_default();
                let (namespace, name) = (text("namespace"), text("name"));
                let path = format!("/api/v1/namespaces/{namespace}/secrets/{name}");
                Asked::delete(path).perhaps_dry(10, chance)
            }
            (90..94, _) => Asked::delete(path).perhaps_dry(20, chance),
            _ => Asked::get(path),
        }
    }

    fn learn(&mut self, asked: &Asked, code: u16, answer: &Value) {
        self.0.learn(asked, code, answer);
    }
}
