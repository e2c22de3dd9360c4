//! A real file system fills up under a member: what it acknowledged stays.

use conformance::{
    binaries,
    cluster::{Cluster, Plan},
    etcdctl::Etcdctl,
};
use std::{
    io::Write,
    path::{Path, PathBuf},
    process::Command,
};

/// A file system of its own in memory, gone when dropped.
struct SmallDisk(PathBuf);

impl SmallDisk {
    /// None, and a loud word about it, where this user may not mount.
    fn mount(at: PathBuf, size: &str) -> Option<Self> {
        std::fs::create_dir_all(&at).expect("a directory can be made");
        let mount = binaries::tool("mount", "mount");
        let options = format!("size={size}");
        let args = ["-t", "tmpfs", "-o", &options, "tmpfs"];
        let done = Command::new(mount).args(args).arg(&at).output();
        if done.expect("mount can be started").status.success() {
            return Some(Self(at));
        }
        // Past the test harness, which would swallow it.
        let word = b"\nSKIPPED: a_full_disk_...: mounting needs root, so nothing was tested\n\n";
        std::io::stderr().write_all(word).expect("standard error is there");
        None
    }

    fn grow(&self, size: &str) {
        let options = format!("remount,size={size}");
        let mount = binaries::tool("mount", "mount");
        let done = Command::new(mount).args(["-o", &options]).arg(&self.0).status();
        assert!(done.expect("mount can be started").success(), "it cannot grow");
    }
}

impl Drop for SmallDisk {
    fn drop(&mut self) {
        // Processes that still use it are the test's own and end with it: detach it lazily.
        let _ = Command::new("umount").arg("-l").arg(&self.0).status();
    }
}

/// Puts values until one is not acknowledged; answers with the keys of those that were.
fn fill(etcdctl: &Etcdctl, bytes: usize) -> Vec<String> {
    let mut acknowledged = Vec::new();
    loop {
        let key = format!("key{:04}", acknowledged.len());
        let value = format!("{key}{}", "x".repeat(bytes));
        if !etcdctl.run_with(&["put", &key], &value).succeeded() {
            return acknowledged;
        }
        acknowledged.push(key);
        assert!(acknowledged.len() < 1000, "the disk never fills");
    }
}

fn with_data_in(cluster: &mut Cluster, directory: &Path) {
    cluster.members[0].data_dir = directory.join("m0.etcd");
}

#[test]
fn a_full_disk_ends_the_member_with_a_clear_word_and_loses_nothing() {
    let mut cluster = Cluster::plan(Plan::ours(1));
    // The log reserves its first segment of 64 MB; the backend has the rest.
    let Some(disk) = SmallDisk::mount(cluster.scratch.path().join("disk"), "100m") else { return };
    with_data_in(&mut cluster, &disk.0);
    cluster.start_all();
    cluster.serves();
    let etcdctl = cluster.etcdctl().with("ETCDCTL_COMMAND_TIMEOUT", "5s");
    let acknowledged = fill(&etcdctl, 1_000_000);
    assert!(acknowledged.len() > 5, "only {} fit", acknowledged.len());
    // It does not limp on: it says why and ends.
    let code = cluster.members[0].process().end().code();
    let said = cluster.members[0].process().said();
    assert_eq!(code, Some(1), "{said}");
    assert!(said.contains("No space left on device"), "{said}");
    assert!(said.contains("the member stopped"), "{said}");
    // Nor does it come up as long as there is no room to work in, or else it serves what it has.
    cluster.members[0].process = None;
    disk.grow("400m");
    cluster.start_all();
    cluster.serves();
    let keys = cluster.etcdctl().run(&["get", "key", "--prefix", "--keys-only"]).ok();
    let there: Vec<_> = keys.split_whitespace().collect();
    let lost: Vec<_> = acknowledged.iter().filter(|key| !there.contains(&key.as_str())).collect();
    assert!(lost.is_empty(), "{} of {} lost: {lost:?}", lost.len(), acknowledged.len());
    let last = acknowledged.last().expect("some were acknowledged");
    let value = cluster.etcdctl().run(&["get", last, "--print-value-only"]).ok();
    assert!(value.starts_with(last.as_str()) && value.len() > 1_000_000);
    cluster.etcdctl().run(&["put", "room", "again"]).ok();
    cluster.members[0].kill();
}
