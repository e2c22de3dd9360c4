//! The header that every answer carries.

use crate::member::Member;
use etcd_api::etcdserverpb as pb;

/// An answer with a header of which the store sets the revision only.
pub(crate) trait Headed {
    /// The header's place.
    fn header_mut(&mut self) -> &mut Option<pb::ResponseHeader>;
}

macro_rules! headed {
    ($($name:ident)*) => { $(
        impl Headed for pb::$name {
            fn header_mut(&mut self) -> &mut Option<pb::ResponseHeader> { &mut self.header }
        }
    )* };
}
headed!(RangeResponse PutResponse DeleteRangeResponse TxnResponse CompactionResponse
    LeaseGrantResponse LeaseRevokeResponse AlarmResponse AuthEnableResponse AuthDisableResponse
    AuthStatusResponse AuthenticateResponse AuthUserAddResponse AuthUserDeleteResponse
    AuthUserGetResponse AuthUserChangePasswordResponse AuthUserGrantRoleResponse
    AuthUserRevokeRoleResponse AuthUserListResponse AuthRoleAddResponse AuthRoleDeleteResponse
    AuthRoleGetResponse AuthRoleListResponse AuthRoleGrantPermissionResponse
    AuthRoleRevokePermissionResponse);

impl Member {
    /// Completes the header: the store knows the revision, the member the rest.
    pub(crate) fn with_header<T: Headed>(&self, mut response: T) -> T {
        let revision = match response.header_mut() {
            Some(header) if header.revision != 0 => header.revision,
            _ => self.store.read().revision(),
        };
        *response.header_mut() = Some(self.header(revision));
        response
    }
}
