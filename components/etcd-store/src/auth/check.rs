//! Who may do what: the verdict on a request, at proposal and again when it is applied
//! (server/etcdserver/apply/apply_auth.go).

use super::{Auth, AuthInfo, has_root_role};
use crate::lease::Lessor;
use bytes::Bytes;
use etcd_api::{
    EtcdError,
    etcdserverpb::{
        DeleteRangeRequest, PutRequest, RangeRequest, RequestOp, TxnRequest, request_op,
    },
    internal::internal_request::Request,
};

type Verdict = Result<(), EtcdError>;

impl Auth {
    /// Judges a replicated request.
    ///
    /// # Errors
    /// The user is unknown, the permission missing, or the auth revision has moved on since the
    /// user was looked at.
    pub fn check(&self, request: &Request, info: &AuthInfo, lessor: &Lessor) -> Verdict {
        match request {
            Request::Put(put) => self.check_put(put, info, lessor),
            Request::Range(range) => self.check_range(range, info),
            Request::DeleteRange(delete) => self.check_delete_range(delete, info),
            Request::Txn(txn) => self.check_txn(txn, info),
            Request::LeaseRevoke(revoke) => self.check_lease_puts(revoke.id, info, lessor),
            Request::AuthUserGet(get) if get.name == info.username => Ok(()),
            Request::AuthRoleGet(get) if self.has_role(&info.username, &get.role) => Ok(()),
            _ if needs_admin(request) => self.check_admin(info),
            _ => Ok(()),
        }
    }

    /// May the user read these keys?
    ///
    /// # Errors
    /// As for [`Auth::check`].
    pub fn check_range(&self, request: &RangeRequest, info: &AuthInfo) -> Verdict {
        self.may(info, |merged| merged.may_read(&request.key, &request.range_end))
    }

    /// May the user do all of a transaction's comparisons and either branch?
    ///
    /// # Errors
    /// As for [`Auth::check`].
    pub fn check_txn(&self, request: &TxnRequest, info: &AuthInfo) -> Verdict {
        for compare in &request.compare {
            self.may(info, |merged| merged.may_read(&compare.key, &compare.range_end))?;
        }
        let mut operations = request.success.iter().chain(&request.failure);
        operations.try_for_each(|operation| self.check_operation(operation, info))
    }

    /// May the user watch these keys, or see that a lease holds them?
    ///
    /// # Errors
    /// As for [`Auth::check`].
    pub fn check_read(&self, key: &Bytes, range_end: &Bytes, info: &AuthInfo) -> Verdict {
        self.may(info, |merged| merged.may_read(key, range_end))
    }

    /// Has the user the role `root`? Asked by everything that is not about keys.
    ///
    /// # Errors
    /// Nobody is known to ask, the user is unknown, or it is not `root`.
    pub fn check_admin(&self, info: &AuthInfo) -> Verdict {
        if !self.enabled {
            return Ok(());
        }
        if info.username.is_empty() {
            return Err(EtcdError::UserEmpty);
        }
        match has_root_role(self.user(&info.username)?) {
            true => Ok(()),
            false => Err(EtcdError::PermissionDenied),
        }
    }

    fn check_put(&self, request: &PutRequest, info: &AuthInfo, lessor: &Lessor) -> Verdict {
        self.check_one_put(request, info)?;
        // Whoever attaches a key to a lease can have the lease's other keys deleted.
        self.check_lease_puts(request.lease, info, lessor)?;
        match request.prev_kv {
            true => self.check_read(&request.key, &Bytes::new(), info),
            false => Ok(()),
        }
    }

    fn check_one_put(&self, request: &PutRequest, info: &AuthInfo) -> Verdict {
        self.may(info, |merged| merged.may_write(&request.key, &Bytes::new()))
    }

    fn check_delete_range(&self, request: &DeleteRangeRequest, info: &AuthInfo) -> Verdict {
        self.may(info, |merged| merged.may_write(&request.key, &request.range_end))?;
        match request.prev_kv {
            true => self.check_read(&request.key, &request.range_end, info),
            false => Ok(()),
        }
    }

    fn check_operation(&self, operation: &RequestOp, info: &AuthInfo) -> Verdict {
        match &operation.request {
            Some(request_op::Request::RequestRange(range)) => self.check_range(range, info),
            Some(request_op::Request::RequestPut(put)) => self.check_one_put(put, info),
            Some(request_op::Request::RequestDeleteRange(delete)) => {
                self.check_delete_range(delete, info)
            }
            Some(request_op::Request::RequestTxn(txn)) => self.check_txn(txn, info),
            None => Ok(()),
        }
    }

    fn check_lease_puts(&self, lease: i64, info: &AuthInfo, lessor: &Lessor) -> Verdict {
        if self.check_admin(info).is_ok() {
            return Ok(());
        }
        lessor
            .keys(lease)
            .try_for_each(|key| self.may(info, |merged| merged.may_write(key, &Bytes::new())))
    }

    fn may(&self, info: &AuthInfo, allowed: impl Fn(&super::Merged) -> bool) -> Verdict {
        if !self.enabled {
            return Ok(());
        }
        if info.revision == 0 {
            return Err(EtcdError::UserEmpty);
        }
        if info.revision < self.revision {
            return Err(EtcdError::AuthOldRevision);
        }
        let user = self.users.get(&info.username).ok_or(EtcdError::PermissionDenied)?;
        if has_root_role(user) || self.permissions.get(&info.username).is_some_and(allowed) {
            return Ok(());
        }
        Err(EtcdError::PermissionDenied)
    }

    fn has_role(&self, user: &str, role: &str) -> bool {
        self.users.get(user).is_some_and(|user| user.roles.iter().any(|held| held == role))
    }
}

fn needs_admin(request: &Request) -> bool {
    is_mutation(request)
        || matches!(
            request,
            Request::AuthStatus(_)
                | Request::AuthUserGet(_)
                | Request::AuthUserList(_)
                | Request::AuthRoleGet(_)
                | Request::AuthRoleList(_)
        )
}

/// True for requests that change the auth store (exhibit E04a forgets the index of just these).
pub fn is_mutation(request: &Request) -> bool {
    matches!(
        request,
        Request::AuthEnable(_)
            | Request::AuthDisable(_)
            | Request::AuthUserAdd(_)
            | Request::AuthUserDelete(_)
            | Request::AuthUserChangePassword(_)
            | Request::AuthUserGrantRole(_)
            | Request::AuthUserRevokeRole(_)
            | Request::AuthRoleAdd(_)
            | Request::AuthRoleDelete(_)
            | Request::AuthRoleGrantPermission(_)
            | Request::AuthRoleRevokePermission(_)
    )
}
