//! Keys by revision: the index in memory, what a reader sees, compaction, restoration.
//!
//! The index says which revisions of a key are retained; values are read from the backend. Upstream:
//! server/storage/mvcc.

mod compaction;
mod hash;
mod history;
mod query;
mod range;
mod restore;
mod revision;
mod transaction;
mod write;

pub use hash::KvHash;
pub use range::KeyRange;
pub(crate) use restore::LeasedKeys;
pub use revision::Revision;
pub use transaction::is_read_only;
pub(crate) use write::Write;

use crate::{
    backend::Backend,
    error::{Refused, StoreError},
};
use bytes::Bytes;
use compaction::Compaction;
use etcd_api::{EtcdError, mvccpb::KeyValue};
use history::{History, Version};
use prost::Message;
use std::collections::BTreeMap;

/// All keys.
#[derive(Debug)]
pub(crate) struct Keys {
    index: BTreeMap<Box<[u8]>, History>,
    /// The last finished transaction. A store begins at 1.
    revision: i64,
    /// The last compaction asked for; 0 for none.
    compacted: i64,
    /// Physical deletion under way.
    compaction: Option<Compaction>,
    /// Living keys.
    alive: u64,
}

impl Default for Keys {
    fn default() -> Self {
        let index = BTreeMap::new();
        Self { index, revision: 1, compacted: 0, compaction: None, alive: 0 }
    }
}

impl Keys {
    /// The revision of the last finished transaction.
    pub(crate) fn revision(&self) -> i64 {
        self.revision
    }

    /// Revisions below this one cannot be read any more; 0 when all can.
    pub(crate) fn compacted(&self) -> i64 {
        self.compacted
    }

    /// How many keys are alive.
    pub(crate) fn alive(&self) -> u64 {
        self.alive
    }

    /// The keys of a range that were alive at a revision, in order.
    fn versions<'a>(
        &'a self,
        range: &'a KeyRange,
        at: i64,
    ) -> impl Iterator<Item = (&'a [u8], Version)> {
        let found = range.bounds().map(|bounds| self.index.range::<[u8], _>(bounds));
        found
            .into_iter()
            .flatten()
            .filter_map(move |(key, history)| Some((&key[..], history.at(at)?)))
    }

    /// A key as of a revision. No compaction check: the caller holds a revision that is readable.
    pub(crate) fn get(
        &self,
        backend: &Backend,
        key: &[u8],
        at: i64,
    ) -> Result<Option<KeyValue>, StoreError> {
        match self.index.get(key).and_then(|history| history.at(at)) {
            Some(version) => fetch(backend, version.modified).map(Some),
            None => Ok(None),
        }
    }

    /// Whether a revision can be read, where `now` is the newest one.
    fn check_readable(&self, revision: i64, now: i64) -> Result<(), Refused> {
        if revision > now {
            return Err(EtcdError::FutureRev.into());
        }
        if revision < self.compacted {
            return Err(EtcdError::Compacted.into());
        }
        Ok(())
    }
}

/// Reads the key-value that a put made.
fn fetch(backend: &Backend, revision: Revision) -> Result<KeyValue, StoreError> {
    let key = revision.row(false);
    let row = backend.key_row(&key)?.ok_or_else(|| malformed(&key))?;
    decode(&key, row)
}

pub(crate) fn decode(key: &[u8], row: Bytes) -> Result<KeyValue, StoreError> {
    KeyValue::decode(row).map_err(|_| malformed(key))
}

/// A row of table Key that is missing or that we never wrote.
pub(crate) fn malformed(key: &[u8]) -> StoreError {
    StoreError::Row { table: "key", row: key.escape_ascii().to_string() }
}
