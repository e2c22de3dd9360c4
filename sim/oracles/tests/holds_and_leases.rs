//! Oracles that judge locks and leases by what clients saw.

use oracles::{
    ALL, Broken, Fact, History, Judge, Observation, Record, Value, World,
    facts::SECOND,
    history::{
        Event, EventKind, Hold, KeyValue, Operation, Outcome, Put, Request, Response, Time, Watch,
        WatchRequest, WatchResponse,
    },
};

fn oracle(name: &str) -> Box<dyn Judge> {
    (ALL.iter().find(|entry| entry.name == name).expect("in the table").new)()
}

fn holds(name: &str, holds: Vec<Hold>) -> Result<(), Broken> {
    let history = History { holds, ..History::default() };
    let mut oracle = oracle(name);
    oracle.observe(&Observation::World { at: 100 * SECOND, event: World::End })?;
    oracle.observe(&Observation::History(&Record::new(&history)))
}

fn hold(client: u32, token: i64, span: (Time, Option<Time>), writes: &[i64]) -> Hold {
    Hold {
        name: "lock".into(),
        client,
        token,
        acquired: span.0 * SECOND,
        let_go: span.1.map(|at| at * SECOND),
        writes: writes.to_vec(),
        ..Hold::default()
    }
}

#[test]
fn holders_one_after_the_other_are_fine() {
    let queue = vec![hold(1, 5, (1, Some(9)), &[6, 7]), hold(2, 8, (9, None), &[10])];
    assert_eq!(holds("mutual_exclusion", queue.clone()), Ok(()));
    assert_eq!(holds("fencing", queue), Ok(()));
}

#[test]
fn two_holders_at_once_are_caught() {
    let both = vec![hold(1, 5, (1, Some(9)), &[]), hold(2, 8, (4, Some(12)), &[])];
    assert!(holds("mutual_exclusion", both).is_err());
    // A third in the long span of the first, after a short second.
    let third = vec![
        hold(1, 5, (1, Some(3)), &[]),
        hold(2, 6, (3, Some(30)), &[]),
        hold(3, 7, (31, None), &[]),
        hold(4, 8, (40, Some(41)), &[]),
    ];
    assert!(holds("mutual_exclusion", third).is_err());
}

#[test]
fn another_lock_is_another_matter() {
    let mut both = vec![hold(1, 5, (1, None), &[]), hold(2, 8, (4, None), &[])];
    both[1].name = "other".into();
    assert_eq!(holds("mutual_exclusion", both), Ok(()));
}

#[test]
fn a_deposed_holders_write_is_caught() {
    let late = vec![hold(1, 5, (1, Some(9)), &[6, 11]), hold(2, 8, (9, None), &[10])];
    assert!(holds("fencing", late).is_err());
}

fn operation(called: Time, request: Request, response: Response) -> Operation {
    let called = called * SECOND;
    let outcome = Outcome::Answered { returned: called + 1, revision: 1, response };
    Operation { client: 1, session: 1, user: String::new(), called, request, outcome }
}

/// Client 7 was given a lock though client 8's key was there first. Something happened at revision
/// 4, which may be the end of either's key or somebody's entry in another queue.
fn given_too_early() -> History {
    let enter = |lease: i64, revision| {
        let key = format!("lock/{lease}");
        let put = Request::Put(Put { key, lease, ..Put::default() });
        answered(revision, put, Response::Put { prev_kv: None })
    };
    let put = Request::Put(Put { key: "k".into(), ..Put::default() });
    let campaign = Request::Recipe { name: "campaign".into(), prefix: "election/".into() };
    let mut operations = vec![enter(8, 2), enter(7, 3)];
    operations.push(answered(4, campaign, Response::Done));
    operations.push(answered(5, put, Response::Put { prev_kv: None }));
    History { operations, holds: vec![hold(7, 3, (6, Some(7)), &[])], ..History::default() }
}

fn answered(revision: i64, request: Request, response: Response) -> Operation {
    let mut operation = operation(revision.unsigned_abs(), request, Response::Done);
    let returned = operation.called + 1;
    operation.outcome = Outcome::Answered { returned, revision, response };
    operation
}

fn given(history: &History) -> Result<(), Broken> {
    oracle("mutual_exclusion").observe(&Observation::History(&Record::new(history)))
}

#[test]
fn a_lock_given_to_whoever_had_lost_its_place_is_caught_where_a_client_saw_that() {
    let mut history = given_too_early();
    let request = WatchRequest { range_end: "\0".into(), ..WatchRequest::default() };
    let kv = KeyValue { key: "lock/7".into(), modified: 4, ..KeyValue::default() };
    let gone = Event { kind: EventKind::Delete, kv, prev_kv: None };
    let shown = WatchResponse { at: 5 * SECOND, events: vec![gone], ..WatchResponse::default() };
    history.watches.push(Watch { request, responses: vec![shown], ..Watch::default() });
    assert!(given(&history).is_err());
}

#[test]
fn a_revision_that_nobody_saw_proves_nothing_about_a_lock() {
    assert_eq!(given(&given_too_early()), Ok(()));
}

/// A lease of ten seconds, granted at 0 and renewed at 5.
fn renewed_lease() -> Vec<Operation> {
    vec![
        operation(
            0,
            Request::LeaseGrant { id: 7, ttl: 10 },
            Response::LeaseGrant { id: 7, ttl: 10 },
        ),
        operation(5, Request::LeaseKeepAlive { id: 7 }, Response::LeaseKeepAlive { ttl: 10 }),
    ]
}

