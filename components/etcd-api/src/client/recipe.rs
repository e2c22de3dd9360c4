//! Locks and elections that the server keeps (v3lock and v3election): the server waits for its
//! turn in the client's place.

use super::{Client, retry::Policy};
use crate::{
    v3electionpb::{
        CampaignRequest, CampaignResponse, ProclaimRequest, ProclaimResponse, ResignRequest,
        ResignResponse,
    },
    v3lockpb::{LockRequest, LockResponse, UnlockRequest, UnlockResponse},
};
use tonic::Status;

impl Client {
    /// Waits for a lock; it is held until it is given back, or its lease ends.
    ///
    /// # Errors
    /// The status of the failed call; the place in the queue is left to the lease.
    pub async fn lock(&self, request: LockRequest) -> Result<LockResponse, Status> {
        self.call("/v3lockpb.Lock/Lock", Policy::NonRepeatable, request).await
    }

    /// Gives a lock back.
    ///
    /// # Errors
    /// The status of the failed call.
    pub async fn unlock(&self, request: UnlockRequest) -> Result<UnlockResponse, Status> {
        self.call("/v3lockpb.Lock/Unlock", Policy::NonRepeatable, request).await
    }

    /// Stands for election and waits to be elected.
    ///
    /// # Errors
    /// The status of the failed call; the candidacy is left to the lease.
    pub async fn campaign(&self, request: CampaignRequest) -> Result<CampaignResponse, Status> {
        self.call("/v3electionpb.Election/Campaign", Policy::NonRepeatable, request).await
    }

    /// Says something else as the leader.
    ///
    /// # Errors
    /// The status of the failed call.
    pub async fn proclaim(&self, request: ProclaimRequest) -> Result<ProclaimResponse, Status> {
        self.call("/v3electionpb.Election/Proclaim", Policy::NonRepeatable, request).await
    }

    /// Gives up the office.
    ///
    /// # Errors
    /// The status of the failed call.
    pub async fn resign(&self, request: ResignRequest) -> Result<ResignResponse, Status> {
        self.call("/v3electionpb.Election/Resign", Policy::NonRepeatable, request).await
    }
}
