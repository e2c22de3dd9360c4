//! The key index, rebuilt from the rows of table Key.

use super::{
    Keys, decode,
    history::{History, Version},
    malformed,
    revision::Revision,
};
use crate::{
    backend::{Backend, database::size},
    batch::Table,
    error::StoreError,
    meta,
};
use bytes::Bytes;
use etcd_api::mvccpb::KeyValue;
use host::Defects;
use std::collections::BTreeMap;

/// Which keys hang on which lease, as the newest revisions say.
pub(crate) type LeasedKeys = BTreeMap<Bytes, i64>;

impl Keys {
    /// Reads all rows; blocking.
    pub(crate) fn restore(
        backend: &mut Backend,
        defects: &Defects,
    ) -> Result<(Self, LeasedKeys), StoreError> {
        let mut keys = Self::default();
        let mut leased = LeasedKeys::new();
        let mut bytes = 0;
        backend.visit_keys(|row, value| {
            bytes += size(row, value);
            let (revision, tombstone) = Revision::from_row(row).ok_or_else(|| malformed(row))?;
            let kv = decode(row, Bytes::copy_from_slice(value))?;
            keys.revision = revision.main;
            match tombstone {
                true => keys.restore_tombstone(&kv, revision),
                false => keys.restore_put(&kv, revision),
            }
            if kv.lease != 0 {
                leased.insert(kv.key, kv.lease);
            } else if !leased.is_empty() {
                leased.remove(&kv.key);
            }
            Ok(())
        })?;
        backend.count_key_bytes(bytes);
        let marks = meta::compactions(&backend.rows(Table::Meta)?)?;
        keys.compacted = marks.finished;
        if marks.scheduled > marks.finished {
            keys.schedule(marks.scheduled);
        }
        // The newest revisions may all have been compacted away. E06, #17780: only a finished
        // compaction is considered.
        let reached = if defects.has("E06") { marks.finished } else { keys.compacted };
        keys.revision = keys.revision.max(reached);
        Ok((keys, leased))
    }

    fn restore_put(&mut self, kv: &KeyValue, revision: Revision) {
        match self.index.get_mut(&kv.key[..]) {
            Some(history) => {
                self.alive += u64::from(history.at(i64::MAX).is_none());
                history.put(revision);
            }
            None => {
                let (created, version) = (kv.create_revision, kv.version);
                let version = Version { modified: revision, created, version };
                self.index.insert((&kv.key[..]).into(), History::from_put(version));
                self.alive += 1;
            }
        }
    }

    fn restore_tombstone(&mut self, kv: &KeyValue, revision: Revision) {
        match self.index.get_mut(&kv.key[..]) {
            Some(history) => self.alive -= u64::from(history.delete(revision)),
            None => {
                let history = History::from_tombstone(revision);
                self.index.insert((&kv.key[..]).into(), history);
            }
        }
    }
}
