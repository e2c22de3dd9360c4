//! The stories of the general hunt.

/// A story of a folder of `scenarios`; of `scenarios/etcd` where none is named.
macro_rules! story {
    ($name:literal) => {
        story!("etcd", $name)
    };
    ($folder:literal, $name:literal) => {
        ($name, include_str!(concat!("../../../scenarios/", $folder, "/", $name, ".yaml")))
    };
}

/// As [`STORIES`], for what API servers do.
pub(crate) const APISERVER: &[(&str, &str)] = &[
    story!("apiserver", "objects_under_chaos"),
    story!("apiserver", "watch_heavy"),
    story!("apiserver", "crashes"),
    story!("apiserver", "member_cut_off"),
    story!("apiserver", "services_and_quotas"),
    story!("apiserver", "everything_shared"),
    story!("apiserver", "components"),
];

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
