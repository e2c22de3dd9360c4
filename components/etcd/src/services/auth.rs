//! The auth service: users, roles, permissions, tokens.
//!
//! Passwords are hashed before a request is replicated, with salt drawn here, so that applying it is
//! the same on every member. Upstream: server/etcdserver/v3_server.go, api/v3rpc/auth.go.

use super::kv::unexpected;
use crate::member::Member;
use etcd_api::{
    errors::EtcdError,
    etcdserverpb::{
        AuthDisableRequest, AuthDisableResponse, AuthEnableRequest, AuthEnableResponse,
        AuthRoleAddRequest, AuthRoleAddResponse, AuthRoleDeleteRequest, AuthRoleDeleteResponse,
        AuthRoleGetRequest, AuthRoleGetResponse, AuthRoleGrantPermissionRequest,
        AuthRoleGrantPermissionResponse, AuthRoleListRequest, AuthRoleListResponse,
        AuthRoleRevokePermissionRequest, AuthRoleRevokePermissionResponse, AuthStatusRequest,
        AuthStatusResponse, AuthUserAddRequest, AuthUserAddResponse, AuthUserChangePasswordRequest,
        AuthUserChangePasswordResponse, AuthUserDeleteRequest, AuthUserDeleteResponse,
        AuthUserGetRequest, AuthUserGetResponse, AuthUserGrantRoleRequest,
        AuthUserGrantRoleResponse, AuthUserListRequest, AuthUserListResponse,
        AuthUserRevokeRoleRequest, AuthUserRevokeRoleResponse, AuthenticateRequest,
        AuthenticateResponse, auth_server::Auth,
    },
    internal::{InternalAuthenticateRequest, internal_request::Request as Op},
};
use etcd_store::{Response as Applied, auth};
use host::BoxFuture;
use std::sync::Arc;
use tonic::{Request, Response, Status};

/// The auth service of a member.
#[derive(Clone)]
pub(crate) struct AuthService(pub(crate) Arc<Member>);

/// Calls that are replicated as they are and answered with what applying them gave. The signature is
/// what `async_trait` would make, which does not look into macros.
macro_rules! replicated {
    ($($method:ident $request:ident $response:ident $op:ident $applied:ident;)*) => { $(
        fn $method<'a, 'async_trait>(
            &'a self,
            request: Request<$request>,
        ) -> BoxFuture<'async_trait, Result<Response<$response>, Status>>
        where
            'a: 'async_trait,
            Self: 'async_trait,
        {
            Box::pin(async move {
                let caller = self.0.admit(&request)?;
                let request = Op::$op(request.into_inner());
                match self.0.propose(caller.as_ref(), request).await? {
                    Applied::$applied(response) => {
                        Ok(Response::new(self.0.with_header(response)))
                    }
                    _ => Err(unexpected()),
                }
            })
        }
    )* };
}

impl AuthService {
    /// Hashing is slow on purpose: off the async path.
    async fn hash(&self, password: String) -> Result<String, Status> {
        let mut salt = [0; 16];
        self.0.host.random.fill(&mut salt);
        let cost = self.0.config.bcrypt_cost;
        let hashed =
            self.0.host.disk_job(move |_| auth::password::hash(&password, cost, salt)).await;
        hashed.map_err(|error| Status::invalid_argument(error.to_string()))
    }

    /// The revision at which the password was found right; it must still hold when the token is
    /// made.
    async fn check_password(&self, name: &str, password: &str) -> Result<u64, Status> {
        let (hash, revision) = self.0.store.read().auth().password_hash(name)?;
        let given = password.to_owned();
        let right = self.0.host.disk_job(move |_| auth::password::verify(&given, &hash)).await;
        if !right {
            return Err(EtcdError::AuthFailed.into());
        }
        Ok(revision)
    }
}

