//! How fast an autoscaler may go.
//!
//! Upstream: `pkg/apis/autoscaling/v2/defaults.go`.

use super::{Object, Specials, fill, made};
use serde_json::json;

pub(super) const SPECIALS: Specials =
    &[("autoscaling.v2.HorizontalPodAutoscalerBehavior", behavior)];

/// Who gives one direction rules gets upstream's for whatever is left open.
fn behavior(behavior: &mut Object) {
    let policy =
        |kind: &str, value: i32| json!({"type": kind, "value": value, "periodSeconds": 15});
    if let Some(up) = made(behavior, "scaleUp") {
        fill(up, "stabilizationWindowSeconds", 0);
        fill(up, "selectPolicy", "Max");
        fill(up, "policies", vec![policy("Pods", 4), policy("Percent", 100)]);
    }
    if let Some(down) = made(behavior, "scaleDown") {
        fill(down, "selectPolicy", "Max");
        fill(down, "policies", vec![policy("Percent", 100)]);
    }
}
