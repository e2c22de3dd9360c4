//! Rows of autoscalers, in both versions.

use super::{metrics, view::View};
use serde_json::{Value, json};

pub(super) fn autoscaler(it: View<'_>) -> Vec<Value> {
    let target = it.text("/spec/scaleTargetRef/name");
    let least = match it.at("/spec/minReplicas") {
        Value::Null => "<unset>".to_owned(),
        least => least.to_string(),
    };
    vec![
        it.name(),
        json!(format!("{}/{target}", it.text("/spec/scaleTargetRef/kind"))),
        json!(metrics::targets(it)),
        json!(least),
        json!(it.int("/spec/maxReplicas")),
        json!(it.int("/status/currentReplicas")),
        it.age(),
    ]
}
