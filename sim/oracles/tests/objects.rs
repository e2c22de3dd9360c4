//! The oracles of objects keep silent about a good run, and object to each way of spoiling it.

use oracles::{
    ALL, History, Observation, Record, World,
    history::{
        Object, ObjectAnswer, ObjectCall, ObjectChange, ObjectEvent, ObjectOutcome, ObjectRequest,
        ObjectWatch, Sent, Wanted,
    },
};
use std::collections::BTreeMap;

const HELD: &str = "held";

fn object(revision: u64, token: &str, counts: &[u64], held: bool, deleting: bool) -> Object {
    let counters = (1..).zip(counts).map(|(n, count)| (format!("c{n}"), *count)).collect();
    let finalizers = if held { vec![HELD.to_owned()] } else { Vec::new() };
    let (name, uid, token) = ("a".to_owned(), "u".to_owned(), token.to_owned());
    let side = String::new();
    Object { name, uid, revision, token, counters, finalizers, deleting, side }
}

fn wanted(of: &Object) -> Wanted {
    Wanted {
        name: of.name.clone(),
        token: of.token.clone(),
        counters: of.counters.clone(),
        finalizers: of.finalizers.clone(),
        side: of.side.clone(),
    }
}

fn call(called: u64, request: ObjectRequest, answer: ObjectAnswer) -> ObjectCall {
    let outcome = ObjectOutcome::Answered { returned: called + 5, answer };
    ObjectCall { client: 1, server: 0, called, request, outcome }
}

/// Created with a finalizer, patched, deleted, let go; with two reads and a watch of it all.
fn good() -> History {
    let states = [
        object(5, "t1", &[1], true, false),
        object(6, "t2", &[1, 2], true, false),
        object(7, "t2", &[1, 2], true, true),
    ];
    let [created, patched, doomed] = states.clone();
    let last = object(9, "t3", &[1, 2], false, true);
    let name = || "a".to_owned();
    let mut history = History::default();
    let objects = &mut history.objects;
    let change = |object: &Object| ObjectChange {
        at: object.revision * 10,
        revision: object.revision,
        name: name(),
        object: Some(object.clone()),
    };
    objects.log.changes = states.iter().map(change).collect();
    objects.log.changes.push(ObjectChange { at: 90, revision: 9, name: name(), object: None });
    objects.log.known_to = 10;
    let answer = |object: &Object| ObjectAnswer::Object(object.clone());
    let counter = ("c2".to_owned(), 2);
    let patch = ObjectRequest::Patch { name: name(), token: "t2".into(), counter, expected: None };
    let delete = ObjectRequest::Delete { name: name(), uid: None, expected: None };
    let update = ObjectRequest::Update { object: wanted(&last), expected: Some(7) };
    let get = |stale| ObjectRequest::Get { name: name(), stale };
    let list = ObjectRequest::List { stale: false, limit: 0 };
    objects.calls = vec![
        call(40, ObjectRequest::Create(wanted(&created)), answer(&created)),
        call(50, patch, answer(&patched)),
        call(56, get(true), answer(&created)),
        call(57, get(false), answer(&patched)),
        call(65, delete, answer(&doomed)),
        call(72, list, ObjectAnswer::List { revision: 8, objects: vec![doomed.clone()] }),
        call(80, update, answer(&last)),
        call(90, get(false), ObjectAnswer::Missing),
    ];
    let gone = Object { revision: 9, ..doomed.clone() };
    let sent = [
        Sent::Added(created),
        Sent::Bookmark { revision: 5, initial_end: true },
        Sent::Modified(patched),
        Sent::Modified(doomed),
        Sent::Bookmark { revision: 8, initial_end: false },
        Sent::Deleted(gone),
    ];
    let events = (50..).step_by(10).zip(sent).map(|(at, sent)| ObjectEvent { at, sent });
    let events = events.collect();
    objects.watches =
        vec![ObjectWatch { called: 46, accepted: Some(47), events, ..ObjectWatch::default() }];
    history
}

/// The oracles that object.
fn objections(history: &History) -> Vec<&'static str> {
    let mut all = Vec::new();
    for entry in ALL.iter().filter(|entry| entry.name.starts_with("object_")) {
        let mut judge = (entry.new)();
        let second = 1_000_000_000;
        for (at, event) in [(second, World::Healed), (60 * second, World::End)] {
            assert!(judge.observe(&Observation::World { at, event }).is_ok());
        }
        let record = Record::new(history);
        if judge.observe(&Observation::History(&record)).is_err() {
            all.push(entry.name);
        }
    }
    all
}

fn spoilt(spoil: impl FnOnce(&mut History)) -> Vec<&'static str> {
    let mut history = good();
    spoil(&mut history);
    objections(&history)
}

#[test]
fn a_good_run_is_good() {
    assert_eq!(objections(&good()), [""; 0]);
}

