//! The stories of the general hunt.

/// A story of `scenarios/etcd`.
macro_rules! story {
    ($name:literal) => {
        ($name, include_str!(concat!("../../../scenarios/etcd/", $name, ".yaml")))
    };
}

/// Names and texts, in the order in which seeds take them.
pub(crate) const STORIES: &[(&str, &str)] = &[
    story!("swarm"),
    story!("elections"),
    story!("watch_and_compaction"),
    story!("slow_watchers"),
    story!("snapshot_heavy"),
    story!("lease_and_lock"),
    story!("swarm"),
    story!("membership_churn"),
    story!("crash_points"),
    story!("disk_chaos"),
    story!("users"),
    story!("single_member"),
];
