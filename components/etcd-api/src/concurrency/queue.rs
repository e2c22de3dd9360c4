//! The queue under locks and elections: keys with one prefix, in the order of their creation.

use super::{RecipeError, Session};
use crate::{
    client::{Client, compare, op},
    etcdserverpb::{
        PutRequest, RangeRequest, RangeResponse, TxnResponse,
        compare::CompareResult,
        range_request::{SortOrder, SortTarget},
        response_op::Response,
    },
    mvccpb::{KeyValue, event::EventType},
};
use bytes::Bytes;

/// A place in the queue.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) struct Place {
    pub(super) key: Bytes,
    /// The revision of the key's creation, which is its rank.
    pub(super) revision: i64,
}

/// What was there when a place was taken.
pub(super) struct Taken {
    pub(super) place: Place,
    /// The first in the queue; none if that is the place itself.
    pub(super) first: Option<KeyValue>,
    /// The place was taken before, by the same session, with this content.
    pub(super) before: Option<KeyValue>,
}

impl Taken {
    pub(super) fn is_first(&self) -> bool {
        self.first.as_ref().is_none_or(|first| first.create_revision == self.place.revision)
    }
}

/// Takes a place, or finds the one this session has.
pub(super) async fn take(
    session: &Session,
    prefix: &str,
    value: Bytes,
) -> Result<Taken, RecipeError> {
    let lease = session.lease();
    let key = Bytes::from(format!("{prefix}{lease:x}"));
    let put = PutRequest { lease, ..op::put(key.clone(), value) };
    let absent = compare::create_revision(key.clone(), CompareResult::Equal, 0);
    let txn = session.client().txn().when([absent]).then(put).then(first(prefix));
    let answer = txn.or_else(op::get(key.clone())).or_else(first(prefix)).commit().await?;
    let first = range_of(&answer, 1).and_then(|range| range.kvs.first().cloned());
    let before = match answer.succeeded {
        true => None,
        false => range_of(&answer, 0).and_then(|range| range.kvs.first().cloned()),
    };
    let created = answer.header.as_ref().map_or(0, |header| header.revision);
    let revision = before.as_ref().map_or(created, |kv| kv.create_revision);
    Ok(Taken { place: Place { key, revision }, first, before })
}

fn range_of(answer: &TxnResponse, place: usize) -> Option<&RangeResponse> {
    match answer.responses.get(place)?.response.as_ref()? {
        Response::ResponseRange(range) => Some(range),
        Response::ResponsePut(_) | Response::ResponseDeleteRange(_) | Response::ResponseTxn(_) => {
            None
        }
    }
}

/// Reads the first in the queue.
pub(super) fn first(prefix: &str) -> RangeRequest {
    RangeRequest {
        limit: 1,
        sort_target: SortTarget::Create.into(),
        sort_order: SortOrder::Ascend.into(),
        ..op::prefix(prefix.to_owned())
    }
}

/// Waits until everybody before the place has left, then makes sure that the place is still ours.
pub(super) async fn wait_for_turn(
    client: &Client,
    prefix: &str,
    place: &Place,
) -> Result<(), RecipeError> {
    wait_deletes(client, prefix, place.revision - 1).await?;
    // E24, etcd #11456: our own lease may have ended while we waited for the others'.
    if client.host().defects.has("E24") {
        return Ok(());
    }
    let own = client.get(op::get(place.key.clone())).await?;
    match own.kvs.first() {
        Some(kv) if kv.create_revision == place.revision => Ok(()),
        Some(_) | None => Err(RecipeError::SessionExpired),
    }
}

/// Waits for the deletion of all keys created up to a revision (upstream's `waitDeletes`).
async fn wait_deletes(
    client: &Client,
    prefix: &str,
    max_create_revision: i64,
) -> Result<(), RecipeError> {
    loop {
        let last = RangeRequest {
            limit: 1,
            sort_target: SortTarget::Create.into(),
            sort_order: SortOrder::Descend.into(),
            max_create_revision,
            ..op::prefix(prefix.to_owned())
        };
        let found = client.get(last).await?;
        let Some(kv) = found.kvs.first() else { return Ok(()) };
        let revision = found.header.as_ref().map_or(0, |header| header.revision);
        wait_delete(client, kv.key.clone(), revision + 1).await?;
    }
}

/// Waits for the deletion of a key that was there before `revision`.
async fn wait_delete(client: &Client, key: Bytes, revision: i64) -> Result<(), RecipeError> {
    let mut watch = op::watch(key);
    watch.start_revision = revision;
    let mut watcher = client.watch(watch);
    while let Some(response) = watcher.next().await {
        let events = response?.events;
        if events.iter().any(|event| event.r#type() == EventType::Delete) {
            return Ok(());
        }
    }
    // The watch ended without saying why: look again.
    Ok(())
}
