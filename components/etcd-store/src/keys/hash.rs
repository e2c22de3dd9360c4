//! Hashes by which members compare their keys.
//!
//! Like upstream's HashKV (server/storage/mvcc/hash.go) it covers every revision that a member must
//! still have, whether or not its compaction has deleted the others yet. The function is ours.

use super::{Keys, malformed, revision::Revision};
use crate::{
    backend::Backend,
    error::{Refused, StoreError},
};
use bytes::Bytes;
use etcd_api::EtcdError;

/// Rows read at a time.
const CHUNK: usize = 1_000;

/// A hash and what it was taken over.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct KvHash {
    /// CRC-32C of all retained revisions up to `hash_revision`.
    pub hash: u32,
    /// The revision asked for, or the newest.
    pub hash_revision: i64,
    /// The newest revision.
    pub revision: i64,
    /// The compaction that decides what is retained; −1 for none, as upstream's.
    pub compact_revision: i64,
}

impl Keys {
    /// Hashes all revisions up to `at`, or all if 0; reads them from the backend. The compacted
    /// revision itself can be hashed, as upstream since 3.5 allows.
    pub(crate) fn hash(&self, backend: &Backend, at: i64) -> Result<KvHash, Refused> {
        if at > 0 && at < self.compacted {
            return Err(EtcdError::Compacted.into());
        }
        if at > self.revision {
            return Err(EtcdError::FutureRev.into());
        }
        let at = if at > 0 { at } else { self.revision };
        let mut hash = 0;
        self.rows(backend, 0, at, |row, value| {
            let (revision, tombstone) = Revision::from_row(row).ok_or_else(|| malformed(row))?;
            if revision.main > self.compacted
                || self.is_kept(row, value, at, revision, tombstone)?
            {
                hash = crc32c::crc32c_append(crc32c::crc32c_append(hash, row), value);
            }
            Ok(())
        })?;
        let compact_revision = if self.compacted == 0 { -1 } else { self.compacted };
        Ok(KvHash { hash, hash_revision: at, revision: self.revision, compact_revision })
    }

    /// A compacted revision is retained while it is what a reader at `at` sees.
    fn is_kept(
        &self,
        row: &[u8],
        value: &Bytes,
        at: i64,
        revision: Revision,
        tombstone: bool,
    ) -> Result<bool, StoreError> {
        let key = super::decode(row, value.clone())?.key;
        let found = self.index.get(&key[..]).and_then(|history| history.at(at));
        Ok(!tombstone && found.is_some_and(|version| version.modified == revision))
    }

    /// Calls `each` with the rows of revisions `from..=to`, in order.
    pub(crate) fn rows(
        &self,
        backend: &Backend,
        from: i64,
        to: i64,
        mut each: impl FnMut(&Bytes, &Bytes) -> Result<(), StoreError>,
    ) -> Result<(), StoreError> {
        let end = Revision { main: to + 1, sub: 0 }.row(false);
        let mut next = Revision { main: from, sub: 0 }.row(false);
        loop {
            let rows = backend.key_rows(&next, &end, CHUNK)?;
            for (row, value) in &rows {
                each(row, value)?;
            }
            let Some((last, _)) = rows.last().filter(|_| rows.len() == CHUNK) else {
                return Ok(());
            };
            next = [&last[..], &[0]].concat().into();
        }
    }
}
