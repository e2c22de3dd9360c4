//! Users that come, get a role, and go. Authentication itself stays off.

use etcd_api::etcdserverpb::{
    AuthRoleAddRequest, AuthRoleDeleteRequest, AuthUserAddRequest, AuthUserDeleteRequest,
    AuthUserGrantRoleRequest,
};

use super::User;

/// One user after the other.
pub(super) async fn run(user: &User) {
    let calls = &user.calls;
    for turn in 0_u64.. {
        let name = format!("user-{}-{turn}", user.station.number);
        let role = format!("role-{}-{turn}", user.station.number);
        let add = AuthUserAddRequest {
            name: name.clone(),
            password: "secret".to_owned(),
            ..Default::default()
        };
        user.other("user_add", Box::pin(calls.user_add(add))).await;
        let add = AuthRoleAddRequest { name: role.clone() };
        user.other("role_add", Box::pin(calls.role_add(add))).await;
        let grant = AuthUserGrantRoleRequest { user: name.clone(), role: role.clone() };
        user.other("user_grant_role", Box::pin(calls.user_grant_role(grant))).await;
        user.pause(1000).await;
        let delete = AuthUserDeleteRequest { name };
        user.other("user_delete", Box::pin(calls.user_delete(delete))).await;
        let delete = AuthRoleDeleteRequest { role };
        user.other("role_delete", Box::pin(calls.role_delete(delete))).await;
        user.pause(1000).await;
    }
}
