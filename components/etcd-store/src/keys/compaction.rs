//! Compaction: revisions stop being readable at once; their rows are deleted in steps.
//!
//! The mark of the scheduled compaction is staged with the entry that asks for it, so that a restart
//! goes on where a crash stopped it. Upstream: server/storage/mvcc/kvstore_compaction.go.

use super::Keys;
use crate::{backend::Backend, batch::Table, error::Refused, meta};
use etcd_api::EtcdError;
use host::{Host, event};

/// Physical deletion under way.
#[derive(Debug)]
pub(super) struct Compaction {
    at: i64,
    /// The first key not looked at yet; `None` once all were.
    next: Option<Box<[u8]>>,
}

impl Keys {
    /// Compacts up to a revision, which itself stays readable.
    ///
    /// # Errors
    /// [`EtcdError::Compacted`] and [`EtcdError::FutureRev`].
    pub(crate) fn compact(&mut self, backend: &mut Backend, at: i64) -> Result<(), Refused> {
        if at <= self.compacted {
            return Err(EtcdError::Compacted.into());
        }
        if at > self.revision {
            return Err(EtcdError::FutureRev.into());
        }
        self.schedule(at);
        meta::stage_scheduled(&mut backend.entry, at);
        Ok(())
    }

    /// Starts over for a later revision: what is left of an earlier compaction is part of it.
    pub(super) fn schedule(&mut self, at: i64) {
        self.compacted = at;
        self.compaction = Some(Compaction { at, next: Some(Box::default()) });
    }

    /// True while rows wait for their deletion.
    pub(crate) fn is_compacting(&self) -> bool {
        self.compaction.is_some()
    }

    /// Looks at up to `limit` keys and stages the deletion of their compacted rows. True when more
    /// is to do. The mark of completion has a step of its own, after the last deletion.
    pub(crate) fn compact_step(
        &mut self,
        host: &Host,
        backend: &mut Backend,
        limit: usize,
    ) -> bool {
        let Some(compaction) = &mut self.compaction else { return false };
        let at = compaction.at;
        let Some(from) = compaction.next.take() else {
            host.point("compaction/before-finished");
            meta::stage_finished(backend.outside_entry(), at);
            self.compaction = None;
            event!(host, Fact, "etcd/compact", revision = at);
            return false;
        };
        let staged = backend.outside_entry();
        // E06 is of the time before #18089 was solved, and needs what that did.
        let drop_tombstone = host.defects.has("E07") || host.defects.has("E06");
        let mut gone = Vec::new();
        for (visited, (key, history)) in self.index.range_mut(from..).enumerate() {
            if visited == limit {
                compaction.next = Some(key.clone());
                break;
            }
            let left = history.compact(at, drop_tombstone, |revision, tombstone| {
                staged.delete(Table::Key, revision.row(tombstone));
            });
            if !left {
                gone.push(key.clone());
            }
        }
        for key in gone {
            self.index.remove(&key);
        }
        host.point("compaction/after-step");
        true
    }
}
