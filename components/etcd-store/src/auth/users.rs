//! Users: their passwords and the roles they are granted.

use super::{Auth, ROOT_ROLE, ROOT_USER, name_bytes};
use crate::batch::{Batch, Table};
use base64::{Engine, engine::general_purpose::STANDARD};
use bytes::Bytes;
use etcd_api::{EtcdError, authpb::User, etcdserverpb as pb};

impl Auth {
    /// Applies a new user. Its password was hashed by the proposer.
    ///
    /// # Errors
    /// The name is empty or taken, or the hash is no base64.
    pub fn user_add(
        &mut self,
        request: &pb::AuthUserAddRequest,
        batch: &mut Batch,
    ) -> Result<pb::AuthUserAddResponse, EtcdError> {
        if request.name.is_empty() {
            return Err(EtcdError::UserEmpty);
        }
        if self.users.contains_key(&request.name) {
            return Err(EtcdError::UserAlreadyExist);
        }
        let options = request.options.unwrap_or_default();
        let password = match options.no_password {
            true => Bytes::new(),
            false => decode_hash(&request.hashed_password)?,
        };
        let name = name_bytes(&request.name);
        self.put_user(User { name, password, roles: Vec::new(), options: Some(options) }, batch);
        self.changed(batch);
        Ok(pb::AuthUserAddResponse::default())
    }

    /// Applies the removal of a user; its simple tokens are void.
    ///
    /// # Errors
    /// Unknown, or `root` while authentication is on.
    pub fn user_delete(
        &mut self,
        request: &pb::AuthUserDeleteRequest,
        batch: &mut Batch,
    ) -> Result<pb::AuthUserDeleteResponse, EtcdError> {
        if self.enabled && request.name == ROOT_USER {
            return Err(EtcdError::InvalidAuthMgmt);
        }
        self.users.remove(&request.name).ok_or(EtcdError::UserNotFound)?;
        batch.delete(Table::AuthUsers, name_bytes(&request.name));
        self.tokens.forget_user(&request.name);
        self.changed(batch);
        Ok(pb::AuthUserDeleteResponse::default())
    }

    /// Applies a new password, hashed by the proposer; the user's simple tokens are void.
    ///
    /// # Errors
    /// The user is unknown, or the hash is no base64.
    pub fn user_change_password(
        &mut self,
        request: &pb::AuthUserChangePasswordRequest,
        batch: &mut Batch,
    ) -> Result<pb::AuthUserChangePasswordResponse, EtcdError> {
        let mut user = self.user(&request.name)?.clone();
        user.password = match without_password(&user) {
            true => Bytes::new(),
            false => decode_hash(&request.hashed_password)?,
        };
        self.put_user(user, batch);
        self.tokens.forget_user(&request.name);
        self.changed(batch);
        Ok(pb::AuthUserChangePasswordResponse::default())
    }

    /// Applies the grant of a role; one that the user has already changes nothing.
    ///
    /// # Errors
    /// The user or the role is unknown. The role `root` need not exist.
    pub fn user_grant_role(
        &mut self,
        request: &pb::AuthUserGrantRoleRequest,
        batch: &mut Batch,
    ) -> Result<pb::AuthUserGrantRoleResponse, EtcdError> {
        let mut user = self.user(&request.user)?.clone();
        if request.role != ROOT_ROLE && !self.roles.contains_key(&request.role) {
            return Err(EtcdError::RoleNotFound);
        }
        if let Err(place) = user.roles.binary_search(&request.role) {
            user.roles.insert(place, request.role.clone());
            self.put_user(user, batch);
            self.changed(batch);
        }
        Ok(pb::AuthUserGrantRoleResponse::default())
    }

    /// Applies the loss of a role.
    ///
    /// # Errors
    /// The user is unknown or has no such role; or it is `root` losing `root` while authentication
    /// is on.
    pub fn user_revoke_role(
        &mut self,
        request: &pb::AuthUserRevokeRoleRequest,
        batch: &mut Batch,
    ) -> Result<pb::AuthUserRevokeRoleResponse, EtcdError> {
        if self.enabled && request.name == ROOT_USER && request.role == ROOT_ROLE {
            return Err(EtcdError::InvalidAuthMgmt);
        }
        let mut user = self.user(&request.name)?.clone();
        let place = user.roles.binary_search(&request.role);
        user.roles.remove(place.map_err(|_| EtcdError::RoleNotGranted)?);
        self.put_user(user, batch);
        self.changed(batch);
        Ok(pb::AuthUserRevokeRoleResponse::default())
    }

    /// The roles of a user.
    ///
    /// # Errors
    /// The user is unknown.
    pub fn user_get(&self, name: &str) -> Result<pb::AuthUserGetResponse, EtcdError> {
        let roles = self.user(name)?.roles.clone();
        Ok(pb::AuthUserGetResponse { header: None, roles })
    }

    /// The names of all users.
    pub fn user_list(&self) -> pb::AuthUserListResponse {
        pb::AuthUserListResponse { header: None, users: self.users.keys().cloned().collect() }
    }

    /// The hash to check a password against, and the auth revision it belongs to. Checking is slow
    /// on purpose and done by the caller, off the apply path: [`super::password::verify`].
    ///
    /// # Errors
    /// Authentication is off, or the user is unknown or has no password.
    pub fn password_hash(&self, name: &str) -> Result<(Bytes, u64), EtcdError> {
        if !self.enabled {
            return Err(EtcdError::AuthNotEnabled);
        }
        let user = self.users.get(name).ok_or(EtcdError::AuthFailed)?;
        if without_password(user) {
            return Err(EtcdError::NoPasswordUser);
        }
        Ok((user.password.clone(), self.revision))
    }

    pub(super) fn user(&self, name: &str) -> Result<&User, EtcdError> {
        self.users.get(name).ok_or(EtcdError::UserNotFound)
    }

    /// After every change of users and roles.
    pub(super) fn changed(&mut self, batch: &mut Batch) {
        self.refresh_permissions();
        self.bump_revision(batch);
    }
}

pub(super) fn without_password(user: &User) -> bool {
    user.options.as_ref().is_some_and(|options| options.no_password)
}

fn decode_hash(text: &str) -> Result<Bytes, EtcdError> {
    STANDARD.decode(text).map(Bytes::from).map_err(|_| EtcdError::NoPasswordUser)
}
