//! Objects in etcd: one key each, every write guarded by the revision that it was decided on.
//!
//! Upstream: apiserver/pkg/storage/etcd3/store.go.

use crate::{failure::Failure, metrics::StorageMetrics, object};
use bytes::Bytes;
use etcd_api::mvccpb::KeyValue;
use etcd_api::{
    EtcdError,
    client::{Client, Watcher, compare, op},
    etcdserverpb::{self as pb, RangeRequest, compare::CompareResult, response_op::Response},
};
use host::Instant;
use tonic::{Code, Status};

/// Objects that one range brings at most where no limit is asked for.
const PAGE_MAX: i64 = 10_000;

/// An object as it is stored.
#[derive(Clone, PartialEq, Eq, Debug)]
pub(crate) struct Stored {
    /// The whole key.
    pub(crate) key: Bytes,
    /// See [`object`].
    pub(crate) bytes: Bytes,
    /// Of the last change.
    pub(crate) revision: u64,
}

impl Stored {
    fn of(kv: KeyValue) -> Self {
        Self { key: kv.key, bytes: kv.value, revision: revision(kv.mod_revision) }
    }

    /// What clients are sent.
    pub(crate) fn served(&self) -> Bytes {
        object::with_revision(&self.bytes, self.revision)
    }
}

/// Some objects of a range, in order of their keys.
#[derive(Clone, PartialEq, Eq, Debug)]
pub(crate) struct Page {
    pub(crate) objects: Vec<Stored>,
    /// At which all of them were read.
    pub(crate) revision: u64,
    /// How many follow in the range.
    pub(crate) remaining: u64,
}

/// Why a write was not done.
#[derive(Clone, PartialEq, Debug)]
pub(crate) enum Refused {
    /// The guard did not hold; what there is now, if anything.
    Changed(Option<Stored>),
    /// The storage failed. Whether the write happened may not be known.
    Failed(Failure),
}

/// A cluster's objects. Cheap to clone.
#[derive(Clone, Debug)]
pub(crate) struct Storage {
    client: Client,
    /// For watches.
    watcher: Client,
    prefix: String,
    metrics: StorageMetrics,
}

impl Storage {
    /// `prefix` is upstream's `--etcd-prefix`, such as `/registry`.
    pub(crate) fn new(client: Client, prefix: &str, metrics: StorageMetrics) -> Self {
        let prefix = prefix.trim_end_matches('/').into();
        let with_leader = client.clone().with_require_leader();
        // K02 (kubernetes #89488): a watch on a member without a leader stands still and says nothing.
        let blind = client.host().defects.has("K02");
        let watcher = if blind { client } else { with_leader.clone() };
        Self { client: with_leader, watcher, prefix, metrics }
    }

    /// The key of an object, or the common beginning of many, ending in `/`.
    pub(crate) fn key(&self, path: &str) -> String {
        format!("{}/{path}", self.prefix)
    }

