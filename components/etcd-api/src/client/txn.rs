//! Builds a transaction: guards, what to do if they hold, and what if they do not.

use super::{Client, retry::Policy};
use crate::etcdserverpb::{Compare, RequestOp, TxnRequest, TxnResponse};
use tonic::Status;

/// A transaction that is being written.
#[derive(Clone, Debug)]
pub struct TxnBuilder {
    client: Client,
    request: TxnRequest,
}

impl TxnBuilder {
    pub(super) fn new(client: Client) -> Self {
        Self { client, request: TxnRequest::default() }
    }

    /// Adds guards; all must hold.
    #[must_use]
    pub fn when(mut self, guards: impl IntoIterator<Item = Compare>) -> Self {
        self.request.compare.extend(guards);
        self
    }

    /// Adds an operation for when all guards hold.
    #[must_use]
    pub fn then(mut self, operation: impl Into<RequestOp>) -> Self {
        self.request.success.push(operation.into());
        self
    }

    /// Adds an operation for when some guard does not hold.
    #[must_use]
    pub fn or_else(mut self, operation: impl Into<RequestOp>) -> Self {
        self.request.failure.push(operation.into());
        self
    }

    /// The request as it would be sent.
    pub fn request(&self) -> &TxnRequest {
        &self.request
    }

    /// Sends it.
    ///
    /// # Errors
    /// The status of the failed call.
    pub async fn commit(self) -> Result<TxnResponse, Status> {
        self.client.call("/etcdserverpb.KV/Txn", Policy::NonRepeatable, self.request).await
    }
}
