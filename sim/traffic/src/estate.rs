//! What users do with objects of many kinds: pure, from chance and what they have learnt.

pub(crate) mod deployments;
pub(crate) mod namespaces;
pub(crate) mod quota;
pub(crate) mod secrets;
pub(crate) mod services;
pub(crate) mod settings;

use crate::generator::Chance;
use oracles::estate::TOKEN;
use serde_json::{Value, json};

/// Namespaces with quotas; what is shared lies in the first.
pub(crate) const NAMESPACES: [&str; 3] = ["estate-0", "estate-1", "estate-2"];

pub(crate) const JSON: &str = "application/json";
pub(crate) const MERGE_PATCH: &str = "application/merge-patch+json";
pub(crate) const APPLY_PATCH: &str = "application/apply-patch+yaml";

/// A request for an API server.
#[derive(Clone, Debug, Default, PartialEq)]
pub(crate) struct Asked {
    pub(crate) method: &'static str,
    pub(crate) path: String,
    /// Of the body.
    pub(crate) media: &'static str,
    /// Null: there is none.
    pub(crate) body: Value,
    /// The token that it writes; empty: it writes none.
    pub(crate) token: String,
    pub(crate) dry_run: bool,
}

impl Asked {
    pub(crate) fn get(path: String) -> Self {
        Self { method: "GET", path, ..Self::default() }
    }

    pub(crate) fn delete(path: String) -> Self {
        let body = json!({"kind": "DeleteOptions", "apiVersion": "v1"});
        Self { method: "DELETE", path, media: JSON, body, ..Self::default() }
    }

    /// A write of an object that carries this token.
    pub(crate) fn write(method: &'static str, path: String, body: Value, mark: &Mark) -> Self {
        let mut asked =
            Self { method, path, media: JSON, body, token: mark.token.clone(), dry_run: false };
        asked.body["metadata"]["annotations"][mark.annotation()] = mark.token.as_str().into();
        asked
    }

    /// The same, with this media type.
    pub(crate) fn of(self, media: &'static str) -> Self {
        Self { media, ..self }
    }

    /// With one more part of the query.
    pub(crate) fn with(mut self, query: &str) -> Self {
        self.path.push(if self.path.contains('?') { '&' } else { '?' });
        self.path.push_str(query);
        self
    }

    /// Only tried, so often in a hundred.
    pub(crate) fn perhaps_dry(self, percent: u64, chance: &mut dyn Chance) -> Self {
        match chance.below(100) < percent {
            true => Self { dry_run: true, ..self.with("dryRun=All") },
            false => self,
        }
    }
}

/// What tells one write from all others, and its author from other authors.
#[derive(Clone, Debug)]
pub(crate) struct Mark {
    pub(crate) author: String,
    pub(crate) token: String,
}

impl Mark {
    fn annotation(&self) -> String {
        format!("{TOKEN}{}", self.author)
    }
}

/// One kind of thing that a user does, again and again.
pub(crate) trait Errand: Send {
    /// The next request.
    fn next(&mut self, mark: &Mark, chance: &mut dyn Chance) -> Asked;

    /// Takes in an answer; no status: there was none.
    fn learn(&mut self, asked: &Asked, code: u16, answer: &Value);
}

/// Anything of these; none where there is nothing.
pub(crate) fn any<'a, T>(all: &'a [T], chance: &mut dyn Chance) -> Option<&'a T> {
    all.get(usize::try_from(chance.below(all.len() as u64)).unwrap_or(0))
}

/// Objects as a user saw them last.
#[derive(Clone, Debug, Default)]
pub(crate) struct Known(Vec<Value>);

impl Known {
    /// Any of them.
    pub(crate) fn any(&self, chance: &mut dyn Chance) -> Option<&Value> {
        any(&self.0, chance)
    }

    /// The one of this name.
    pub(crate) fn named(&self, name: &str) -> Option<&Value> {
        self.0.iter().find(|object| object["metadata"]["name"] == name)
    }

    /// Takes in an answer: one object, or all of them.
    pub(crate) fn learn(&mut self, asked: &Asked, code: u16, answer: &Value) {
        if let Some(items) = answer["items"].as_array().filter(|_| asked.method == "GET") {
            // Where an item stands is known; what kind it is the list says for all of them.
            self.0.clone_from(items);
            return;
        }
        let about = match asked.method {
            "POST" => &answer["metadata"],
            _ => &Value::Null,
        };
        let of_path = asked.path.split('?').next().unwrap_or_default();
        let is_it = |object: &Value| {
            let (name, namespace) = (&object["metadata"]["name"], &object["metadata"]["namespace"]);
            let name = name.as_str().unwrap_or_default();
            let namespace = namespace.as_str().unwrap_or_default();
            let named = of_path.contains(&format!("/{namespace}/"))
                && of_path.split('/').any(|part| part == name);
            named || (about["name"] == name && about["namespace"] == namespace)
        };
        self.0.retain(|object| !is_it(object));
        let lives = (200..300).contains(&code) && asked.method != "DELETE" && !asked.dry_run;
        if lives && answer["metadata"]["uid"].is_string() && answer["kind"] != "Scale" {
            self.0.push(answer.clone());
        }
    }
}
