//! Roles: permissions on keys and ranges, by name.

use super::{Auth, ROOT_ROLE, name_bytes, permission};
use crate::batch::{Batch, Table};
use bytes::Bytes;
use etcd_api::{
    EtcdError,
    authpb::{Permission, Role, permission::Type},
    etcdserverpb as pb,
};

impl Auth {
    /// Applies a new role.
    ///
    /// # Errors
    /// The name is empty or taken.
    pub fn role_add(
        &mut self,
        request: &pb::AuthRoleAddRequest,
        batch: &mut Batch,
    ) -> Result<pb::AuthRoleAddResponse, EtcdError> {
        if request.name.is_empty() {
            return Err(EtcdError::RoleEmpty);
        }
        if self.roles.contains_key(&request.name) {
            return Err(EtcdError::RoleAlreadyExist);
        }
        let name = name_bytes(&request.name);
        self.put_role(Role { name, key_permission: Vec::new() }, batch);
        self.changed(batch);
        Ok(pb::AuthRoleAddResponse::default())
    }

    /// Applies the removal of a role, from all users too.
    ///
    /// # Errors
    /// Unknown, or `root` while authentication is on.
    pub fn role_delete(
        &mut self,
        request: &pb::AuthRoleDeleteRequest,
        batch: &mut Batch,
    ) -> Result<pb::AuthRoleDeleteResponse, EtcdError> {
        if self.enabled && request.role == ROOT_ROLE {
            return Err(EtcdError::InvalidAuthMgmt);
        }
        self.roles.remove(&request.role).ok_or(EtcdError::RoleNotFound)?;
        batch.delete(Table::AuthRoles, name_bytes(&request.role));
        let mut holders: Vec<_> = self.users.values().cloned().collect();
        holders.retain(|user| user.roles.contains(&request.role));
        for mut user in holders {
            user.roles.retain(|role| *role != request.role);
            self.put_user(user, batch);
        }
        self.changed(batch);
        Ok(pb::AuthRoleDeleteResponse::default())
    }

    /// Applies the grant of a permission; one on the same range is replaced.
    ///
    /// # Errors
    /// There is no permission in the request, its range is empty, or the role is unknown.
    pub fn role_grant_permission(
        &mut self,
        request: &pb::AuthRoleGrantPermissionRequest,
        batch: &mut Batch,
    ) -> Result<pb::AuthRoleGrantPermissionResponse, EtcdError> {
        let granted = request.perm.clone().ok_or(EtcdError::PermissionNotGiven)?;
        if !permission::is_valid_range(&granted.key, &granted.range_end) {
            return Err(EtcdError::InvalidAuthMgmt);
        }
        let mut role = self.role(&request.name)?.clone();
        let place = role.key_permission.binary_search_by(|held| range(held).cmp(&range(&granted)));
        match place {
            Ok(place) => role.key_permission[place] = granted,
            Err(place) => role.key_permission.insert(place, granted),
        }
        self.put_role(role, batch);
        self.changed(batch);
        Ok(pb::AuthRoleGrantPermissionResponse::default())
    }

    /// Applies the loss of the permission on exactly this range.
    ///
    /// # Errors
    /// The role is unknown or has no such permission.
    pub fn role_revoke_permission(
        &mut self,
        request: &pb::AuthRoleRevokePermissionRequest,
        batch: &mut Batch,
    ) -> Result<pb::AuthRoleRevokePermissionResponse, EtcdError> {
        let mut role = self.role(&request.role)?.clone();
        let before = role.key_permission.len();
        role.key_permission.retain(|held| range(held) != (&request.key, &request.range_end));
        if role.key_permission.len() == before {
            return Err(EtcdError::PermissionNotGranted);
        }
        self.put_role(role, batch);
        self.changed(batch);
        Ok(pb::AuthRoleRevokePermissionResponse::default())
    }

    /// The permissions of a role; `root` is shown with everything.
    ///
    /// # Errors
    /// The role is unknown.
    pub fn role_get(&self, name: &str) -> Result<pb::AuthRoleGetResponse, EtcdError> {
        let role = self.role(name)?;
        let everything = || Permission {
            perm_type: Type::Readwrite.into(),
            key: Bytes::new(),
            range_end: Bytes::from_static(&[0]),
        };
        let perm = match name {
            ROOT_ROLE => vec![everything()],
            _ => role.key_permission.clone(),
        };
        Ok(pb::AuthRoleGetResponse { header: None, perm })
    }

    /// The names of all roles.
    pub fn role_list(&self) -> pb::AuthRoleListResponse {
        pb::AuthRoleListResponse { header: None, roles: self.roles.keys().cloned().collect() }
    }

    fn role(&self, name: &str) -> Result<&Role, EtcdError> {
        self.roles.get(name).ok_or(EtcdError::RoleNotFound)
    }
}

fn range(permission: &Permission) -> (&Bytes, &Bytes) {
    (&permission.key, &permission.range_end)
}
