//! `etcdctl` cannot tell our binary from upstream's: the same commands against both, and the same
//! answers.

use conformance::{
    cluster::{Cluster, Plan},
    member::Maker,
    script,
};
use std::path::Path;

fn answers_are_equal(name: &str, plan: &Plan) {
    let path = Path::new(env!("CARGO_MANIFEST_DIR")).join("scripts").join(name);
    let answers = |maker| {
        let (plan, path) = (plan.clone().made_by(maker), path.clone());
        std::thread::spawn(move || script::transcript(&path, &Cluster::start(plan)))
    };
    let (ours, theirs) = (answers(Maker::Ours), answers(Maker::Debian));
    let (ours, theirs) = (ours.join(), theirs.join());
    let (ours, theirs) = (ours.expect("ours ran"), theirs.expect("Debian's ran"));
    assert!(ours.lines().count() > 10, "the script did not run:\n{ours}");
    let differences = script::differences(&ours, &theirs);
    assert!(differences.is_empty(), "{name}, ours and Debian's:\n{}", differences.join("\n"));
}

/// One member in plain text, then three with TLS on all sides.
fn answers_are_equal_in_both(name: &str) {
    answers_are_equal(name, &Plan::ours(1));
    answers_are_equal(name, &Plan::ours(3).with_tls());
}

#[test]
fn keys() {
    answers_are_equal_in_both("kv.sh");
}

#[test]
fn transactions() {
    answers_are_equal_in_both("txn.sh");
}

#[test]
fn watches() {
    answers_are_equal_in_both("watch.sh");
}

#[test]
fn leases() {
    answers_are_equal_in_both("lease.sh");
}

#[test]
fn users_and_roles() {
    answers_are_equal("auth.sh", &Plan::ours(1));
}

#[test]
fn users_and_roles_of_three_with_tls() {
    answers_are_equal("auth.sh", &Plan::ours(3).with_tls());
}

#[test]
fn maintenance() {
    answers_are_equal_in_both("maintenance.sh");
}

#[test]
fn listings() {
    answers_are_equal("list.sh", &Plan::ours(1));
}

#[test]
fn locks_and_elections() {
    answers_are_equal_in_both("locks.sh");
}

#[test]
fn members_with_tls() {
    answers_are_equal("members.sh", &Plan::ours(3).with_tls());
}
