//! The auth store's rules, verdicts, and what is left after a restore.

use super::*;
use crate::{
    lease::{Lessor, LessorConfig},
    testing::rows_after,
};
use etcd_api::{
    authpb::{Permission, UserAddOptions, permission::Type},
    etcdserverpb as pb,
    internal::internal_request::Request,
};
use proptest::prelude::*;
use token::{SIMPLE_TOKEN_TTL, SimpleTokens};

fn auth() -> (Auth, Batch) {
    let tokens = Tokens::Simple(SimpleTokens::new(SIMPLE_TOKEN_TTL));
    (Auth::new(tokens, Defects::none()), Batch::default())
}

fn lessor() -> Lessor {
    let defects = Defects::none();
    Lessor::new(LessorConfig { ttl_seconds_min: 2, checkpoint_interval: None, defects })
}

fn user_add(name: &str) -> Request {
    let options = Some(UserAddOptions { no_password: name == "cert" });
    let (password, hashed_password) = (String::new(), "aGFzaA==".to_owned());
    Request::AuthUserAdd(pb::AuthUserAddRequest {
        name: name.to_owned(),
        password,
        options,
        hashed_password,
    })
}

fn grant_role(user: &str, role: &str) -> Request {
    let (user, role) = (user.to_owned(), role.to_owned());
    Request::AuthUserGrantRole(pb::AuthUserGrantRoleRequest { user, role })
}

fn revoke_role(name: &str, role: &str) -> Request {
    let (name, role) = (name.to_owned(), role.to_owned());
    Request::AuthUserRevokeRole(pb::AuthUserRevokeRoleRequest { name, role })
}

fn user_delete(name: &str) -> Request {
    Request::AuthUserDelete(pb::AuthUserDeleteRequest { name: name.to_owned() })
}

fn role_add(name: &str) -> Request {
    Request::AuthRoleAdd(pb::AuthRoleAddRequest { name: name.to_owned() })
}

fn role_delete(role: &str) -> Request {
    Request::AuthRoleDelete(pb::AuthRoleDeleteRequest { role: role.to_owned() })
}

fn grant(role: &str, perm_type: Type, key: &str, end: &str) -> Request {
    let (key, range_end) = (Bytes::from(key.to_owned()), Bytes::from(end.to_owned()));
    let perm = Some(Permission { perm_type: perm_type.into(), key, range_end });
    Request::AuthRoleGrantPermission(pb::AuthRoleGrantPermissionRequest {
        name: role.to_owned(),
        perm,
    })
}

fn revoke(role: &str, key: &str, end: &str) -> Request {
    let (key, range_end) = (Bytes::from(key.to_owned()), Bytes::from(end.to_owned()));
    let role = role.to_owned();
    Request::AuthRoleRevokePermission(pb::AuthRoleRevokePermissionRequest { role, key, range_end })
}

fn enable() -> Request {
    Request::AuthEnable(pb::AuthEnableRequest {})
}

fn apply(auth: &mut Auth, request: &Request, batch: &mut Batch) -> Result<(), EtcdError> {
    crate::apply::users::execute(auth, request, batch).map(drop)
}

/// Root, alice with a role on [a, c), and authentication on.
fn enabled() -> (Auth, Batch) {
    let (mut auth, mut batch) = auth();
    let setup = [
        user_add("root"),
        grant_role("root", "root"),
        user_add("alice"),
        role_add("r"),
        grant("r", Type::Readwrite, "a", "c"),
        grant_role("alice", "r"),
        enable(),
    ];
    for request in setup {
        apply(&mut auth, &request, &mut batch).unwrap();
    }
    (auth, batch)
}

fn info(auth: &Auth, user: &str) -> AuthInfo {
    AuthInfo { username: user.to_owned(), revision: auth.revision() }
}

