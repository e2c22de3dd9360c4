//! How workloads are rolled out unless somebody says otherwise.
//!
//! Upstream: `pkg/apis/apps/v1/defaults.go`.

use super::{Object, Specials, fill, made, text};

pub(super) const SPECIALS: Specials = &[
    ("apps.v1.DeploymentStrategy", deployment_strategy),
    ("apps.v1.DaemonSetUpdateStrategy", daemon_set_strategy),
    ("apps.v1.StatefulSetUpdateStrategy", stateful_set_strategy),
];

fn deployment_strategy(strategy: &mut Object) {
    if text(strategy, "type") == "RollingUpdate"
        && let Some(rolling) = made(strategy, "rollingUpdate")
    {
        fill(rolling, "maxUnavailable", "25%");
        fill(rolling, "maxSurge", "25%");
    }
}

fn daemon_set_strategy(strategy: &mut Object) {
    if text(strategy, "type") == "RollingUpdate"
        && let Some(rolling) = made(strategy, "rollingUpdate")
    {
        fill(rolling, "maxUnavailable", 1);
        fill(rolling, "maxSurge", 0);
    }
}

/// Who names the strategy and no more gets no partition.
fn stateful_set_strategy(strategy: &mut Object) {
    if text(strategy, "type").is_empty() {
        strategy.insert("type".into(), "RollingUpdate".into());
        made(strategy, "rollingUpdate");
    }
    if text(strategy, "type") == "RollingUpdate"
        && let Some(rolling) = super::inner(strategy, "rollingUpdate")
    {
        fill(rolling, "partition", 0);
    }
}
