//! Members of the cluster.

use super::{Client, retry::Policy};
use crate::etcdserverpb::{
    MemberAddRequest, MemberAddResponse, MemberListRequest, MemberListResponse,
    MemberPromoteRequest, MemberPromoteResponse, MemberRemoveRequest, MemberRemoveResponse,
    MemberUpdateRequest, MemberUpdateResponse,
};
use tonic::Status;

impl Client {
    /// Adds a member, which is then to be started.
    ///
    /// # Errors
    /// The status of the failed call.
    pub async fn member_add(&self, request: MemberAddRequest) -> Result<MemberAddResponse, Status> {
        self.call("/etcdserverpb.Cluster/MemberAdd", Policy::NonRepeatable, request).await
    }

    /// Removes a member for good.
    ///
    /// # Errors
    /// The status of the failed call.
    pub async fn member_remove(
        &self,
        request: MemberRemoveRequest,
    ) -> Result<MemberRemoveResponse, Status> {
        self.call("/etcdserverpb.Cluster/MemberRemove", Policy::NonRepeatable, request).await
    }

    /// Changes where a member is reached by the others.
    ///
    /// # Errors
    /// The status of the failed call.
    pub async fn member_update(
        &self,
        request: MemberUpdateRequest,
    ) -> Result<MemberUpdateResponse, Status> {
        self.call("/etcdserverpb.Cluster/MemberUpdate", Policy::NonRepeatable, request).await
    }

    /// All members.
    ///
    /// # Errors
    /// The status of the failed call.
    pub async fn member_list(
        &self,
        request: MemberListRequest,
    ) -> Result<MemberListResponse, Status> {
        self.call("/etcdserverpb.Cluster/MemberList", Policy::Repeatable, request).await
    }

    /// Makes a learner that has caught up a voter.
    ///
    /// # Errors
    /// The status of the failed call.
    pub async fn member_promote(
        &self,
        request: MemberPromoteRequest,
    ) -> Result<MemberPromoteResponse, Status> {
        self.call("/etcdserverpb.Cluster/MemberPromote", Policy::NonRepeatable, request).await
    }
}