#[test]
fn management_is_guarded_as_upstream_does() {
    use EtcdError::*;
    let (mut auth, mut batch) = auth();
    let cases = [
        (enable(), Err(RootUserNotExist), 1),
        (user_add("root"), Ok(()), 2),
        (enable(), Err(RootRoleNotExist), 2),
        (grant_role("root", "root"), Ok(()), 3),
        (grant_role("root", "root"), Ok(()), 3),
        (enable(), Ok(()), 3),
        (user_add(""), Err(UserEmpty), 3),
        (user_add("root"), Err(UserAlreadyExist), 3),
        (user_delete("root"), Err(InvalidAuthMgmt), 3),
        (user_delete("nobody"), Err(UserNotFound), 3),
        (revoke_role("root", "root"), Err(InvalidAuthMgmt), 3),
        (grant_role("root", "r"), Err(RoleNotFound), 3),
        (role_add(""), Err(RoleEmpty), 3),
        (role_add("r"), Ok(()), 4),
        (role_add("r"), Err(RoleAlreadyExist), 4),
        (revoke_role("root", "r"), Err(RoleNotGranted), 4),
        (grant("r", Type::Read, "b", "a"), Err(InvalidAuthMgmt), 4),
        (grant("x", Type::Read, "a", ""), Err(RoleNotFound), 4),
        (grant("r", Type::Read, "a", ""), Ok(()), 5),
        (revoke("r", "a", "b"), Err(PermissionNotGranted), 5),
        (revoke("r", "a", ""), Ok(()), 6),
        (role_delete("root"), Err(InvalidAuthMgmt), 6),
        (role_delete("r"), Ok(()), 7),
        (Request::AuthDisable(pb::AuthDisableRequest {}), Ok(()), 8),
        (user_delete("root"), Ok(()), 9),
    ];
    for (request, expected, revision) in cases {
        assert_eq!(apply(&mut auth, &request, &mut batch), expected, "{request:?}");
        assert_eq!(auth.revision(), revision, "{request:?}");
    }
}

fn put(key: &str, lease: i64, prev_kv: bool) -> Request {
    let key = Bytes::from(key.to_owned());
    Request::Put(pb::PutRequest { key, lease, prev_kv, ..Default::default() })
}

fn range(key: &str, end: &str) -> pb::RangeRequest {
    let (key, range_end) = (Bytes::from(key.to_owned()), Bytes::from(end.to_owned()));
    pb::RangeRequest { key, range_end, ..Default::default() }
}

#[test]
fn a_request_is_judged_by_user_revision_and_range() {
    let (auth, _) = enabled();
    let mut lessor = lessor();
    lessor.grant(1, 10, Instant(0), &mut Batch::default()).unwrap();
    lessor.attach(1, Bytes::from("z")).unwrap();
    let (root, alice) = (info(&auth, "root"), info(&auth, "alice"));
    let old = AuthInfo { revision: alice.revision - 1, ..alice.clone() };
    let nobody = AuthInfo::default();
    let denied = Err(EtcdError::PermissionDenied);
    let compare = pb::Compare { key: Bytes::from("z"), ..Default::default() };
    let txn = pb::TxnRequest { compare: vec![compare], ..Default::default() };
    let cases = [
        (&alice, put("a", 0, true), Ok(())),
        (&alice, put("c", 0, false), denied),
        (&alice, put("a", 1, false), denied),
        (&root, put("a", 1, false), Ok(())),
        (&old, put("a", 0, false), Err(EtcdError::AuthOldRevision)),
        (&nobody, put("a", 0, false), Err(EtcdError::UserEmpty)),
        (&alice, Request::Range(range("a", "c")), Ok(())),
        (&alice, Request::Range(range("a", "d")), denied),
        (&alice, Request::Range(range("a", "\0")), denied),
        (&root, Request::Range(range("\0", "\0")), Ok(())),
        (&alice, Request::Txn(txn), denied),
        (&alice, Request::LeaseRevoke(pb::LeaseRevokeRequest { id: 1 }), denied),
        (&alice, Request::LeaseRevoke(pb::LeaseRevokeRequest { id: 2 }), Ok(())),
        (&alice, user_add("x"), denied),
        (&nobody, user_add("x"), Err(EtcdError::UserEmpty)),
        (&root, user_add("x"), Ok(())),
        (&alice, Request::AuthUserGet(pb::AuthUserGetRequest { name: "alice".into() }), Ok(())),
        (&alice, Request::AuthUserGet(pb::AuthUserGetRequest { name: "root".into() }), denied),
        (&alice, Request::AuthRoleGet(pb::AuthRoleGetRequest { role: "r".into() }), Ok(())),
        (&alice, Request::AuthRoleGet(pb::AuthRoleGetRequest { role: "root".into() }), denied),
    ];
    for (info, request, expected) in cases {
        assert_eq!(auth.check(&request, info, &lessor), expected, "{info:?} {request:?}");
    }
}

