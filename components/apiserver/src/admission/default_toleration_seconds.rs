//! Pods stay for a while on a node that is not ready or cannot be reached.
//!
//! Upstream: plugin/pkg/admission/defaulttolerationseconds.

use super::{
    Attributes, Plugin,
    pod::{list_mut, text},
};
use serde_json::{Value, json};

pub(super) const PLUGIN: Plugin = Plugin {
    name: "DefaultTolerationSeconds",
    by_default: true,
    mutate: Some(|_, write| {
        mutate(write);
        Box::pin(async { Ok(()) })
    }),
    validate: None,
};

/// `--default-not-ready-toleration-seconds` and `--default-unreachable-toleration-seconds`.
const SECONDS: i64 = 300;
const TAINTS: [&str; 2] = ["node.kubernetes.io/not-ready", "node.kubernetes.io/unreachable"];

fn mutate(write: &mut Attributes) {
    if write.is_whole("", "pods") && !write.deletes() {
        tolerate(&mut write.object["spec"]);
    }
}

fn tolerate(spec: &mut Value) {
    let tolerations = list_mut(spec, "tolerations");
    let missing: Vec<&str> = TAINTS
        .into_iter()
        .filter(|taint| {
            !tolerations.iter().any(|one| {
                let (key, effect) = (text(&one["key"]), text(&one["effect"]));
                (key == *taint || key.is_empty()) && matches!(effect, "NoExecute" | "")
            })
        })
        .collect();
    for taint in missing {
        tolerations.push(json!({
            "key": taint, "operator": "Exists", "effect": "NoExecute", "tolerationSeconds": SECONDS,
        }));
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_the_pod_says_itself_counts() {
        for (said, expected) in [
            (json!([]), 2),
            (json!([{"operator": "Exists"}]), 1),
            (json!([{"key": TAINTS[0], "effect": "NoExecute", "operator": "Exists"}]), 2),
            (json!([{"key": TAINTS[0], "effect": "NoSchedule", "operator": "Exists"}]), 3),
        ] {
            let mut spec = json!({"tolerations": said});
            tolerate(&mut spec);
            assert_eq!(spec["tolerations"].as_array().map(Vec::len), Some(expected), "{said}");
        }
    }
}
