//! Users, roles and what they may do (server/auth).
//!
//! Whether authentication is on, its revision, users and roles are functions of the log, and so is
//! the verdict on a request that is applied: it is judged by the user and the auth revision that
//! its header carries, never by anything this member alone knows. Tokens are the exception: simple
//! ones live in each member's memory and die by its clock, and only say who a caller is.

mod check;
pub mod jwt;
pub mod password;
mod pem;
mod permission;
mod roles;
#[cfg(test)]
mod tests;
pub mod token;
mod users;

pub use check::is_mutation;

use crate::{
    batch::{Batch, Table},
    row::{self, BadRow, Row},
};
use bytes::Bytes;
use etcd_api::{
    EtcdError,
    authpb::{Role, User},
    etcdserverpb::{AuthStatusResponse, AuthenticateResponse},
    internal::InternalAuthenticateRequest,
};
use host::{Defects, Instant, Timestamp};
use permission::Merged;
use prost::Message;
use std::collections::BTreeMap;
use token::Tokens;

/// The user that may do everything, and must exist before authentication is switched on.
pub const ROOT_USER: &str = "root";
/// The role that may do everything.
pub const ROOT_ROLE: &str = "root";

const ENABLED_KEY: &[u8] = b"authEnabled";
const REVISION_KEY: &[u8] = b"authRevision";

/// Who asks, and the auth revision by which that was found out.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct AuthInfo {
    /// Empty when nobody is known to ask.
    pub username: String,
    /// 0 when nobody is known to ask.
    pub revision: u64,
}

/// The auth store.
#[derive(Debug)]
pub struct Auth {
    enabled: bool,
    revision: u64,
    users: BTreeMap<String, User>,
    roles: BTreeMap<String, Role>,
    /// What each user may do by all of its roles; a function of the two maps above.
    permissions: BTreeMap<String, Merged>,
    tokens: Tokens,
    defects: Defects,
}

impl Auth {
    /// No users, no roles, switched off.
    pub fn new(tokens: Tokens, defects: Defects) -> Self {
        Self {
            enabled: false,
            revision: 1,
            users: BTreeMap::new(),
            roles: BTreeMap::new(),
            permissions: BTreeMap::new(),
            tokens,
            defects,
        }
    }

    /// True when authentication is on.
    pub fn is_enabled(&self) -> bool {
        self.enabled
    }

    /// Grows with every change of users, roles and permissions.
    pub fn revision(&self) -> u64 {
        self.revision
    }

    /// Applies the switch to on.
    ///
    /// # Errors
    /// There is no user `root`, or it lacks the role `root`.
    pub fn enable(&mut self, batch: &mut Batch) -> Result<(), EtcdError> {
        if self.enabled {
            return Ok(());
        }
        let root = self.users.get(ROOT_USER).ok_or(EtcdError::RootUserNotExist)?;
        if !has_root_role(root) {
            return Err(EtcdError::RootRoleNotExist);
        }
        self.enabled = true;
        batch.put(Table::Auth, ENABLED_KEY, vec![1]);
        Ok(())
    }

    /// Applies the switch to off; all simple tokens are void.
    pub fn disable(&mut self, batch: &mut Batch) {
        if !self.enabled {
            return;
        }
        self.enabled = false;
        batch.put(Table::Auth, ENABLED_KEY, vec![0]);
        self.tokens.forget_all();
        self.bump_revision(batch);
    }

    /// Whether authentication is on, and its revision.
    pub fn status(&self) -> AuthStatusResponse {
        AuthStatusResponse { header: None, enabled: self.enabled, auth_revision: self.revision }
    }

    /// Applies an authentication whose password the proposer has checked. A simple token is made of
    /// the proposer's chance and the index of the entry, and becomes valid on every member; with
    /// JWT the answer's token is empty and the proposer calls [`Auth::sign`].
    ///
    /// # Errors
    /// Authentication is off, or the user unknown or without a password.
    pub fn authenticate(
        &mut self,
        request: &InternalAuthenticateRequest,
        index: u64,
        now: Instant,
    ) -> Result<AuthenticateResponse, EtcdError> {
        if !self.enabled {
            return Err(EtcdError::AuthNotEnabled);
        }
        let user = self.users.get(&request.name).ok_or(EtcdError::AuthFailed)?;
        if users::without_password(user) {
            return Err(EtcdError::AuthFailed);
        }
        let token = self.tokens.assign(&request.name, &request.simple_token, index, now);
        Ok(AuthenticateResponse { header: None, token })
    }