#[test]
fn a_token_is_void_with_its_user_its_password_and_the_whole_of_auth() {
    let (mut auth, mut batch) = enabled();
    let wall = Timestamp(0);
    let login = |auth: &mut Auth, name: &str| {
        let request =
            InternalAuthenticateRequest { name: name.to_owned(), simple_token: "t".to_owned() };
        auth.authenticate(&request, 5, Instant(0)).map(|answer| answer.token)
    };
    assert_eq!(login(&mut auth, "nobody"), Err(EtcdError::AuthFailed));
    apply(&mut auth, &user_add("cert"), &mut batch).unwrap();
    assert_eq!(login(&mut auth, "cert"), Err(EtcdError::AuthFailed), "it has no password");
    assert_eq!(auth.password_hash("cert"), Err(EtcdError::NoPasswordUser));
    assert_eq!(auth.password_hash("alice").unwrap().0, "hash");

    let token = login(&mut auth, "alice").unwrap();
    assert_eq!(token, "t.5");
    let alice = info(&auth, "alice");
    assert_eq!(auth.info_from_token(&token, Instant(0), wall), Ok(Some(alice)));
    let change = pb::AuthUserChangePasswordRequest { name: "alice".into(), ..Default::default() };
    auth.user_change_password(&change, &mut batch).unwrap();
    let void = Err(EtcdError::InvalidAuthToken);
    assert_eq!(auth.info_from_token(&token, Instant(0), wall), void);

    let token = login(&mut auth, "alice").unwrap();
    apply(&mut auth, &user_delete("alice"), &mut batch).unwrap();
    assert_eq!(auth.info_from_token(&token, Instant(0), wall), void);

    assert_eq!(auth.info_from_common_name("cert").unwrap().username, "cert");
    auth.disable(&mut batch);
    assert_eq!(auth.info_from_token(&token, Instant(0), wall), Ok(None));
    assert_eq!(login(&mut auth, "root"), Err(EtcdError::AuthNotEnabled));
    assert_eq!(auth.info_from_common_name("cert"), None);
}

fn management() -> impl Strategy<Value = Request> {
    let name = || prop::sample::select(vec!["root", "a", "b", "cert"]);
    let role = || prop::sample::select(vec!["root", "r", "s"]);
    let key = || prop::sample::select(vec!["a", "b", "c"]);
    prop_oneof![
        3 => name().prop_map(user_add),
        1 => name().prop_map(user_delete),
        3 => role().prop_map(role_add),
        1 => role().prop_map(role_delete),
        3 => (name(), role()).prop_map(|(user, role)| grant_role(user, role)),
        1 => (name(), role()).prop_map(|(user, role)| revoke_role(user, role)),
        3 => (role(), key(), key()).prop_map(|(role, a, b)| grant(role, Type::Write, a, b)),
        1 => (role(), key(), key()).prop_map(|(role, a, b)| revoke(role, a, b)),
        1 => Just(enable()),
        1 => Just(Request::AuthDisable(pb::AuthDisableRequest {})),
    ]
}

proptest! {
    #[test]
    fn a_restored_store_is_the_store(requests in prop::collection::vec(management(), 1..60)) {
        let (mut auth, mut batch) = auth();
        for request in requests {
            let _ = apply(&mut auth, &request, &mut batch);
        }
        let (mut restored, _) = self::auth();
        restored.restore(&rows_after([&batch])).unwrap();
        prop_assert_eq!(restored.replicated(), auth.replicated());
        prop_assert!(restored.permissions().eq(auth.permissions()));
    }
}
