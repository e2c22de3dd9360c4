//! How many of some pods may be taken away.

use super::{labels::Selector, number, text};
use client::Key;
use serde_json::Value;

/// A `PodDisruptionBudget`.
#[derive(Clone, PartialEq, Eq, Debug)]
pub struct Budget {
    /// Namespace and name.
    pub key: Key,
    /// Pods of its namespace.
    pub selector: Selector,
    /// How many may go now.
    pub allowed: i32,
    /// Pods that are counted as gone already.
    pub disrupted: Vec<String>,
}

impl Budget {
    /// Reads a budget.
    pub fn read(object: &Value) -> Self {
        let (metadata, status) = (&object["metadata"], &object["status"]);
        let disrupted = status["disruptedPods"].as_object().into_iter().flatten();
        Self {
            key: Key::new(text(metadata, "namespace"), text(metadata, "name")),
            selector: Selector::of(&object["spec"]["selector"]),
            allowed: number(status, "disruptionsAllowed").unwrap_or(0),
            disrupted: disrupted.map(|(name, _)| name.clone()).collect(),
        }
    }
}