    /// Signs a JWT for a user whose password was checked at `revision`; `None` with simple tokens.
    ///
    /// # Errors
    /// The key can only verify, or does not sign.
    pub fn sign(
        &self,
        username: &str,
        revision: u64,
        now: Timestamp,
    ) -> Result<Option<String>, jwt::JwtError> {
        match &self.tokens {
            Tokens::Jwt(jwt) => jwt.sign(username, revision, now).map(Some),
            Tokens::Simple(_) => Ok(None),
        }
    }

    /// Who holds a token. `Ok(None)` when authentication is off.
    ///
    /// A simple token may have been made by an entry that this member has not applied yet: the
    /// caller waits for [`token::index_of`] first.
    ///
    /// # Errors
    /// The token is unknown, expired or forged.
    pub fn info_from_token(
        &self,
        token: &str,
        now: Instant,
        wall: Timestamp,
    ) -> Result<Option<AuthInfo>, EtcdError> {
        if !self.enabled {
            return Ok(None);
        }
        let info = self.tokens.info(token, self.revision, now, wall);
        info.map(Some).ok_or(EtcdError::InvalidAuthToken)
    }

    /// The user that a verified client certificate names (`--client-cert-auth`).
    pub fn info_from_common_name(&self, common_name: &str) -> Option<AuthInfo> {
        let info = || AuthInfo { username: common_name.to_owned(), revision: self.revision };
        (self.enabled && !common_name.is_empty()).then(info)
    }

    /// Drops simple tokens whose time is up. To be called about once a second.
    pub fn expire_tokens(&self, now: Instant) {
        self.tokens.expire(now);
    }

    /// Users and roles as stored, for comparing members.
    pub fn replicated(&self) -> (bool, u64, &BTreeMap<String, User>, &BTreeMap<String, Role>) {
        (self.enabled, self.revision, &self.users, &self.roles)
    }

    /// What every user may do by this member's cache, for comparing members.
    pub fn permissions(&self) -> impl Iterator<Item = (&str, String)> {
        self.permissions.iter().map(|(user, merged)| (user.as_str(), format!("{merged:?}")))
    }

    /// Forgets everything but tokens and reads the rows; those of other tables are passed over.
    ///
    /// # Errors
    /// A row that we cannot have written.
    pub fn restore<'a>(&mut self, rows: impl IntoIterator<Item = &'a Row>) -> Result<(), BadRow> {
        (self.enabled, self.revision) = (false, 1);
        self.users.clear();
        self.roles.clear();
        for row in rows {
            let (table, key, value) = row;
            match (table, &key[..]) {
                (Table::Auth, ENABLED_KEY) => self.enabled = value[..] == [1],
                (Table::Auth, REVISION_KEY) => {
                    let bytes = value[..].try_into();
                    let bytes = bytes.map_err(|why| BadRow::new(*table, key, why))?;
                    self.revision = u64::from_be_bytes(bytes);
                }
                (Table::AuthUsers, _) => {
                    self.users.insert(row::text(row, key)?, row::decode(row)?);
                }
                (Table::AuthRoles, _) => {
                    self.roles.insert(row::text(row, key)?, row::decode(row)?);
                }
                _ => {}
            }
        }
        // E04b, etcd #14571: the revision comes from the snapshot, the permissions do not.
        if !self.defects.has("E04b") {
            self.refresh_permissions();
        }
        Ok(())
    }

    fn bump_revision(&mut self, batch: &mut Batch) {
        self.revision += 1;
        batch.put(Table::Auth, REVISION_KEY, self.revision.to_be_bytes().to_vec());
    }

    fn refresh_permissions(&mut self) {
        let merge = |user: &User| Merged::of(user.roles.iter().filter_map(|r| self.roles.get(r)));
        self.permissions =
            self.users.iter().map(|(name, user)| (name.clone(), merge(user))).collect();
    }

    fn put_user(&mut self, user: User, batch: &mut Batch) {
        let name = String::from_utf8_lossy(&user.name).into_owned();
        batch.put(Table::AuthUsers, user.name.clone(), user.encode_to_vec());
        self.users.insert(name, user);
    }

    fn put_role(&mut self, role: Role, batch: &mut Batch) {
        let name = String::from_utf8_lossy(&role.name).into_owned();
        batch.put(Table::AuthRoles, role.name.clone(), role.encode_to_vec());
        self.roles.insert(name, role);
    }
}

fn has_root_role(user: &User) -> bool {
    user.roles.iter().any(|role| role == ROOT_ROLE)
}

fn name_bytes(name: &str) -> Bytes {
    Bytes::copy_from_slice(name.as_bytes())
}
