//! The queue's promises.

use super::*;
use serde_json::json;

const SECOND: u64 = 1_000_000_000;

fn pod(name: &str) -> Arc<Pod> {
    let metadata = json!({"name": name, "namespace": "n", "uid": name});
    Arc::new(Pod::read(Arc::new(json!({ "metadata": metadata }))))
}

fn at(seconds: u64) -> Instant {
    Instant(seconds * SECOND)
}

fn queue() -> Queue {
    Queue::new(Backoff::default(), Duration::from_secs(300))
}

fn popped(queue: &mut Queue, seconds: u64) -> Option<String> {
    queue.pop(at(seconds)).map(|popped| popped.pod.key.name.clone())
}

fn by(plugin: &'static str) -> Verdict {
    Verdict { plugins: BTreeSet::from([plugin]), ..Verdict::default() }
}

fn change(queue: &mut Queue, seconds: u64, plugin: &'static str) {
    queue.changed(at(seconds), &|_, refuser| refuser == plugin, &|_| Ok(()));
}

#[test]
fn the_important_come_first_then_those_that_came_first() {
    let mut queue = queue();
    for (name, rank, seconds) in [("a", 0, 1), ("b", -5, 3), ("c", 0, 1), ("d", -5, 2)] {
        queue.add(at(seconds), pod(name), rank, Ok(()));
    }
    let order: Vec<_> = std::iter::from_fn(|| popped(&mut queue, 4)).collect();
    assert_eq!(order, ["d", "b", "a", "c"]);
}

#[test]
fn a_refused_pod_waits_for_a_change_that_helps() {
    let mut queue = queue();
    queue.add(at(0), pod("a"), 0, Ok(()));
    popped(&mut queue, 0).unwrap();
    queue.refused(at(0), &pod("a").key, by("NodeAffinity"));
    change(&mut queue, 5, "NodePorts");
    assert_eq!(popped(&mut queue, 5), None);
    change(&mut queue, 6, "NodeAffinity");
    assert_eq!(popped(&mut queue, 6).unwrap(), "a");
}

#[test]
fn backoff_grows_and_ends_early_only_where_nobody_else_is_ready() {
    let mut queue = queue();
    queue.add(at(0), pod("a"), 0, Ok(()));
    popped(&mut queue, 0).unwrap();
    queue.refused(at(0), &pod("a").key, by("x"));
    change(&mut queue, 0, "x");
    assert_eq!(queue.lengths(), (0, 1, 0));
    assert_eq!(queue.next_ready(), Some(at(1)));
    queue.add(at(0), pod("b"), 0, Ok(()));
    assert_eq!(popped(&mut queue, 0).unwrap(), "b");
    assert_eq!(popped(&mut queue, 0).unwrap(), "a");
    queue.refused(at(0), &pod("a").key, by("x"));
    change(&mut queue, 0, "x");
    assert_eq!(queue.next_ready(), Some(at(2)));
    let waits: Vec<u64> = (1..7).map(|n| Backoff::default().after(n).as_secs()).collect();
    assert_eq!(waits, [1, 2, 4, 8, 10, 10]);
}

#[test]
fn what_went_wrong_waits_its_time() {
    let mut queue = queue();
    queue.add(at(0), pod("a"), 0, Ok(()));
    popped(&mut queue, 0).unwrap();
    queue.refused(at(0), &pod("a").key, Verdict::default());
    assert_eq!(popped(&mut queue, 0), None);
    assert_eq!(popped(&mut queue, 1).unwrap(), "a");
}

#[test]
fn a_change_during_a_try_is_not_lost() {
    let mut queue = queue();
    queue.add(at(0), pod("a"), 0, Ok(()));
    popped(&mut queue, 0).unwrap();
    change(&mut queue, 0, "y");
    queue.refused(at(0), &pod("a").key, by("x"));
    assert_eq!(queue.lengths(), (0, 1, 0));
}

#[test]
fn a_gate_keeps_a_pod_out_until_it_opens() {
    let mut queue = queue();
    let refusal = || Refusal::unresolvable("gates").by("SchedulingGates");
    queue.add(at(0), pod("a"), 0, Err(refusal()));
    assert_eq!(popped(&mut queue, 1000), None);
    let shut = |_: &Pod| Err(Refusal::unresolvable("gates").by("SchedulingGates"));
    queue.changed(at(1), &|_, plugin| plugin == "SchedulingGates", &shut);
    assert_eq!(popped(&mut queue, 1000), None);
    queue.flush(at(1000));
    assert_eq!(popped(&mut queue, 1000), None);
    change(&mut queue, 1001, "SchedulingGates");
    assert_eq!(popped(&mut queue, 1001).unwrap(), "a");
}

#[test]
fn nobody_waits_for_ever() {
    let mut queue = queue();
    queue.add(at(0), pod("a"), 0, Ok(()));
    popped(&mut queue, 0).unwrap();
    queue.refused(at(0), &pod("a").key, by("x"));
    queue.flush(at(300));
    assert_eq!(popped(&mut queue, 300), None);
    queue.flush(at(301));
    assert_eq!(popped(&mut queue, 301).unwrap(), "a");
    queue.remove(&pod("a").key);
    queue.refused(at(302), &pod("a").key, by("x"));
    assert_eq!(queue.lengths(), (0, 0, 0));
}