fn leases(name: &str, revoked: Time, operations: Vec<Operation>) -> Result<(), Broken> {
    let history = History { operations, ..History::default() };
    let mut oracle = oracle(name);
    let fields = [("id", Value::I64(7))];
    let at = revoked * SECOND;
    let fact = Fact { at, machine: "n1", name: "lease/revoke", fields: &fields };
    oracle.observe(&Observation::Fact(fact))?;
    oracle.observe(&Observation::History(&Record::new(&history)))
}

#[test]
fn a_lease_may_end_after_its_time() {
    assert_eq!(leases("lease_lives", 16, renewed_lease()), Ok(()));
}

#[test]
fn a_lease_that_was_renewed_in_time_may_not_end() {
    assert!(leases("lease_lives", 11, renewed_lease()).is_err());
}

#[test]
fn a_client_may_end_a_lease_at_any_time() {
    let mut operations = renewed_lease();
    operations.push(operation(6, Request::LeaseRevoke { id: 7 }, Response::Done));
    assert_eq!(leases("lease_lives", 7, operations), Ok(()));
}

#[test]
fn a_renewal_of_a_lease_that_some_member_has_ended_is_caught() {
    assert!(leases("lease_renewal", 4, renewed_lease()).is_err());
    // It ended after it was renewed.
    assert_eq!(leases("lease_renewal", 6, renewed_lease()), Ok(()));
}

#[test]
fn a_renewal_after_an_answered_revocation_is_caught() {
    let mut operations = renewed_lease();
    operations.insert(1, operation(3, Request::LeaseRevoke { id: 7 }, Response::Done));
    // The client was answered before any member told that it had applied it.
    assert!(leases("lease_renewal", 9, operations).is_err());
}

/// A lease of 10 s with a key, asked about after so many seconds.
fn asked_about(second: Time, granted_ttl: i64, ttl: i64, keys: &[&str]) -> Vec<Operation> {
    let put = |key: &str, lease| Put { key: key.into(), lease, ..Put::default() };
    let done = || Response::Put { prev_kv: None };
    let keys = keys.iter().map(|key| (*key).to_owned()).collect();
    let told = Response::LeaseTimeToLive { granted_ttl, ttl, keys };
    vec![
        operation(
            1,
            Request::LeaseGrant { id: 0, ttl: 10 },
            Response::LeaseGrant { id: 7, ttl: 10 },
        ),
        answered(2, Request::Put(put("a", 7)), done()),
        operation(second, Request::LeaseTimeToLive { id: 7 }, told),
        answered(3, Request::Put(put("b", 0)), done()),
    ]
}

fn told(second: Time, granted_ttl: i64, ttl: i64, keys: &[&str]) -> Result<(), Broken> {
    let operations = asked_about(second, granted_ttl, ttl, keys);
    let history = History { operations, ..History::default() };
    oracle("lease_time_to_live").observe(&Observation::History(&Record::new(&history)))
}

#[test]
fn what_is_told_of_a_lease_is_true() {
    for (second, ttl) in [(1, 10), (1, 9), (6, 5), (6, 4), (9, 1)] {
        assert_eq!(told(second, 10, ttl, &["a"]), Ok(()), "{ttl}s left at {second}s");
    }
    // Between the two writes nothing else was attached.
    for keys in [&[][..], &["a", "b"], &["b"]] {
        let mut operations = asked_about(1, 10, 9, keys);
        operations[2].called = 5 * SECOND / 2;
        let (returned, revision) = (operations[2].called + 1, 1);
        let keys = keys.iter().map(|key| (*key).to_owned()).collect();
        let response = Response::LeaseTimeToLive { granted_ttl: 10, ttl: 8, keys };
        operations[2].outcome = Outcome::Answered { returned, revision, response };
        let history = History { operations, ..History::default() };
        let record = Record::new(&history);
        assert!(oracle("lease_time_to_live").observe(&Observation::History(&record)).is_err());
    }
    for (second, granted, ttl) in [(2, 9, 8), (8, 10, 10), (2, 10, 3), (2, 10, -1)] {
        assert!(told(second, granted, ttl, &["a"]).is_err(), "{ttl}s left at {second}s");
    }
}

#[test]
fn clocks_that_stand_still_let_nothing_pass() {
    let told = |freezes: &[(Time, bool)]| {
        let operations = asked_about(8, 10, 10, &["a"]);
        let history = History { operations, ..History::default() };
        let mut oracle = oracle("lease_time_to_live");
        for (second, stands) in freezes {
            let event = World::Clock { machine: "etcd-0", stands: *stands };
            oracle.observe(&Observation::World { at: second * SECOND, event })?;
        }
        oracle.observe(&Observation::History(&Record::new(&history)))
    };
    assert!(told(&[]).is_err());
    assert_eq!(told(&[(0, true)]), Ok(()), "they stand all the time");
    assert_eq!(told(&[(0, true), (9, false)]), Ok(()), "they go again afterwards");
    assert_eq!(told(&[(4, true), (5, false)]), Ok(()), "for a while");
    assert!(told(&[(0, true), (0, false), (9, true)]).is_err(), "before and afterwards");
}
