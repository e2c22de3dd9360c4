//! The KV service: range, put, delete, transactions, compaction.
//!
//! Upstream: server/etcdserver/v3_server.go, api/v3rpc/key.go.

use super::access::Caller;
use crate::member::Member;
use etcd_api::{
    errors::EtcdError,
    etcdserverpb::{
        CompactionRequest, CompactionResponse, DeleteRangeRequest, DeleteRangeResponse, PutRequest,
        PutResponse, RangeRequest, RangeResponse, TxnRequest, TxnResponse, kv_server::Kv,
        request_op,
    },
    internal::internal_request::Request as Op,
};
use etcd_store::{Refused, Response as Applied, check};
use std::sync::Arc;
use tonic::{Request, Response, Status};

/// The KV service of a member.
#[derive(Clone)]
pub(crate) struct KvService(pub(crate) Arc<Member>);

impl Member {
    /// Reads a range as the caller may, after making sure that the answer is fresh enough.
    ///
    /// # Errors
    /// As upstream's Range.
    pub(crate) async fn range(
        &self,
        caller: &Caller,
        request: &RangeRequest,
    ) -> Result<RangeResponse, Status> {
        check::range(request)?;
        if !request.serializable {
            self.reads.linearizable().await?;
        }
        let store = self.store.read();
        if let Some(caller) = caller {
            store.auth().check_range(request, caller)?;
        }
        let mut response = store.range(request).map_err(refused)?;
        self.metrics.applied.range();
        response.header = Some(self.header(store.revision()));
        Ok(response)
    }

    /// Replicates a put.
    ///
    /// # Errors
    /// As upstream's Put.
    pub(crate) async fn put(
        &self,
        caller: &Caller,
        request: PutRequest,
    ) -> Result<PutResponse, Status> {
        check::put(&request)?;
        match self.propose(caller.as_ref(), Op::Put(request)).await? {
            Applied::Put(response) => Ok(self.with_header(response)),
            _ => Err(unexpected()),
        }
    }

    /// Replicates a deletion.
    ///
    /// # Errors
    /// As upstream's DeleteRange.
    pub(crate) async fn delete_range(
        &self,
        caller: &Caller,
        request: DeleteRangeRequest,
    ) -> Result<DeleteRangeResponse, Status> {
        check::delete_range(&request)?;
        match self.propose(caller.as_ref(), Op::DeleteRange(request)).await? {
            Applied::DeleteRange(response) => Ok(self.with_header(response)),
            _ => Err(unexpected()),
        }
    }

    /// Replicates a transaction; one that only reads is answered from the store.
    ///
    /// # Errors
    /// As upstream's Txn.
    pub(crate) async fn txn(
        &self,
        caller: &Caller,
        request: TxnRequest,
    ) -> Result<TxnResponse, Status> {
        check::txn(&request, self.config.limits.txn_ops)?;
        if etcd_store::is_read_only(&request) {
            if !is_serializable(&request) {
                self.reads.linearizable().await?;
            }
            let store = self.store.read();
            if let Some(caller) = caller {
                store.auth().check_txn(&request, caller)?;
            }
            let mut response = store.read_txn(&request).map_err(refused)?;
            self.metrics.applied.transaction(&response);
            response.header = Some(self.header(store.revision()));
            return Ok(response);
        }
        match self.propose(caller.as_ref(), Op::Txn(request)).await? {
            Applied::Txn(response) => Ok(self.with_header(response)),
            _ => Err(unexpected()),
        }
    }
}

/// True when every range of a read-only transaction may be stale.
fn is_serializable(request: &TxnRequest) -> bool {
    request.success.iter().chain(&request.failure).all(|op| match &op.request {
        Some(request_op::Request::RequestRange(range)) => range.serializable,
        Some(request_op::Request::RequestTxn(txn)) => is_serializable(txn),
        Some(_) | None => false,
    })
}

/// A refusal as the client sees it. A backend that cannot be read is a failure of this member.
pub(crate) fn refused(refused: Refused) -> Status {
    match refused {
        Refused::Api(error) => error.into(),
        Refused::Store(error) => Status::internal(error.to_string()),
    }
}

/// The store answered with another kind of answer than it was asked for: a bug of ours.
pub(crate) fn unexpected() -> Status {
    Status::internal("the state machine answered something else than it was asked")
}

#[tonic::async_trait]
impl Kv for KvService {
    async fn range(
        &self,
        request: Request<RangeRequest>,
    ) -> Result<Response<RangeResponse>, Status> {
        // A learner answers serializable reads only.
        let caller = if request.get_ref().serializable {
            self.0.admit_at_learner(&request)?
        } else {
            self.0.admit(&request)?
        };
        self.0.range(&caller, request.get_ref()).await.map(Response::new)
    }

    async fn put(&self, request: Request<PutRequest>) -> Result<Response<PutResponse>, Status> {
        let caller = self.0.admit(&request)?;
        self.0.put(&caller, request.into_inner()).await.map(Response::new)
    }

    async fn delete_range(
        &self,
        request: Request<DeleteRangeRequest>,
    ) -> Result<Response<DeleteRangeResponse>, Status> {
        let caller = self.0.admit(&request)?;
        self.0.delete_range(&caller, request.into_inner()).await.map(Response::new)
    }

    async fn txn(&self, request: Request<TxnRequest>) -> Result<Response<TxnResponse>, Status> {
        let caller = self.0.admit(&request)?;
        self.0.txn(&caller, request.into_inner()).await.map(Response::new)
    }

    async fn compact(
        &self,
        request: Request<CompactionRequest>,
    ) -> Result<Response<CompactionResponse>, Status> {
        let caller = self.0.admit(&request)?;
        let request = request.into_inner();
        let (physical, revision) = (request.physical, request.revision);
        match self.0.propose(caller.as_ref(), Op::Compaction(request)).await? {
            Applied::Compaction(response) => {
                if physical {
                    self.0.physically_compacted(revision).await?;
                }
                Ok(Response::new(self.0.with_header(response)))
            }
            _ => Err(unexpected()),
        }
    }
}

impl Member {
    /// Waits until the deleted revisions are gone from the disk too.
    async fn physically_compacted(&self, revision: i64) -> Result<(), EtcdError> {
        let mut compacted = self.compacted.subscribe();
        let done = compacted.wait_for(|done| *done >= revision).await;
        done.map(drop).map_err(|_| EtcdError::Stopped)
    }
}
