//! The oracle of permissions, by what clients asked and were answered.

use oracles::{
    ALL, Broken, History, Observation, Record,
    facts::SECOND,
    history::{
        AuthChange, Delete, Operation, Outcome, Put, Range, Refusal, Request, Response, Txn,
    },
};

fn judge(operations: Vec<Operation>) -> Result<(), Broken> {
    let oracle = ALL.iter().find(|entry| entry.name == "auth_permits").expect("in the table");
    let history = History { operations, ..History::default() };
    (oracle.new)().observe(&Observation::History(&Record::new(&history)))
}

/// Asked at this second, with an answer one second later.
fn asked(second: u64, user: &str, request: Request) -> Operation {
    let (called, returned) = (second * SECOND, (second + 1) * SECOND);
    let outcome = Outcome::Answered { returned, revision: 1, response: Response::Done };
    Operation { client: 1, session: 0, user: user.into(), called, request, outcome }
}

fn root(second: u64, change: AuthChange) -> Operation {
    asked(second, "root", Request::Auth(change))
}

fn grant() -> AuthChange {
    AuthChange::UserGrantRole { user: "ann".into(), role: "reader".into() }
}

/// Ann may read b and c and write c, since second 3; authentication is on since second 1.
fn permitted() -> Vec<Operation> {
    let permit = |key: &str, end: &str, write| AuthChange::RoleGrant {
        role: "reader".into(),
        key: key.into(),
        range_end: end.into(),
        read: true,
        write,
    };
    vec![
        root(0, AuthChange::Enable),
        root(2, grant()),
        root(2, permit("b", "", false)),
        root(2, permit("b\0", "d", false)),
        root(2, permit("c", "", true)),
    ]
}

fn range(key: &str, end: &str) -> Request {
    Request::Range(Range { key: key.into(), range_end: end.into(), ..Range::default() })
}

fn put(key: &str) -> Request {
    Request::Put(Put { key: key.into(), prev_kv: true, ..Put::default() })
}

fn with(second: u64, request: Request) -> Vec<Operation> {
    [permitted(), vec![asked(second, "ann", request)]].concat()
}

#[test]
fn what_is_permitted_may_be_done() {
    for request in [range("b", ""), range("b", "d"), put("c"), range("z", "a")] {
        assert_eq!(judge(with(5, request)), Ok(()));
    }
}

#[test]
fn what_is_not_permitted_is_caught() {
    let delete = Delete { key: "c".into(), range_end: "e".into(), ..Delete::default() };
    let txn = Txn { success: vec![put("c")], failure: vec![put("b")], ..Txn::default() };
    for request in [
        range("a", ""),
        range("b", "e"),
        range("b", "\0"),
        put("b"),
        Request::Delete(delete),
        Request::Txn(txn),
    ] {
        assert!(judge(with(5, request.clone())).is_err(), "{request:?}");
        // Before it was permitted nothing was, and with authentication off everything is.
        let off = root(4, AuthChange::Disable);
        assert_eq!(judge([with(5, request), vec![off]].concat()), Ok(()));
    }
    assert!(judge([permitted(), vec![asked(1, "ann", range("b", ""))]].concat()).is_ok());
    let early = asked(1, "ann", range("b", ""));
    let mut late_grant = permitted();
    late_grant.iter_mut().skip(1).for_each(|change| change.called = 8 * SECOND);
    late_grant.push(Operation { called: 3 * SECOND / 2, ..early });
    assert!(judge(late_grant).is_err());
}

#[test]
fn what_was_taken_away_is_gone_once_that_is_answered() {
    let revoke = AuthChange::UserRevokeRole { user: "ann".into(), role: "reader".into() };
    for end in [revoke, AuthChange::UserChangePassword { user: "ann".into() }] {
        let mut operations = with(6, range("b", ""));
        operations.push(root(4, end));
        assert!(judge(operations.clone()).is_err());
        // While it is under way both are right.
        let last = operations.len() - 2;
        operations[last].called = 9 * SECOND / 2;
        assert_eq!(judge(operations), Ok(()));
    }
}

#[test]
fn what_may_have_happened_counts_for_the_user() {
    let mut operations = with(5, range("b", ""));
    operations[1].outcome = Outcome::Unknown { gave_up: 3 * SECOND, text: String::new() };
    let revoke = AuthChange::UserRevokeRole { user: "ann".into(), role: "reader".into() };
    operations.push(root(3, revoke));
    assert_eq!(judge(operations.clone()), Ok(()));
    let (returned, text) = (3 * SECOND, String::new());
    operations[1].outcome = Outcome::Refused { returned, error: Refusal::Other, text };
    assert!(judge(operations).is_err());
}
