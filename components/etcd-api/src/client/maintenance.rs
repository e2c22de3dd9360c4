//! One member at a time: status, alarms, hashes, defragmentation, snapshots.

use super::{Client, retry::Policy};
use crate::etcdserverpb::{
    AlarmRequest, AlarmResponse, DefragmentRequest, DefragmentResponse, DowngradeRequest,
    DowngradeResponse, HashKvRequest, HashKvResponse, HashRequest, HashResponse, MoveLeaderRequest,
    MoveLeaderResponse, StatusRequest, StatusResponse,
};
use crate::etcdserverpb::{
    SnapshotRequest, SnapshotResponse, maintenance_client::MaintenanceClient,
};
use tonic::{Status, Streaming};

/// The chunks of a snapshot as they come.
pub type Snapshot = Streaming<SnapshotResponse>;

impl Client {
    /// Raises, lists or lowers alarms.
    ///
    /// # Errors
    /// The status of the failed call.
    pub async fn alarm(&self, request: AlarmRequest) -> Result<AlarmResponse, Status> {
        self.call("/etcdserverpb.Maintenance/Alarm", Policy::Repeatable, request).await
    }

    /// How the member is.
    ///
    /// # Errors
    /// The status of the failed call.
    pub async fn status(&self, request: StatusRequest) -> Result<StatusResponse, Status> {
        self.call("/etcdserverpb.Maintenance/Status", Policy::Repeatable, request).await
    }

    /// Gives the space of deleted rows back to the file system; the member is busy meanwhile.
    ///
    /// # Errors
    /// The status of the failed call.
    pub async fn defragment(
        &self,
        request: DefragmentRequest,
    ) -> Result<DefragmentResponse, Status> {
        self.call("/etcdserverpb.Maintenance/Defragment", Policy::NonRepeatable, request).await
    }

    /// The hash of the whole backend.
    ///
    /// # Errors
    /// The status of the failed call.
    pub async fn hash(&self, request: HashRequest) -> Result<HashResponse, Status> {
        self.call("/etcdserverpb.Maintenance/Hash", Policy::Repeatable, request).await
    }

    /// The hash of all keys up to a revision.
    ///
    /// # Errors
    /// The status of the failed call.
    pub async fn hash_kv(&self, request: HashKvRequest) -> Result<HashKvResponse, Status> {
        self.call("/etcdserverpb.Maintenance/HashKV", Policy::Repeatable, request).await
    }

    /// Asks the leader to hand over to another member.
    ///
    /// # Errors
    /// The status of the failed call.
    pub async fn move_leader(
        &self,
        request: MoveLeaderRequest,
    ) -> Result<MoveLeaderResponse, Status> {
        self.call("/etcdserverpb.Maintenance/MoveLeader", Policy::NonRepeatable, request).await
    }

    /// Checks, begins or cancels a downgrade.
    ///
    /// # Errors
    /// The status of the failed call.
    pub async fn downgrade(&self, request: DowngradeRequest) -> Result<DowngradeResponse, Status> {
        self.call("/etcdserverpb.Maintenance/Downgrade", Policy::NonRepeatable, request).await
    }

    /// Streams the member's backend.
    ///
    /// # Errors
    /// The status of the failed call; the stream may fail later.
    pub async fn snapshot(&self) -> Result<Snapshot, Status> {
        let request = self.request(SnapshotRequest {}).await?;
        let client = MaintenanceClient::new(self.shared.channel.clone());
        let answer = client.max_decoding_message_size(usize::MAX).snapshot(request).await?;
        Ok(answer.into_inner())
    }
}
