//! Transcripts: verbs in, what every node said out. `UPDATE=1` rewrites them; read the diff.
//!
//! A line `> verb …` is a command, the lines below it are what came of it. The verbs stand in
//! `group.rs`. The form follows etcd-io/raft's `rafttest`.

// Transcripts are files.
#![allow(clippy::disallowed_methods)]

mod group;
mod say;

use std::{env, fs, path::Path};

use group::Group;

fn check(name: &str) {
    let path = Path::new(env!("CARGO_MANIFEST_DIR")).join("tests/transcripts").join(name);
    let text = fs::read_to_string(&path).unwrap_or_else(|error| panic!("{name}: {error}"));
    let said = perform(&text);
    if env::var("UPDATE").is_ok() {
        fs::write(&path, said).unwrap_or_else(|error| panic!("{name}: {error}"));
    } else {
        assert_eq!(text, said, "{name} says something else; UPDATE=1 rewrites it");
    }
}

/// The same text with every command followed by what comes of it now.
fn perform(text: &str) -> String {
    let mut group = Group::default();
    let mut out = String::new();
    for line in text.lines() {
        match line.strip_prefix("> ") {
            Some(command) => {
                let said = group.perform(command);
                out.push_str(&format!("> {command}\n{said}"));
            }
            None if line.is_empty() || line.starts_with('#') => out.push_str(&format!("{line}\n")),
            // What came of it last time.
            None => {}
        }
    }
    out
}

macro_rules! transcripts {
    ($($name:ident)*) => {
        $(#[test] fn $name() { check(concat!(stringify!($name), ".txt")); })*

        #[test]
        fn every_file_is_listed() {
            let listed = [$(concat!(stringify!($name), ".txt")),*];
            let folder = Path::new(env!("CARGO_MANIFEST_DIR")).join("tests/transcripts");
            for file in fs::read_dir(folder).expect("the folder exists") {
                let name = file.expect("readable").file_name().into_string().expect("ASCII");
                assert!(!name.ends_with(".txt") || listed.contains(&name.as_str()), "{name}");
            }
        }
    };
}

transcripts! {
    campaign
    check_quorum
    conflict_by_term
    conflict_on_follower
    forwarding
    joint_auto_leave
    joint_explicit
    learner_promotion
    lease_ignores_votes
    persist_order
    pre_vote
    pre_vote_lower_term
    read_index_lease
    read_index_safe
    restart
    single_node
    snapshot
    transfer
    transfer_aborted
    uncommitted_limit
    window_full
}
