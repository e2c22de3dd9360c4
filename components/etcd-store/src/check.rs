//! Checks of key-value requests before they are proposed (upstream: server/etcdserver/api/v3rpc/key.go).
//!
//! The state machine relies on them: what passes here cannot fail in the middle of a transaction.

use crate::keys::KeyRange;
use bytes::Bytes;
use etcd_api::{
    EtcdError,
    etcdserverpb::{
        DeleteRangeRequest, PutRequest, RangeRequest, RequestOp, TxnRequest,
        range_request::{SortOrder, SortTarget},
        request_op::Request,
    },
};
use std::collections::BTreeSet;

/// Operations in one transaction, unless configured otherwise (`--max-txn-ops`).
pub const MAX_TXN_OPS: usize = 128;

type Verdict = Result<(), EtcdError>;

fn has_key(key: &Bytes) -> Verdict {
    if key.is_empty() { Err(EtcdError::EmptyKey) } else { Ok(()) }
}

/// Checks a range request.
///
/// # Errors
/// An empty key, an unknown order or target.
pub fn range(request: &RangeRequest) -> Verdict {
    has_key(&request.key)?;
    let order = SortOrder::try_from(request.sort_order).is_ok();
    let target = SortTarget::try_from(request.sort_target).is_ok();
    if order && target { Ok(()) } else { Err(EtcdError::InvalidSortOption) }
}

/// Checks a put request.
///
/// # Errors
/// An empty key; a value or a lease that is to be ignored.
pub fn put(request: &PutRequest) -> Verdict {
    has_key(&request.key)?;
    if request.ignore_value && !request.value.is_empty() {
        return Err(EtcdError::ValueProvided);
    }
    if request.ignore_lease && request.lease != 0 {
        return Err(EtcdError::LeaseProvided);
    }
    Ok(())
}

/// Checks a delete request.
///
/// # Errors
/// An empty key.
pub fn delete_range(request: &DeleteRangeRequest) -> Verdict {
    has_key(&request.key)
}

/// Checks a transaction, nested ones included.
///
/// # Errors
/// More than `max_ops` comparisons or operations on a way down; an empty key; a key put twice, or
/// put and deleted, on one branch; whatever the operations' own checks say.
pub fn txn(request: &TxnRequest, max_ops: usize) -> Verdict {
    shape(request, max_ops)?;
    writes(&request.success)?;
    writes(&request.failure)?;
    Ok(())
}

fn shape(request: &TxnRequest, max_ops: usize) -> Verdict {
    let ops = request.compare.len().max(request.success.len()).max(request.failure.len());
    let left = max_ops.checked_sub(ops).ok_or(EtcdError::TooManyOps)?;
    request.compare.iter().try_for_each(|compare| has_key(&compare.key))?;
    request.success.iter().chain(&request.failure).try_for_each(|op| match &op.request {
        Some(Request::RequestRange(request)) => range(request),
        Some(Request::RequestPut(request)) => put(request),
        Some(Request::RequestDeleteRange(request)) => delete_range(request),
        Some(Request::RequestTxn(nested)) => shape(nested, left),
        None => Err(EtcdError::KeyNotFound),
    })
}

/// What a list of operations may write.
#[derive(Default)]
struct Writes {
    puts: BTreeSet<Bytes>,
    deletes: Vec<KeyRange>,
}

impl Writes {
    fn add_put(&mut self, key: &Bytes) -> Verdict {
        if self.deletes.iter().any(|range| range.contains(key)) || !self.puts.insert(key.clone()) {
            return Err(EtcdError::DuplicateKey);
        }
        Ok(())
    }

    /// Two branches exclude each other: what one puts, the other may put too.
    fn add_branches(&mut self, then: Writes, otherwise: Writes) -> Verdict {
        for key in then.puts.union(&otherwise.puts) {
            self.add_put(key)?;
        }
        self.deletes.extend(then.deletes);
        self.deletes.extend(otherwise.deletes);
        Ok(())
    }
}

