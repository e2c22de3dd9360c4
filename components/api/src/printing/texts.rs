//! Texts that several kinds' cells have: labels, selectors, containers, lists that are cut short.

use super::view::text;
use crate::selector::LabelSelector;
use serde_json::{Map, Value};

/// `a=b,c=d`, or `<none>`.
pub(super) fn labels(labels: Option<&Map<String, Value>>) -> String {
    let pairs = labels.into_iter().flatten();
    let pairs = pairs.map(|(name, value)| format!("{name}={}", value.as_str().unwrap_or_default()));
    or_none(pairs.collect::<Vec<_>>().join(","))
}

/// A `metav1.LabelSelector`: `a=b,c in (d,e)`, or `<none>`.
pub(super) fn selector(selector: &Value) -> String {
    match LabelSelector::of(Some(selector)) {
        Ok(selector) => or_none(selector.to_string()),
        Err(_) => "<error>".to_owned(),
    }
}

/// The text, or `<none>` if it is empty.
pub(super) fn or_none(text: String) -> String {
    if text.is_empty() { "<none>".to_owned() } else { text }
}

/// The containers' names and their images.
pub(super) fn containers(containers: &[Value]) -> [Value; 2] {
    ["/name", "/image"].map(|field| {
        let texts = containers.iter().map(|it| text(it, field));
        Value::from(texts.collect::<Vec<_>>().join(","))
    })
}

/// The first of many texts, and how many more there are.
pub(super) fn first_of(all: &[String], most: usize) -> String {
    let shown = all.iter().take(most).map(String::as_str).collect::<Vec<_>>().join(",");
    match all.len() > most {
        true => format!("{shown} + {} more...", all.len() - most),
        false => shown,
    }
}

/// As [`first_of`] three, or `<unset>`.
pub(super) fn first_or_unset(all: &[String]) -> String {
    let text = first_of(all, 3);
    if text.is_empty() { "<unset>".to_owned() } else { text }
}

/// A number or text of `intstr.IntOrString`, or another text if there is none.
pub(super) fn int_or_string(value: &Value, other: &str) -> String {
    match value {
        Value::String(text) => text.clone(),
        Value::Number(number) => number.to_string(),
        _ => other.to_owned(),
    }
}
