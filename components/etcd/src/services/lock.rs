//! The lock service: a queue of keys under the lock's name, the oldest of which holds it.
//!
//! Upstream: server/etcdserver/api/v3lock and client/v3/concurrency/mutex.go.

use super::{access::Caller, kv::KvService};
use crate::{member::Member, queue};
use etcd_api::{
    etcdserverpb::DeleteRangeRequest,
    v3lockpb::{LockRequest, LockResponse, UnlockRequest, UnlockResponse, lock_server::Lock},
};
use std::sync::Arc;
use tonic::{Request, Response, Status};

/// The lock service of a member.
#[derive(Clone)]
pub(crate) struct LockService(pub(crate) Arc<Member>);

#[tonic::async_trait]
impl Lock for LockService {
    async fn lock(&self, request: Request<LockRequest>) -> Result<Response<LockResponse>, Status> {
        let caller = self.0.admit(&request)?;
        let LockRequest { name, lease } = request.into_inner();
        let place = queue::enter(&self.0, &caller, &name, lease, bytes::Bytes::new()).await?;
        queue::reach_front(&self.0, &caller, &place).await?;
        let header = Some(self.0.header_now());
        Ok(Response::new(LockResponse { header, key: place.key }))
    }

    async fn unlock(
        &self,
        request: Request<UnlockRequest>,
    ) -> Result<Response<UnlockResponse>, Status> {
        let caller: Caller = self.0.admit(&request)?;
        let key = request.into_inner().key;
        let delete = DeleteRangeRequest { key, ..Default::default() };
        let response = KvService(self.0.clone()).0.delete_range(&caller, delete).await?;
        Ok(Response::new(UnlockResponse { header: response.header }))
    }
}