#[test]
fn writes_that_are_lost_doubled_or_misplaced_are_seen() {
    let wrong = spoilt(|it| {
        // It named a state that was not there.
        if let ObjectRequest::Update { expected, .. } = &mut it.objects.calls[6].request {
            *expected = Some(6);
        }
        let change = it.objects.log.changes.last_mut().unwrap();
        change.object = Some(object(9, "t3", &[1, 2], false, true));
    });
    assert!(wrong.contains(&"object_writes"), "{wrong:?}");
    let lost = spoilt(|it| {
        it.objects.log.changes[1].object.as_mut().unwrap().counters = BTreeMap::new();
    });
    assert!(lost.contains(&"object_writes"), "{lost:?}");
    let refused = spoilt(|it| {
        it.objects.calls[0].outcome =
            ObjectOutcome::Refused { returned: 45, code: 409, reason: String::new() };
    });
    assert_eq!(refused, ["object_writes"]);
}

#[test]
fn old_and_invented_reads_are_seen() {
    let old = spoilt(|it| {
        let ObjectRequest::Get { stale, .. } = &mut it.objects.calls[2].request else { return };
        *stale = false;
    });
    assert_eq!(old, ["object_reads"]);
    let list = spoilt(|it| {
        let answer = ObjectAnswer::List { revision: 8, objects: Vec::new() };
        it.objects.calls[5].outcome = ObjectOutcome::Answered { returned: 76, answer };
    });
    assert_eq!(list, ["object_reads"]);
}

#[test]
fn watches_that_miss_double_or_overtake_are_seen() {
    let missed = spoilt(|it| drop(it.objects.watches[0].events.remove(2)));
    assert_eq!(missed, ["object_watch"]);
    let doubled = spoilt(|it| {
        let event = it.objects.watches[0].events[3].clone();
        it.objects.watches[0].events.insert(3, event);
    });
    assert_eq!(doubled, ["object_watch"]);
    let overtaken = spoilt(|it| it.objects.watches[0].events.swap(3, 4));
    assert_eq!(overtaken, ["object_watch"]);
    let silent = spoilt(|it| it.objects.watches[0].events.truncate(4));
    assert_eq!(silent, ["object_converges"]);
}

#[test]
fn what_vanishes_or_comes_back_is_seen() {
    let held = spoilt(|it| {
        it.objects.calls[6].request =
            ObjectRequest::Delete { name: "a".into(), uid: None, expected: None };
    });
    assert!(held.contains(&"object_finalizers"), "{held:?}");
    let back = spoilt(|it| {
        let object = Some(object(10, "t1", &[1], true, false));
        it.objects.log.changes.push(ObjectChange {
            at: 100,
            revision: 10,
            name: "a".into(),
            object,
        });
    });
    assert!(back.contains(&"object_finalizers"), "{back:?}");
}

#[test]
fn nothing_is_said_of_what_the_log_does_not_know() {
    let unknown = spoilt(|it| {
        it.objects.log.changes.drain(..2);
        it.objects.log.gaps = vec![(1, 6)];
    });
    assert_eq!(unknown, [""; 0]);
}

#[test]
fn an_end_that_the_log_does_not_show_is_not_taken_for_another() {
    let unknown = spoilt(|it| {
        let objects = &mut it.objects;
        objects.watches.clear();
        objects.log.changes.pop();
        objects.log.gaps = vec![(8, 20)];
        objects.log.known_to = 22;
        // Another object of the same name, born within the gap.
        let change = ObjectChange { at: 120, revision: 21, name: "a".into(), object: None };
        objects.log.changes.push(change);
        let delete = ObjectRequest::Delete { name: "a".into(), uid: None, expected: None };
        objects.calls.push(call(92, delete, ObjectAnswer::Gone { uid: "u".into() }));
        let list = ObjectRequest::List { stale: false, limit: 0 };
        let answer = ObjectAnswer::List { revision: 12, objects: Vec::new() };
        objects.calls.push(call(110, list, answer));
    });
    assert_eq!(unknown, [""; 0]);
}

#[test]
fn a_cache_that_stands_still_beside_its_storage_is_seen() {
    let second = 1_000_000_000;
    let lists = |touched: bool| {
        spoilt(move |it| {
            let get = |stale| ObjectRequest::Get { name: "a".into(), stale };
            let times = (1..30).step_by(2).map(|at| at * second);
            let gets = times.map(|at| call(at, get(!touched), ObjectAnswer::Missing));
            it.objects.calls.extend(gets);
            let list = ObjectRequest::List { stale: true, limit: 0 };
            let objects = vec![object(6, "t2", &[1, 2], true, false)];
            let answer = ObjectAnswer::List { revision: 6, objects };
            it.objects.calls.push(call(30 * second, list, answer));
        })
    };
    assert_eq!(lists(true), ["object_age"]);
    assert_eq!(lists(false), [""; 0]);
}