    /// A key, or the beginning of some, without what all have in common.
    pub(crate) fn path<'a>(&self, key: &'a str) -> &'a str {
        key.strip_prefix(&self.prefix).unwrap_or(key).trim_start_matches('/')
    }

    /// A request that began then has ended.
    fn measure(&self, operation: &str, key: &str, began: Instant, good: bool) {
        let took = self.client.host().now().since(began);
        self.metrics.request(operation, self.path(key), good, took);
    }

    /// Reads one object; linearizable.
    pub(crate) async fn get(&self, key: &str) -> Result<Option<Stored>, Failure> {
        let began = self.client.host().now();
        let response = self.client.get(op::get(key.to_owned())).await;
        self.measure("get", key, began, response.is_ok());
        let response = response.map_err(failure)?;
        Ok(response.kvs.into_iter().next().map(Stored::of))
    }

    /// The cluster's revision; linearizable.
    pub(crate) async fn revision(&self) -> Result<u64, Failure> {
        let request = RangeRequest { count_only: true, ..op::get(self.key("compact_rev_key")) };
        let response = self.client.get(request).await.map_err(failure)?;
        Ok(header_revision(response.header.as_ref()))
    }

    /// Reads a part of a range: keys that begin with `prefix`, from `after` on, at `revision` or at
    /// the newest where it is zero; at most `limit` where it is not zero.
    pub(crate) async fn list(
        &self,
        prefix: &str,
        after: Option<&str>,
        limit: u64,
        revision: u64,
    ) -> Result<Page, Failure> {
        let whole = op::prefix(prefix.to_owned());
        let mut request = RangeRequest {
            limit: i64::try_from(limit).unwrap_or(i64::MAX),
            revision: i64::try_from(revision).unwrap_or(i64::MAX),
            ..whole
        };
        if let Some(after) = after {
            request.key = Bytes::copy_from_slice(after.as_bytes());
        }
        let unlimited = limit == 0;
        if unlimited {
            request.limit = PAGE_MAX;
        }
        let mut page = Page { objects: Vec::new(), revision, remaining: 0 };
        loop {
            let began = self.client.host().now();
            let response = self.client.get(request.clone()).await;
            self.measure("list", prefix, began, response.is_ok());
            let response = response.map_err(failure)?;
            if request.revision == 0 {
                page.revision = header_revision(response.header.as_ref());
                // What follows is read as of the same revision.
                request.revision = i64::try_from(page.revision).unwrap_or(i64::MAX);
            }
            let count = response.kvs.len();
            self.metrics.listed(self.path(prefix), count);
            page.remaining = u64::try_from(response.count).unwrap_or(0) - count as u64;
            page.objects.extend(response.kvs.into_iter().map(Stored::of));
            let Some(last) = page.objects.last().filter(|_| unlimited && response.more) else {
                return Ok(page);
            };
            request.key = [&last.key[..], b"\0"].concat().into();
        }
    }

    /// Writes a new object; returns its revision.
    pub(crate) async fn create(
        &self,
        key: &str,
        bytes: Vec<u8>,
        lease: i64,
    ) -> Result<u64, Refused> {
        let put = pb::PutRequest { lease, ..op::put(key.to_owned(), bytes) };
        self.write_if("create", key, 0, put).await
    }

    /// Replaces the object that has `revision`, zero: none; returns the new revision.
    pub(crate) async fn put_if(
        &self,
        key: &str,
        revision: u64,
        bytes: Vec<u8>,
        lease: i64,
    ) -> Result<u64, Refused> {
        let put = pb::PutRequest { lease, ..op::put(key.to_owned(), bytes) };
        self.write_if("update", key, revision, put).await
    }

    /// Removes the object that has `revision`; returns the revision of the removal.
    pub(crate) async fn delete_if(&self, key: &str, revision: u64) -> Result<u64, Refused> {
        self.write_if("delete", key, revision, op::delete(key.to_owned())).await
    }

    async fn write_if(
        &self,
        operation: &str,
        key: &str,
        revision: u64,
        write: impl Into<pb::RequestOp>,
    ) -> Result<u64, Refused> {
        let expected = i64::try_from(revision).unwrap_or(i64::MAX);
        let guard = compare::mod_revision(key.to_owned(), CompareResult::Equal, expected);
        let work =
            self.client.txn().when([guard]).then(write).or_else(op::get(key.to_owned())).commit();
        let began = self.client.host().now();
        let response = work.await;
        self.measure(operation, key, began, response.is_ok());
        let response = response.map_err(|status| Refused::Failed(failure(status)))?;
        if response.succeeded {
            return Ok(header_revision(response.header.as_ref()));
        }
        let found = response.responses.into_iter().find_map(|one| match one.response {
            Some(Response::ResponseRange(range)) => range.kvs.into_iter().next(),
            _ => None,
        });
        Err(Refused::Changed(found.map(Stored::of)))
    }

    /// Changes of the keys that begin with `prefix`, from `from` on, each with what was before it,
    /// and progress in between.
    pub(crate) fn watch(&self, prefix: &str, from: u64) -> Watcher {
        self.watcher.watch(pb::WatchCreateRequest {
            start_revision: i64::try_from(from).unwrap_or(i64::MAX),
            prev_kv: true,
            progress_notify: true,
            ..op::watch_prefix(prefix.to_owned())
        })
    }

    /// A lease for objects that are to vanish by themselves.
    pub(crate) async fn lease(&self, seconds: i64) -> Result<i64, Failure> {
        Ok(self.client.grant(seconds, 0).await.map_err(failure)?.id)
    }
}

/// Revisions are never negative.
pub(crate) fn revision(number: i64) -> u64 {
    u64::try_from(number).unwrap_or(0)
}

fn header_revision(header: Option<&pb::ResponseHeader>) -> u64 {
    header.map_or(0, |header| revision(header.revision))
}

/// What clients are told of etcd's refusals.
fn failure(status: Status) -> Failure {
    match EtcdError::from_status(&status) {
        Some(EtcdError::Compacted) => Failure::expired(
            "The provided continue parameter is too old to display a consistent list result. You \
             can start a new list without the continue parameter, or use the continue token in \
             this response to retrieve the remainder of the results.",
        ),
        Some(error) => Failure::internal(error),
        None if matches!(status.code(), Code::Unavailable | Code::DeadlineExceeded) => {
            Failure::unavailable(status.message())
        }
        None => Failure::internal(status.message()),
    }
}
