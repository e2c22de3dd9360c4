//! Users that come, get a role, act, and go, while authentication is switched on and off.

use etcd_api::{
    authpb::{Permission, permission::Type},
    etcdserverpb::{
        AuthDisableRequest, AuthEnableRequest, AuthRoleAddRequest, AuthRoleDeleteRequest,
        AuthRoleGrantPermissionRequest, AuthRoleRevokePermissionRequest, AuthUserAddRequest,
        AuthUserChangePasswordRequest, AuthUserDeleteRequest, AuthUserGrantRoleRequest,
        AuthUserRevokeRoleRequest,
    },
};
use oracles::history::{AuthChange, Delete, Put, Range, Request, Txn, WatchRequest};

use super::User;
use crate::profile::Auth;

const PASSWORD: &str = "secret";

/// One user after the other.
pub(super) async fn run(user: &User) {
    found(user).await;
    for turn in 0_u64.. {
        // On for most of the time, and at once: what is off forbids nothing.
        match user.host().random.below(16) {
            0..=2 => enable(user).await,
            _ if turn == 0 => enable(user).await,
            3 => {
                let disable = user.calls.auth_disable(AuthDisableRequest {});
                user.change(AuthChange::Disable, Box::pin(disable)).await;
            }
            _ => one(user, turn).await,
        }
        user.pause(300).await;
    }
}

async fn enable(user: &User) {
    let enable = user.calls.auth_enable(AuthEnableRequest {});
    user.change(AuthChange::Enable, Box::pin(enable)).await;
}

/// Root is there, or there by an attempt whose answer was lost.
async fn found(user: &User) {
    let (root, password) = Auth::ROOT;
    add(user, root, password).await;
    let role = AuthRoleAddRequest { name: root.to_owned() };
    user.other("role_add", Box::pin(user.calls.role_add(role))).await;
    grant(user, root, root).await;
}

async fn add(user: &User, name: &str, password: &str) {
    let (name, password) = (name.to_owned(), password.to_owned());
    let request = AuthUserAddRequest { name, password, ..Default::default() };
    user.other("user_add", Box::pin(user.calls.user_add(request))).await;
}

async fn grant(user: &User, name: &str, role: &str) {
    let (name, role) = (name.to_owned(), role.to_owned());
    let granted = AuthChange::UserGrantRole { user: name.clone(), role: role.clone() };
    let request = AuthUserGrantRoleRequest { user: name, role };
    user.change(granted, Box::pin(user.calls.user_grant_role(request))).await;
}

/// The life of one user; now and then it is left as it is.
async fn one(user: &User, turn: u64) {
    let number = user.station.number;
    let (name, role) = (format!("user-{number}-{turn}"), format!("role-{number}-{turn}"));
    add(user, &name, PASSWORD).await;
    let request = AuthRoleAddRequest { name: role.clone() };
    user.other("role_add", Box::pin(user.calls.role_add(request))).await;
    let (key, range_end) = permit(user, &role).await;
    grant(user, &name, &role).await;
    let itself = User::new(user.station.clone(), Some((&name, PASSWORD)));
    for _ in 0..user.host().random.below(6) {
        act(&itself, &key, turn).await;
        user.pause(300).await;
    }
    if user.percent(50) {
        change(user, &name, &role, (&key, &range_end)).await;
        for _ in 0..=user.host().random.below(4) {
            act(&itself, &key, turn).await;
        }
    }
    if user.percent(80) {
        let deleted = AuthChange::UserDelete { user: name.clone() };
        let delete = AuthUserDeleteRequest { name };
        user.change(deleted, Box::pin(user.calls.user_delete(delete))).await;
        let deleted = AuthChange::RoleDelete { role: role.clone() };
        let delete = AuthRoleDeleteRequest { role };
        user.change(deleted, Box::pin(user.calls.role_delete(delete))).await;
    }
}

