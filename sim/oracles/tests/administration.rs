//! Oracles of what whoever looks after the members is told, and of how watches end.

use oracles::{
    ALL, Broken, History, Observation, Record,
    facts::SECOND,
    history::{Admin, Operation, Outcome, Put, Request, Response, Told, Watch, WatchResponse},
};

fn judge(oracle: &str, history: &History) -> Result<(), Broken> {
    let oracle = ALL.iter().find(|entry| entry.name == oracle).expect("in the table");
    (oracle.new)().observe(&Observation::History(&Record::new(history)))
}

/// Asked at this second, answered one second later at this revision.
fn asked(second: u64, revision: i64, request: Request, response: Response) -> Operation {
    let (called, returned) = (second * SECOND, (second + 1) * SECOND);
    let outcome = Outcome::Answered { returned, revision, response };
    Operation { client: 1, session: 0, user: String::new(), called, request, outcome }
}

fn admin(second: u64, admin: Admin, told: Told) -> Operation {
    asked(second, 9, Request::Admin(admin), Response::Told(told))
}

fn done(second: u64, admin: Admin) -> Operation {
    asked(second, 9, Request::Admin(admin), Response::Done)
}

fn put(second: u64, revision: i64) -> Operation {
    let put = Put { key: "a".into(), value: second.to_string(), ..Put::default() };
    asked(second, revision, Request::Put(put), Response::Put { prev_kv: None })
}

/// Whether each oracle objects to these operations.
fn objects(oracle: &str, operations: Vec<Operation>) -> bool {
    judge(oracle, &History { operations, ..History::default() }).is_err()
}

#[test]
fn nothing_is_written_while_space_is_out() {
    let raise = || done(2, Admin::RaiseNospace { member: 7 });
    let lower = || done(10, Admin::LowerNospace { member: 7 });
    let list = |second, nospace| admin(second, Admin::Alarms, Told::Alarms { nospace });
    let fails =
        |others: Vec<Operation>| objects("alarms_hold", [vec![raise(), lower()], others].concat());
    assert!(!fails(vec![put(0, 2), put(2, 3), put(10, 4), list(5, vec![7]), list(12, vec![])]));
    assert!(fails(vec![put(5, 2)]));
    assert!(fails(vec![list(5, vec![8])]));
    // Whoever may have lowered it meanwhile excuses both.
    let mut lost = done(1, Admin::LowerNospace { member: 7 });
    lost.outcome = Outcome::Unknown { gave_up: 0, text: "timeout".into() };
    assert!(!fails(vec![lost, put(5, 2)]));
}

#[test]
fn a_living_lease_is_listed_by_who_must_know_it() {
    let id = 5;
    let grant = Request::LeaseGrant { id: 0, ttl: 9 };
    let grant = asked(1, 1, grant, Response::LeaseGrant { id, ttl: 9 });
    let renewal = asked(9, 1, Request::LeaseKeepAlive { id }, Response::LeaseKeepAlive { ttl: 9 });
    let list = |revision, ids| {
        let told = Response::Told(Told::Leases { ids });
        asked(6, revision, Request::Admin(Admin::Leases), told)
    };
    let fails = |list| {
        let operations = vec![grant.clone(), put(3, 4), renewal.clone(), list];
        objects("lease_listed", operations)
    };
    assert!(fails(list(4, vec![])));
    assert!(!fails(list(4, vec![5])));
    // It may not have heard of the lease.
    assert!(!fails(list(3, vec![])));
}

#[test]
fn a_snapshot_is_whole() {
    let fails = |announced, came, intact| {
        let told = Told::Snapshot { announced, came, intact };
        objects("snapshot_whole", vec![admin(1, Admin::Snapshot, told)])
    };
    assert!(!fails(100, 100, true));
    assert!(fails(100, 90, true) && fails(100, 100, false) && fails(0, 0, true));
}

#[test]
fn equal_keys_have_equal_hashes() {
    let hash = |second, compacted, hash| {
        let told = Told::HashKv { revision: 8, compacted, hash };
        admin(second, Admin::HashKv { revision: 8 }, told)
    };
    assert!(!objects("hash_kv_agrees", vec![hash(1, 3, 1), hash(2, 3, 1), hash(3, 5, 2)]));
    assert!(objects("hash_kv_agrees", vec![hash(1, 3, 1), hash(2, 3, 2)]));
}

#[test]
fn the_list_of_members_is_as_of_now() {
    let add = || admin(1, Admin::MemberAdd, Told::MemberAdded { member: 4 });
    let remove = || done(6, Admin::MemberRemove { member: 4 });
    let list = |second, ids| admin(second, Admin::Members, Told::Members { ids });
    let fails = |list| objects("members_current", vec![add(), remove(), list]);
    assert!(!fails(list(1, vec![])) && !fails(list(3, vec![4])) && !fails(list(9, vec![])));
    assert!(fails(list(3, vec![])) && fails(list(9, vec![4])));
}

#[test]
fn a_wanted_watch_is_kept() {
    let response = |created, canceled| WatchResponse {
        created,
        canceled,
        revision: 3,
        ..WatchResponse::default()
    };
    let fails = |unwanted, responses| {
        let watch = Watch { unwanted, responses, ..Watch::default() };
        judge("watch_kept", &History { watches: vec![watch], ..History::default() }).is_err()
    };
    let ended = || vec![response(true, false), response(false, true)];
    assert!(fails(false, ended()) && !fails(true, ended()));
    assert!(!fails(false, vec![response(true, true)]));
    let compacted = WatchResponse { compact_revision: 2, ..response(false, true) };
    assert!(!fails(false, vec![response(true, false), compacted]));
}
