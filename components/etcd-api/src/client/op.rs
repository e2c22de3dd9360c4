//! The usual requests. Further fields are set by struct update:
//! `RangeRequest { limit: 10, ..op::prefix("a") }`.

use crate::etcdserverpb::{
    DeleteRangeRequest, PutRequest, RangeRequest, RequestOp, TxnRequest, WatchCreateRequest,
    request_op::Request,
};
use bytes::Bytes;

/// The range end that means "no end".
pub const NO_END: Bytes = Bytes::from_static(&[0]);

/// The end of the range of all keys with a prefix (clientv3's `GetPrefixRangeEnd`).
pub fn prefix_end(prefix: &[u8]) -> Bytes {
    let kept = prefix.iter().rposition(|byte| *byte < 0xff);
    let Some(last) = kept else { return NO_END };
    let mut end = prefix[..=last].to_vec();
    end[last] += 1;
    Bytes::from(end)
}

/// Start and end of the range of all keys with a prefix; all keys for the empty one.
fn prefix_range(prefix: Bytes) -> (Bytes, Bytes) {
    match prefix.is_empty() {
        true => (NO_END, NO_END),
        false => (prefix.clone(), prefix_end(&prefix)),
    }
}

/// Reads a key.
pub fn get(key: impl Into<Bytes>) -> RangeRequest {
    RangeRequest { key: key.into(), ..Default::default() }
}

/// Reads all keys with a prefix.
pub fn prefix(prefix: impl Into<Bytes>) -> RangeRequest {
    let (key, range_end) = prefix_range(prefix.into());
    RangeRequest { key, range_end, ..Default::default() }
}

/// Writes a key.
pub fn put(key: impl Into<Bytes>, value: impl Into<Bytes>) -> PutRequest {
    PutRequest { key: key.into(), value: value.into(), ..Default::default() }
}

/// Deletes a key.
pub fn delete(key: impl Into<Bytes>) -> DeleteRangeRequest {
    DeleteRangeRequest { key: key.into(), ..Default::default() }
}

/// Deletes all keys with a prefix.
pub fn delete_prefix(prefix: impl Into<Bytes>) -> DeleteRangeRequest {
    let (key, range_end) = prefix_range(prefix.into());
    DeleteRangeRequest { key, range_end, ..Default::default() }
}

/// Watches a key from now on.
pub fn watch(key: impl Into<Bytes>) -> WatchCreateRequest {
    WatchCreateRequest { key: key.into(), ..Default::default() }
}

/// Watches all keys with a prefix from now on.
pub fn watch_prefix(prefix: impl Into<Bytes>) -> WatchCreateRequest {
    let (key, range_end) = prefix_range(prefix.into());
    WatchCreateRequest { key, range_end, ..Default::default() }
}

impl From<RangeRequest> for RequestOp {
    fn from(request: RangeRequest) -> Self {
        Self { request: Some(Request::RequestRange(request)) }
    }
}

impl From<PutRequest> for RequestOp {
    fn from(request: PutRequest) -> Self {
        Self { request: Some(Request::RequestPut(request)) }
    }
}

impl From<DeleteRangeRequest> for RequestOp {
    fn from(request: DeleteRangeRequest) -> Self {
        Self { request: Some(Request::RequestDeleteRange(request)) }
    }
}

impl From<TxnRequest> for RequestOp {
    fn from(request: TxnRequest) -> Self {
        Self { request: Some(Request::RequestTxn(request)) }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_prefix_ends_before_the_next_one() {
        let cases: [(&[u8], &[u8]); 4] =
            [(b"a", b"b"), (b"a\xff", b"b"), (b"ab", b"ac"), (b"\xff\xff", b"\0")];
        for (prefix, end) in cases {
            assert_eq!(prefix_end(prefix), end, "{prefix:?}");
        }
        assert_eq!(super::prefix("").key, NO_END, "all keys");
    }
}
