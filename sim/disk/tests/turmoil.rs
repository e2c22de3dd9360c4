//! A second opinion: turmoil-fs and our model agree on equal operations, before and after a crash.
//!
//! turmoil-fs loses everything unsynced, which is our image with nothing surviving. It identifies
//! files by path where we follow the file, so renames and removals are done to files without
//! unsynced data and are synced at once, as are cuts.

#![allow(clippy::unwrap_used)]

mod support;

use proptest::prelude::*;
use std::os::unix::fs::FileExt;
use support::*;
use turmoil_fs::{Fs, shim::std::fs};

fn path(file: usize) -> String {
    format!("/{}", NAMES[file])
}

/// Does one step on turmoil's file system.
fn apply_theirs(step: &Step) {
    let open = |file: &usize| fs::OpenOptions::new().read(true).write(true).open(path(*file)).ok();
    match step {
        Step::Create(file) => {
            let mut options = fs::OpenOptions::new();
            options.read(true).write(true).create(true).open(path(*file)).unwrap();
        }
        Step::Write(file, offset, len, byte) => {
            if let Some(file) = open(file) {
                file.write_all_at(&vec![*byte; *len], *offset).unwrap();
            }
        }
        Step::SetLen(file, len) => {
            if let Some(file) = open(file) {
                file.set_len(*len).unwrap();
            }
        }
        Step::Sync(file) => {
            if let Some(file) = open(file) {
                file.sync_all().unwrap();
            }
        }
        Step::SyncDir => fs::sync_dir("/d").unwrap(),
        Step::Remove(file) => drop(fs::remove_file(path(*file))),
        Step::Rename(from, to) => drop(fs::rename(path(*from), path(*to))),
    }
}

/// What must surround a step for both to mean the same by it.
fn settled(step: Step) -> Vec<Step> {
    match step {
        Step::Remove(file) => {
            vec![Step::Sync(file), Step::SyncDir, Step::Remove(file), Step::SyncDir]
        }
        Step::Rename(from, to) => {
            let settle = [Step::Sync(from), Step::Sync(to), Step::SyncDir];
            settle.into_iter().chain([Step::Rename(from, to), Step::SyncDir]).collect()
        }
        // turmoil-fs 0.1.0 shows bytes again that an unsynced cut removed, once the file grows.
        Step::SetLen(file, len) => vec![Step::SetLen(file, len), Step::Sync(file)],
        Step::Write(_, _, 0, _) => Vec::new(),
        Step::Create(_) | Step::Write(..) | Step::Sync(_) | Step::SyncDir => vec![step],
    }
}

proptest! {
    #![proptest_config(ProptestConfig { cases: 200, failure_persistence: None, ..Default::default() })]

    #[test]
    fn both_models_agree(
        seed in any::<u64>(),
        steps in proptest::collection::vec(step(), 1..40),
    ) {
        let mut ours = new_disk(seed);
        let theirs = Fs::builder().seed(seed).sync_probability(0.0).build();
        let _entered = theirs.enter();
        fs::create_dir("/d").unwrap();
        fs::sync_dir("/").unwrap();
        for step in steps.into_iter().flat_map(settled) {
            apply(&mut ours, &step);
            apply_theirs(&step);
        }
        for (file, name) in NAMES.iter().enumerate() {
            prop_assert!(ours.contents(name) == fs::read(path(file)).ok(), "{name} before");
        }
        let ours = crashed(&ours, 0.0, seed);
        theirs.crash();
        for (file, name) in NAMES.iter().enumerate() {
            prop_assert!(ours.contents(name) == fs::read(path(file)).ok(), "{name} after");
        }
    }
}