/// Permits some keys from one on; gives the first and the first beyond.
async fn permit(user: &User, role: &str) -> (String, String) {
    let below = |limit| user.host().random.below(limit);
    let first = below(user.profile().keys);
    let kinds = [Type::Read, Type::Write, Type::Readwrite];
    let kind = usize::try_from(below(3)).ok().and_then(|at| kinds.get(at)).copied();
    let kind = kind.unwrap_or(Type::Readwrite);
    let (role, key) = (role.to_owned(), format!("k/{first:03}"));
    let range_end = format!("k/{:03}", first + 1 + below(4));
    let granted = AuthChange::RoleGrant {
        role: role.clone(),
        key: key.clone(),
        range_end: range_end.clone(),
        read: kind != Type::Write,
        write: kind != Type::Read,
    };
    let (first, end) = (key.clone().into(), range_end.clone().into());
    let perm = Some(Permission { perm_type: kind.into(), key: first, range_end: end });
    let request = AuthRoleGrantPermissionRequest { name: role, perm };
    user.change(granted, Box::pin(user.calls.role_grant_permission(request))).await;
    (key, range_end)
}

/// Something is taken away or changed that the user may be relying on.
async fn change(user: &User, name: &str, role: &str, (key, range_end): (&str, &str)) {
    let (name, role) = (name.to_owned(), role.to_owned());
    match user.host().random.below(3) {
        0 => {
            let (key, range_end) = (key.to_owned(), range_end.to_owned());
            let revoke = AuthRoleRevokePermissionRequest {
                role: role.clone(),
                key: key.clone().into(),
                range_end: range_end.clone().into(),
            };
            let call = user.calls.role_revoke_permission(revoke);
            user.change(AuthChange::RoleRevoke { role, key, range_end }, Box::pin(call)).await;
        }
        1 => {
            let revoked = AuthChange::UserRevokeRole { user: name.clone(), role: role.clone() };
            let revoke = AuthUserRevokeRoleRequest { name, role };
            user.change(revoked, Box::pin(user.calls.user_revoke_role(revoke))).await;
        }
        _ => {
            let changed = AuthChange::UserChangePassword { user: name.clone() };
            let password = "another secret".to_owned();
            let change = AuthUserChangePasswordRequest { name, password, ..Default::default() };
            let call = user.calls.user_change_password(change);
            user.change(changed, Box::pin(call)).await;
        }
    }
}

/// A write, a read or a watch, allowed or not.
async fn act(itself: &User, first: &str, turn: u64) {
    let below = |limit| itself.host().random.below(limit);
    // Mostly the first key that it may have something to do with, and sometimes another.
    let key = match below(4) {
        0 => format!("k/{:03}", below(itself.profile().keys)),
        _ => first.to_owned(),
    };
    let range_end = match below(3) {
        0 => format!("k/{:03}", below(itself.profile().keys + 4)),
        _ => String::new(),
    };
    let prev_kv = below(2) == 0;
    let value = format!("{}-{turn}-{}", itself.station.number, below(1 << 40));
    let put = Request::Put(Put { key: key.clone(), value, prev_kv, ..Put::default() });
    let read = Range { key: key.clone(), range_end: range_end.clone(), ..Range::default() };
    let request = match below(8) {
        0 | 1 => Request::Range(read),
        2 => Request::Range(Range { serializable: true, ..read }),
        3 => Request::Delete(Delete { key, range_end, prev_kv }),
        4 => {
            let request = WatchRequest { key, range_end, ..WatchRequest::default() };
            return super::watcher::try_to(itself, request).await;
        }
        5 => Request::Txn(Txn { success: vec![put], failure: branch(read), ..Txn::default() }),
        _ => put,
    };
    itself.ask(&request).await;
}

/// What is never carried out must be permitted too.
fn branch(read: Range) -> Vec<Request> {
    let delete = Delete { key: read.key.clone(), ..Delete::default() };
    vec![Request::Range(read), Request::Delete(delete)]
}
