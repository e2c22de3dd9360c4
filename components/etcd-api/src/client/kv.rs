//! Keys: reads, writes, transactions, compaction.

use super::{Client, TxnBuilder, retry::Policy};
use crate::etcdserverpb::{
    CompactionRequest, CompactionResponse, DeleteRangeRequest, DeleteRangeResponse, PutRequest,
    PutResponse, RangeRequest, RangeResponse,
};
use tonic::Status;

impl Client {
    /// A transaction to be filled and committed.
    pub fn txn(&self) -> TxnBuilder {
        TxnBuilder::new(self.clone())
    }

    /// Reads keys.
    ///
    /// # Errors
    /// The status of the failed call.
    pub async fn get(&self, request: RangeRequest) -> Result<RangeResponse, Status> {
        self.call("/etcdserverpb.KV/Range", Policy::Repeatable, request).await
    }

    /// Writes a key.
    ///
    /// # Errors
    /// The status of the failed call.
    pub async fn put(&self, request: PutRequest) -> Result<PutResponse, Status> {
        self.call("/etcdserverpb.KV/Put", Policy::NonRepeatable, request).await
    }

    /// Deletes keys.
    ///
    /// # Errors
    /// The status of the failed call.
    pub async fn delete(&self, request: DeleteRangeRequest) -> Result<DeleteRangeResponse, Status> {
        self.call("/etcdserverpb.KV/DeleteRange", Policy::NonRepeatable, request).await
    }

    /// Forgets revisions.
    ///
    /// # Errors
    /// The status of the failed call.
    pub async fn compact(&self, request: CompactionRequest) -> Result<CompactionResponse, Status> {
        self.call("/etcdserverpb.KV/Compact", Policy::NonRepeatable, request).await
    }
}
