//! Events and batches that are too large. Pure.
//!
//! Upstream: apiserver/plugin/pkg/audit/truncate.

use serde_json::Value;

/// Says in an event that something of it is missing.
const ANNOTATION: &str = "audit.k8s.io/truncated";

/// An event's text within its limit; none: it is too large even without its objects.
pub(super) fn event(event: &Value, text: &str, max: usize) -> Option<String> {
    if text.len() <= max {
        return Some(text.to_owned());
    }
    let mut event = event.clone();
    let members = event.as_object_mut()?;
    members.remove("requestObject");
    members.remove("responseObject");
    event["annotations"][ANNOTATION] = "true".into();
    let text = event.to_string();
    (text.len() <= max).then_some(text)
}

/// Divides texts so that none of the parts is larger than allowed; one that is by itself is alone.
pub(super) fn batches(texts: Vec<String>, max: usize) -> Vec<Vec<String>> {
    let (mut batches, mut bytes) = (Vec::<Vec<String>>::new(), 0);
    for text in texts {
        let length = text.len();
        match batches.last_mut() {
            Some(batch) if bytes + length <= max => {
                bytes += length;
                batch.push(text);
            }
            _ => {
                bytes = length;
                batches.push(vec![text]);
            }
        }
    }
    batches
}

#[cfg(test)]
mod tests {
    use super::*;
    use serde_json::json;

    #[test]
    fn large_events_lose_their_objects_or_are_lost() {
        let large = "x".repeat(200);
        let own = json!({"verb": "create", "requestObject": {"a": large}, "responseObject": {}});
        let text = own.to_string();
        assert_eq!(event(&own, &text, 1000).as_deref(), Some(text.as_str()));
        let cut: Value = serde_json::from_str(&event(&own, &text, 100).expect("it fits")).unwrap();
        assert_eq!(cut, json!({"verb": "create", "annotations": {ANNOTATION: "true"}}));
        assert_eq!(event(&own, &text, 10), None);
    }

    #[test]
    fn batches_are_divided() {
        let texts = ["aaa", "bbb", "cc", "dddddddd", "e"].map(str::to_owned).to_vec();
        let sizes: Vec<_> = batches(texts, 6).iter().map(Vec::len).collect();
        assert_eq!(sizes, [2, 1, 1, 1]);
    }
}
