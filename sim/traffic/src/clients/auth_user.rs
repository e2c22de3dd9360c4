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
use oracles::history::{Put, Range, Request};

use super::User;
use crate::profile::Auth;

const PASSWORD: &str = "secret";

/// One user after the other.
pub(super) async fn run(user: &User) {
    found(user).await;
    for turn in 0_u64.. {
        match user.host().random.below(6) {
            0 => {
                let enable = user.calls.auth_enable(AuthEnableRequest {});
                user.other("auth_enable", Box::pin(enable)).await;
            }
            1 => {
                let disable = user.calls.auth_disable(AuthDisableRequest {});
                user.other("auth_disable", Box::pin(disable)).await;
            }
            _ => one(user, turn).await,
        }
        user.pause(1000).await;
    }
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
    let request = AuthUserGrantRoleRequest { user: name.to_owned(), role: role.to_owned() };
    user.other("user_grant_role", Box::pin(user.calls.user_grant_role(request))).await;
}

/// The life of one user; now and then it is left as it is.
async fn one(user: &User, turn: u64) {
    let number = user.station.number;
    let (name, role) = (format!("user-{number}-{turn}"), format!("role-{number}-{turn}"));
    add(user, &name, PASSWORD).await;
    let request = AuthRoleAddRequest { name: role.clone() };
    user.other("role_add", Box::pin(user.calls.role_add(request))).await;
    let key = permit(user, &role).await;
    grant(user, &name, &role).await;
    let itself = User::new(user.station.clone(), Some((&name, PASSWORD)));
    for _ in 0..user.host().random.below(4) {
        act(&itself, &key, turn).await;
        user.pause(500).await;
    }
    if user.percent(50) {
        change(user, &name, &role, &key).await;
        act(&itself, &key, turn).await;
    }
    if user.percent(80) {
        let delete = AuthUserDeleteRequest { name };
        user.other("user_delete", Box::pin(user.calls.user_delete(delete))).await;
        let delete = AuthRoleDeleteRequest { role };
        user.other("role_delete", Box::pin(user.calls.role_delete(delete))).await;
    }
}

/// Permits some keys from one on; gives the first.
async fn permit(user: &User, role: &str) -> String {
    let below = |limit| user.host().random.below(limit);
    let first = below(user.profile().keys);
    let kinds = [Type::Read, Type::Write, Type::Readwrite];
    let kind = usize::try_from(below(3)).ok().and_then(|at| kinds.get(at)).copied();
    let key = format!("k/{first:03}");
    let perm = Permission {
        perm_type: kind.unwrap_or(Type::Readwrite).into(),
        key: key.clone().into(),
        range_end: format!("k/{:03}", first + 1 + below(4)).into(),
    };
    let request = AuthRoleGrantPermissionRequest { name: role.to_owned(), perm: Some(perm) };
    user.other("role_grant", Box::pin(user.calls.role_grant_permission(request))).await;
    key
}

/// Something is taken away or changed that the user may be relying on.
async fn change(user: &User, name: &str, role: &str, key: &str) {
    match user.host().random.below(3) {
        0 => {
            let (role, key) = (role.to_owned(), bytes::Bytes::from(key.to_owned()));
            let revoke = AuthRoleRevokePermissionRequest { role, key, ..Default::default() };
            let call = user.calls.role_revoke_permission(revoke);
            user.other("role_revoke", Box::pin(call)).await;
        }
        1 => {
            let (name, role) = (name.to_owned(), role.to_owned());
            let revoke = AuthUserRevokeRoleRequest { name, role };
            user.other("user_revoke_role", Box::pin(user.calls.user_revoke_role(revoke))).await;
        }
        _ => {
            let (name, password) = (name.to_owned(), "another secret".to_owned());
            let change = AuthUserChangePasswordRequest { name, password, ..Default::default() };
            let call = user.calls.user_change_password(change);
            user.other("user_change_password", Box::pin(call)).await;
        }
    }
}

/// A write or a read, allowed or not.
async fn act(itself: &User, key: &str, turn: u64) {
    let (key, number) = (key.to_owned(), itself.station.number);
    let request = match itself.host().random.below(3) {
        0 => Request::Range(Range { key, ..Range::default() }),
        _ => {
            let value = format!("{number}-{turn}-{}", itself.host().random.below(1 << 40));
            Request::Put(Put { key, value, ..Put::default() })
        }
    };
    itself.ask(&request).await;
}
