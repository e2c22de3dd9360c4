//! Labels, and selectors that are told apart by their text.

use api::selector::LabelSelector;
use serde_json::Value;
use std::{cmp::Ordering, collections::BTreeMap, sync::Arc};

/// An object's labels.
pub type Labels = BTreeMap<String, String>;

/// The labels in `metadata`, or another map of texts.
pub fn read(map: &Value) -> Labels {
    let pairs = map.as_object().into_iter().flatten();
    pairs.filter_map(|(key, value)| Some((key.clone(), value.as_str()?.to_owned()))).collect()
}

/// A label selector. Two of the same text select the same.
#[derive(Clone, Debug)]
pub struct Selector {
    text: Arc<str>,
    inner: Arc<LabelSelector>,
}

impl Selector {
    /// Reads `metav1.LabelSelector`; an absent or malformed one selects nothing.
    pub fn of(value: &Value) -> Self {
        Self::new(LabelSelector::of(Some(value)).unwrap_or_else(|_| LabelSelector::nothing()))
    }

    /// Selects what has all of these labels.
    pub fn equal_to(labels: &Labels) -> Self {
        let mut all = serde_json::Map::new();
        all.extend(labels.iter().map(|(key, value)| (key.clone(), value.as_str().into())));
        Self::of(&serde_json::json!({ "matchLabels": all }))
    }

    fn new(inner: LabelSelector) -> Self {
        // The text of what selects nothing is that of what selects everything.
        let nothing = !inner.is_everything() && inner.to_string().is_empty();
        let text = if nothing { "<nothing>".to_owned() } else { inner.to_string() };
        Self { text: text.into(), inner: Arc::new(inner) }
    }

    /// Whether an object with such labels is meant.
    pub fn matches(&self, labels: &Labels) -> bool {
        self.inner.matches(labels)
    }

    /// It selects every object.
    pub fn is_everything(&self) -> bool {
        self.inner.is_everything()
    }

    /// What it says, in one way of writing it.
    pub fn text(&self) -> &str {
        &self.text
    }
}

impl PartialEq for Selector {
    fn eq(&self, other: &Self) -> bool {
        self.text == other.text
    }
}

impl Eq for Selector {}

impl PartialOrd for Selector {
    fn partial_cmp(&self, other: &Self) -> Option<Ordering> {
        Some(self.cmp(other))
    }
}

impl Ord for Selector {
    fn cmp(&self, other: &Self) -> Ordering {
        self.text.cmp(&other.text)
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use serde_json::json;

    #[test]
    fn everything_and_nothing_are_told_apart() {
        let (all, none) = (Selector::of(&json!({})), Selector::of(&Value::Null));
        assert!(all != none && all.is_everything());
        assert!(all.matches(&Labels::new()) && !none.matches(&Labels::new()));
        let one = Selector::equal_to(&read(&json!({"a": "b"})));
        assert_eq!(one, Selector::of(&json!({"matchLabels": {"a": "b"}})));
    }
}
