//! First come, first served: keys under a prefix, in the order of their creation.
//!
//! The recipe behind locks and elections, run on the server: everybody puts a key of its lease's
//! name, and whoever has the oldest is at the front. Upstream: client/v3/concurrency.

use crate::{member::Member, services::access::Caller, watching};
use bytes::{BufMut, Bytes, BytesMut};
use etcd_api::{
    errors::EtcdError,
    etcdserverpb::{
        Compare, PutRequest, RangeRequest, RequestOp, TxnRequest,
        compare::{CompareResult, CompareTarget, TargetUnion},
        range_request::{SortOrder, SortTarget},
        request_op::Request as Op,
        response_op::Response as Answer,
    },
    mvccpb::KeyValue,
};
use tonic::Status;

/// A place in a queue.
#[derive(Clone, Debug)]
pub(crate) struct Place {
    /// The prefix of all keys in the queue.
    pub(crate) prefix: Bytes,
    /// Our key.
    pub(crate) key: Bytes,
    /// The revision at which it was created: our number.
    pub(crate) revision: i64,
}

/// Enters a queue under a lease, or finds the place that the lease already has there.
///
/// # Errors
/// The lease does not exist; what a transaction may say.
pub(crate) async fn enter(
    member: &Member,
    caller: &Caller,
    name: &Bytes,
    lease: i64,
    value: Bytes,
) -> Result<Place, Status> {
    if name.is_empty() {
        return Err(EtcdError::EmptyKey.into());
    }
    let mut prefix = BytesMut::from(name.as_ref());
    prefix.put_u8(b'/');
    let prefix = prefix.freeze();
    let mut key = BytesMut::from(prefix.as_ref());
    key.put_slice(format!("{lease:x}").as_bytes());
    let key = key.freeze();
    let put = PutRequest { key: key.clone(), value, lease, ..Default::default() };
    let get = RangeRequest { key: key.clone(), ..Default::default() };
    let txn = TxnRequest {
        compare: vec![created_at(&key, 0)],
        success: vec![RequestOp { request: Some(Op::RequestPut(put)) }],
        failure: vec![RequestOp { request: Some(Op::RequestRange(get)) }],
    };
    let response = member.txn(caller, txn).await?;
    let mut revision = response.header.map_or(0, |header| header.revision);
    if !response.succeeded {
        let found = response.responses.into_iter().find_map(|answer| match answer.response {
            Some(Answer::ResponseRange(range)) => range.kvs.into_iter().next(),
            _ => None,
        });
        revision = found.map_or(revision, |kv| kv.create_revision);
    }
    Ok(Place { prefix, key, revision })
}

/// A condition: the key was created at this revision; 0 means that it does not exist.
pub(crate) fn created_at(key: &Bytes, revision: i64) -> Compare {
    Compare {
        result: CompareResult::Equal.into(),
        target: CompareTarget::Create.into(),
        key: key.clone(),
        range_end: Bytes::new(),
        target_union: Some(TargetUnion::CreateRevision(revision)),
    }
}

/// Waits until everybody before us has left, and makes sure that we did not lose our own place
/// meanwhile.
///
/// # Errors
/// Our key is gone: the lease ran out while waiting.
pub(crate) async fn reach_front(
    member: &Member,
    caller: &Caller,
    place: &Place,
) -> Result<(), Status> {
    while let Some(before) = last_before(member, caller, place).await? {
        watching::deleted(member, &before.key, before.mod_revision + 1).await?;
    }
    // E24, Jepsen's finding in etcd 3.4.3: waiting takes time, and leases run out.
    if member.host.defects.has("E24") {
        return Ok(());
    }
    let get = RangeRequest { key: place.key.clone(), ..Default::default() };
    let ours = member.range(caller, &get).await?;
    match ours.kvs.first() {
        Some(kv) if kv.create_revision == place.revision => Ok(()),
        Some(_) | None => Err(Status::unknown("mutex: session is expired")),
    }
}

async fn last_before(
    member: &Member,
    caller: &Caller,
    place: &Place,
) -> Result<Option<KeyValue>, Status> {
    let request = RangeRequest {
        sort_order: SortOrder::Descend.into(),
        sort_target: SortTarget::Create.into(),
        limit: 1,
        max_create_revision: place.revision - 1,
        ..under(&place.prefix)
    };
    Ok(member.range(caller, &request).await?.kvs.into_iter().next())
}

/// All keys under a prefix.
pub(crate) fn under(prefix: &Bytes) -> RangeRequest {
    RangeRequest { key: prefix.clone(), range_end: prefix_end(prefix), ..Default::default() }
}

/// The first key after all that start with the prefix; `\0`, meaning no end, if there is none.
pub(crate) fn prefix_end(prefix: &[u8]) -> Bytes {
    match prefix.iter().rposition(|byte| *byte < 0xff) {
        Some(at) => {
            let mut end = BytesMut::from(&prefix[..=at]);
            end[at] += 1;
            end.freeze()
        }
        None => Bytes::from_static(b"\0"),
    }
}
