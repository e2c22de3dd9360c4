//! The answers of the state machine, one kind for each kind of request.

use etcd_api::etcdserverpb as pb;

macro_rules! responses {
    ($($name:ident($message:ident)),* $(,)?) => {
        /// What a request came to. Of a header only the revision is set, if that.
        #[derive(Clone, Debug, PartialEq)]
        pub enum Response {
            /// The request has no answer of its own.
            Empty,
            $(#[doc = concat!("See the API's ", stringify!($message), ".")] $name(pb::$message),)*
        }

        $(impl From<pb::$message> for Response {
            fn from(message: pb::$message) -> Self { Self::$name(message) }
        })*
    };
}

responses!(
    Range(RangeResponse),
    Put(PutResponse),
    DeleteRange(DeleteRangeResponse),
    Txn(TxnResponse),
    Compaction(CompactionResponse),
    LeaseGrant(LeaseGrantResponse),
    LeaseRevoke(LeaseRevokeResponse),
    LeaseCheckpoint(LeaseCheckpointResponse),
    Alarm(AlarmResponse),
    AuthEnable(AuthEnableResponse),
    AuthDisable(AuthDisableResponse),
    AuthStatus(AuthStatusResponse),
    Authenticate(AuthenticateResponse),
    UserAdd(AuthUserAddResponse),
    UserDelete(AuthUserDeleteResponse),
    UserGet(AuthUserGetResponse),
    UserChangePassword(AuthUserChangePasswordResponse),
    UserGrantRole(AuthUserGrantRoleResponse),
    UserRevokeRole(AuthUserRevokeRoleResponse),
    UserList(AuthUserListResponse),
    RoleAdd(AuthRoleAddResponse),
    RoleDelete(AuthRoleDeleteResponse),
    RoleGet(AuthRoleGetResponse),
    RoleList(AuthRoleListResponse),
    RoleGrantPermission(AuthRoleGrantPermissionResponse),
    RoleRevokePermission(AuthRoleRevokePermissionResponse),
);
