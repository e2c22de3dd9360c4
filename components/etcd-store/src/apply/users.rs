//! Which change of users and roles a request asks for.

use super::Response;
use crate::{auth::Auth, batch::Batch};
use etcd_api::{
    EtcdError,
    etcdserverpb::{AuthDisableResponse, AuthEnableResponse},
    internal::internal_request::Request,
};

/// Carries a request out; one that is not about authentication changes nothing.
///
/// # Errors
/// Those of the change asked for.
pub(crate) fn execute(
    auth: &mut Auth,
    request: &Request,
    batch: &mut Batch,
) -> Result<Response, EtcdError> {
    Ok(match request {
        Request::AuthEnable(_) => {
            auth.enable(batch)?;
            AuthEnableResponse::default().into()
        }
        Request::AuthDisable(_) => {
            auth.disable(batch);
            AuthDisableResponse::default().into()
        }
        Request::AuthStatus(_) => auth.status().into(),
        Request::AuthUserAdd(request) => auth.user_add(request, batch)?.into(),
        Request::AuthUserDelete(request) => auth.user_delete(request, batch)?.into(),
        Request::AuthUserGet(request) => auth.user_get(&request.name)?.into(),
        Request::AuthUserChangePassword(request) => {
            auth.user_change_password(request, batch)?.into()
        }
        Request::AuthUserGrantRole(request) => auth.user_grant_role(request, batch)?.into(),
        Request::AuthUserRevokeRole(request) => auth.user_revoke_role(request, batch)?.into(),
        Request::AuthUserList(_) => auth.user_list().into(),
        Request::AuthRoleAdd(request) => auth.role_add(request, batch)?.into(),
        Request::AuthRoleDelete(request) => auth.role_delete(request, batch)?.into(),
        Request::AuthRoleGet(request) => auth.role_get(&request.role)?.into(),
        Request::AuthRoleList(_) => auth.role_list().into(),
        Request::AuthRoleGrantPermission(request) => {
            auth.role_grant_permission(request, batch)?.into()
        }
        Request::AuthRoleRevokePermission(request) => {
            auth.role_revoke_permission(request, batch)?.into()
        }
        _ => Response::Empty,
    })
}