#[tonic::async_trait]
impl Auth for AuthService {
    async fn authenticate(
        &self,
        request: Request<AuthenticateRequest>,
    ) -> Result<Response<AuthenticateResponse>, Status> {
        self.0.reads.linearizable().await?;
        let request = request.into_inner();
        loop {
            let checked_at = self.check_password(&request.name, &request.password).await?;
            let simple_token = auth::token::simple_token_prefix(&*self.0.host.random);
            let name = request.name.clone();
            let op = Op::Authenticate(InternalAuthenticateRequest { name, simple_token });
            let mut response = match self.0.propose(None, op).await? {
                Applied::Authenticate(response) => response,
                _ => return Err(unexpected()),
            };
            let signed = {
                let store = self.0.store.read();
                let wall = self.0.host.clock.wall();
                let signed = store.auth().sign(&request.name, checked_at, wall);
                (store.auth().revision() == checked_at).then_some(signed)
            };
            if let Some(signed) = signed {
                if let Some(token) = signed.map_err(|error| Status::internal(error.to_string()))? {
                    response.token = token;
                }
                return Ok(Response::new(self.0.with_header(response)));
            }
            // Users or roles changed meanwhile: the password is checked again.
        }
    }

    async fn user_add(
        &self,
        request: Request<AuthUserAddRequest>,
    ) -> Result<Response<AuthUserAddResponse>, Status> {
        let caller = self.0.admit(&request)?;
        let mut request = request.into_inner();
        let no_password = request.options.as_ref().is_some_and(|options| options.no_password);
        if request.hashed_password.is_empty() && !no_password {
            request.hashed_password = self.hash(std::mem::take(&mut request.password)).await?;
        }
        request.password.clear();
        match self.0.propose(caller.as_ref(), Op::AuthUserAdd(request)).await? {
            Applied::UserAdd(response) => Ok(Response::new(self.0.with_header(response))),
            _ => Err(unexpected()),
        }
    }

    async fn user_change_password(
        &self,
        request: Request<AuthUserChangePasswordRequest>,
    ) -> Result<Response<AuthUserChangePasswordResponse>, Status> {
        let caller = self.0.admit(&request)?;
        let mut request = request.into_inner();
        if request.hashed_password.is_empty() {
            request.hashed_password = self.hash(std::mem::take(&mut request.password)).await?;
        }
        request.password.clear();
        match self.0.propose(caller.as_ref(), Op::AuthUserChangePassword(request)).await? {
            Applied::UserChangePassword(response) => {
                Ok(Response::new(self.0.with_header(response)))
            }
            _ => Err(unexpected()),
        }
    }

    replicated! {
        auth_enable AuthEnableRequest AuthEnableResponse AuthEnable AuthEnable;
        auth_disable AuthDisableRequest AuthDisableResponse AuthDisable AuthDisable;
        auth_status AuthStatusRequest AuthStatusResponse AuthStatus AuthStatus;
        user_get AuthUserGetRequest AuthUserGetResponse AuthUserGet UserGet;
        user_list AuthUserListRequest AuthUserListResponse AuthUserList UserList;
        user_delete AuthUserDeleteRequest AuthUserDeleteResponse AuthUserDelete UserDelete;
        user_grant_role AuthUserGrantRoleRequest AuthUserGrantRoleResponse AuthUserGrantRole UserGrantRole;
        user_revoke_role AuthUserRevokeRoleRequest AuthUserRevokeRoleResponse AuthUserRevokeRole UserRevokeRole;
        role_add AuthRoleAddRequest AuthRoleAddResponse AuthRoleAdd RoleAdd;
        role_get AuthRoleGetRequest AuthRoleGetResponse AuthRoleGet RoleGet;
        role_list AuthRoleListRequest AuthRoleListResponse AuthRoleList RoleList;
        role_delete AuthRoleDeleteRequest AuthRoleDeleteResponse AuthRoleDelete RoleDelete;
        role_grant_permission AuthRoleGrantPermissionRequest AuthRoleGrantPermissionResponse
            AuthRoleGrantPermission RoleGrantPermission;
        role_revoke_permission AuthRoleRevokePermissionRequest AuthRoleRevokePermissionResponse
            AuthRoleRevokePermission RoleRevokePermission;
    }
}
