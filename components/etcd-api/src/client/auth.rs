//! Users, roles and permissions.

use super::{Client, retry::Policy};
use crate::etcdserverpb::{
    AuthDisableRequest, AuthDisableResponse, AuthEnableRequest, AuthEnableResponse,
    AuthRoleAddRequest, AuthRoleAddResponse, AuthRoleDeleteRequest, AuthRoleDeleteResponse,
    AuthRoleGetRequest, AuthRoleGetResponse, AuthRoleGrantPermissionRequest,
    AuthRoleGrantPermissionResponse, AuthRoleListRequest, AuthRoleListResponse,
    AuthRoleRevokePermissionRequest, AuthRoleRevokePermissionResponse, AuthStatusRequest,
    AuthStatusResponse, AuthUserAddRequest, AuthUserAddResponse, AuthUserChangePasswordRequest,
    AuthUserChangePasswordResponse, AuthUserDeleteRequest, AuthUserDeleteResponse,
    AuthUserGetRequest, AuthUserGetResponse, AuthUserGrantRoleRequest, AuthUserGrantRoleResponse,
    AuthUserListRequest, AuthUserListResponse, AuthUserRevokeRoleRequest,
    AuthUserRevokeRoleResponse,
};
use tonic::Status;

impl Client {
    /// Switches authentication on.
    ///
    /// # Errors
    /// The status of the failed call.
    pub async fn auth_enable(
        &self,
        request: AuthEnableRequest,
    ) -> Result<AuthEnableResponse, Status> {
        self.call("/etcdserverpb.Auth/AuthEnable", Policy::NonRepeatable, request).await
    }

    /// Switches authentication off.
    ///
    /// # Errors
    /// The status of the failed call.
    pub async fn auth_disable(
        &self,
        request: AuthDisableRequest,
    ) -> Result<AuthDisableResponse, Status> {
        self.call("/etcdserverpb.Auth/AuthDisable", Policy::NonRepeatable, request).await
    }

    /// Whether authentication is on.
    ///
    /// # Errors
    /// The status of the failed call.
    pub async fn auth_status(
        &self,
        request: AuthStatusRequest,
    ) -> Result<AuthStatusResponse, Status> {
        self.call("/etcdserverpb.Auth/AuthStatus", Policy::Repeatable, request).await
    }

    /// Adds a user.
    ///
    /// # Errors
    /// The status of the failed call.
    pub async fn user_add(
        &self,
        request: AuthUserAddRequest,
    ) -> Result<AuthUserAddResponse, Status> {
        self.call("/etcdserverpb.Auth/UserAdd", Policy::NonRepeatable, request).await
    }

    /// The roles of a user.
    ///
    /// # Errors
    /// The status of the failed call.
    pub async fn user_get(
        &self,
        request: AuthUserGetRequest,
    ) -> Result<AuthUserGetResponse, Status> {
        self.call("/etcdserverpb.Auth/UserGet", Policy::Repeatable, request).await
    }

    /// The names of all users.
    ///
    /// # Errors
    /// The status of the failed call.
    pub async fn user_list(
        &self,
        request: AuthUserListRequest,
    ) -> Result<AuthUserListResponse, Status> {
        self.call("/etcdserverpb.Auth/UserList", Policy::Repeatable, request).await
    }

    /// Deletes a user.
    ///
    /// # Errors
    /// The status of the failed call.
    pub async fn user_delete(
        &self,
        request: AuthUserDeleteRequest,
    ) -> Result<AuthUserDeleteResponse, Status> {
        self.call("/etcdserverpb.Auth/UserDelete", Policy::NonRepeatable, request).await
    }

    /// Changes a password.
    ///
    /// # Errors
    /// The status of the failed call.
    pub async fn user_change_password(
        &self,
        request: AuthUserChangePasswordRequest,
    ) -> Result<AuthUserChangePasswordResponse, Status> {
        self.call("/etcdserverpb.Auth/UserChangePassword", Policy::NonRepeatable, request).await
    }

    /// Grants a role to a user.
    ///
    /// # Errors
    /// The status of the failed call.
    pub async fn user_grant_role(
        &self,
        request: AuthUserGrantRoleRequest,
    ) -> Result<AuthUserGrantRoleResponse, Status> {
        self.call("/etcdserverpb.Auth/UserGrantRole", Policy::NonRepeatable, request).await
    }

    /// Takes a role from a user.
    ///
    /// # Errors
    /// The status of the failed call.
    pub async fn user_revoke_role(
        &self,
        request: AuthUserRevokeRoleRequest,
    ) -> Result<AuthUserRevokeRoleResponse, Status> {
        self.call("/etcdserverpb.Auth/UserRevokeRole", Policy::NonRepeatable, request).await
    }

    /// Adds a role.
    ///
    /// # Errors
    /// The status of the failed call.
    pub async fn role_add(
        &self,
        request: AuthRoleAddRequest,
    ) -> Result<AuthRoleAddResponse, Status> {
        self.call("/etcdserverpb.Auth/RoleAdd", Policy::NonRepeatable, request).await
    }

    /// The permissions of a role.
    ///
    /// # Errors
    /// The status of the failed call.
    pub async fn role_get(
        &self,
        request: AuthRoleGetRequest,
    ) -> Result<AuthRoleGetResponse, Status> {
        self.call("/etcdserverpb.Auth/RoleGet", Policy::Repeatable, request).await
    }

    /// The names of all roles.
    ///
    /// # Errors
    /// The status of the failed call.
    pub async fn role_list(
        &self,
        request: AuthRoleListRequest,
    ) -> Result<AuthRoleListResponse, Status> {
        self.call("/etcdserverpb.Auth/RoleList", Policy::Repeatable, request).await
    }

    /// Deletes a role.
    ///
    /// # Errors
    /// The status of the failed call.
    pub async fn role_delete(
        &self,
        request: AuthRoleDeleteRequest,
    ) -> Result<AuthRoleDeleteResponse, Status> {
        self.call("/etcdserverpb.Auth/RoleDelete", Policy::NonRepeatable, request).await
    }

    /// Grants a permission to a role.
    ///
    /// # Errors
    /// The status of the failed call.
    pub async fn role_grant_permission(
        &self,
        request: AuthRoleGrantPermissionRequest,
    ) -> Result<AuthRoleGrantPermissionResponse, Status> {
        self.call("/etcdserverpb.Auth/RoleGrantPermission", Policy::NonRepeatable, request).await
    }

    /// Takes a permission from a role.
    ///
    /// # Errors
    /// The status of the failed call.
    pub async fn role_revoke_permission(
        &self,
        request: AuthRoleRevokePermissionRequest,
    ) -> Result<AuthRoleRevokePermissionResponse, Status> {
        self.call("/etcdserverpb.Auth/RoleRevokePermission", Policy::NonRepeatable, request).await
    }
}
