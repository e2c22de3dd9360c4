//! How much a request may add to the backend (upstream: server/storage/quota.go).

use etcd_api::{
    etcdserverpb::{RequestOp, TxnRequest, request_op},
    internal::internal_request::Request,
};

/// The quota unless configured otherwise: 2 GiB.
pub const QUOTA_BYTES: i64 = 2 << 30;

/// What the index and the row of a key cost besides the key and the value, in bytes.
const KEY_OVERHEAD: usize = 256;
const LEASE_OVERHEAD: usize = 64;

/// The bytes that a request may add, at most; 0 for requests that are never refused for space.
pub(crate) fn cost(request: &Request) -> i64 {
    let bytes = match request {
        Request::Put(put) => put_cost(put.key.len(), put.value.len()),
        Request::Txn(txn) => txn_cost(txn),
        Request::LeaseGrant(_) => LEASE_OVERHEAD,
        _ => 0,
    };
    i64::try_from(bytes).unwrap_or(i64::MAX)
}

fn put_cost(key: usize, value: usize) -> usize {
    KEY_OVERHEAD + key + value
}

fn txn_cost(request: &TxnRequest) -> usize {
    let branch = |ops: &[RequestOp]| ops.iter().map(op_cost).sum::<usize>();
    branch(&request.success).max(branch(&request.failure))
}

fn op_cost(op: &RequestOp) -> usize {
    match &op.request {
        Some(request_op::Request::RequestPut(put)) => put_cost(put.key.len(), put.value.len()),
        Some(request_op::Request::RequestTxn(nested)) => txn_cost(nested),
        _ => 0,
    }
}