fn writes(ops: &[RequestOp]) -> Result<Writes, EtcdError> {
    let mut found = Writes::default();
    for op in ops {
        if let Some(Request::RequestDeleteRange(delete)) = &op.request {
            found.deletes.push(KeyRange::new(&delete.key, &delete.range_end));
        }
    }
    for op in ops {
        if let Some(Request::RequestTxn(nested)) = &op.request {
            found.add_branches(writes(&nested.success)?, writes(&nested.failure)?)?;
        }
    }
    for op in ops {
        if let Some(Request::RequestPut(put)) = &op.request {
            found.add_put(&put.key)?;
        }
    }
    Ok(found)
}

#[cfg(test)]
mod tests {
    use super::*;

    fn op(request: Request) -> RequestOp {
        RequestOp { request: Some(request) }
    }

    fn put_op(key: &'static str) -> RequestOp {
        op(Request::RequestPut(PutRequest { key: key.into(), ..PutRequest::default() }))
    }

    fn delete_op(key: &'static str, end: &'static str) -> RequestOp {
        let (key, range_end) = (key.into(), end.into());
        op(Request::RequestDeleteRange(DeleteRangeRequest { key, range_end, prev_kv: false }))
    }

    fn then(success: Vec<RequestOp>, failure: Vec<RequestOp>) -> TxnRequest {
        TxnRequest { compare: Vec::new(), success, failure }
    }

    fn nested(success: Vec<RequestOp>, failure: Vec<RequestOp>) -> RequestOp {
        op(Request::RequestTxn(then(success, failure)))
    }

    #[test]
    fn a_branch_writes_a_key_once() {
        let duplicate = Err(EtcdError::DuplicateKey);
        for (request, expected) in [
            (then(vec![put_op("a"), put_op("b")], vec![put_op("a")]), Ok(())),
            (then(vec![put_op("a"), put_op("a")], vec![]), duplicate),
            (then(vec![put_op("b"), delete_op("a", "c")], vec![]), duplicate),
            (then(vec![put_op("c"), delete_op("a", "c")], vec![]), Ok(())),
            (then(vec![delete_op("a", ""), delete_op("a", "c")], vec![]), Ok(())),
            (then(vec![nested(vec![put_op("a")], vec![put_op("a")])], vec![]), Ok(())),
            (then(vec![nested(vec![put_op("a")], vec![]), put_op("a")], vec![]), duplicate),
            (then(vec![nested(vec![delete_op("a", "")], vec![]), put_op("a")], vec![]), duplicate),
            (
                then(vec![op(Request::RequestRange(RangeRequest::default()))], vec![]),
                Err(EtcdError::EmptyKey),
            ),
            (then(vec![RequestOp::default()], vec![]), Err(EtcdError::KeyNotFound)),
        ] {
            assert_eq!(txn(&request, MAX_TXN_OPS), expected, "{request:?}");
        }
    }

    #[test]
    fn operations_are_counted_on_the_way_down() {
        let inner = nested(vec![put_op("a"), put_op("b")], vec![]);
        assert_eq!(txn(&then(vec![inner.clone()], vec![]), 3), Ok(()));
        assert_eq!(txn(&then(vec![inner], vec![]), 2), Err(EtcdError::TooManyOps));
    }

    #[test]
    fn puts_do_not_give_what_they_ignore() {
        let request = PutRequest { key: "k".into(), ..PutRequest::default() };
        assert_eq!(put(&PutRequest { ignore_value: true, ..request.clone() }), Ok(()));
        let both = PutRequest { ignore_value: true, value: "v".into(), ..request.clone() };
        assert_eq!(put(&both), Err(EtcdError::ValueProvided));
        let both = PutRequest { ignore_lease: true, lease: 1, ..request };
        assert_eq!(put(&both), Err(EtcdError::LeaseProvided));
        let bad = RangeRequest { key: "k".into(), sort_order: 3, ..RangeRequest::default() };
        assert_eq!(range(&bad), Err(EtcdError::InvalidSortOption));
    }
}
