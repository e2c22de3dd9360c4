//! What goes to disk, as jobs that the owner carries out, and the deletion of compacted revisions.

use super::Store;
use crate::{
    backend::{Commit, CommitDone, Defragment, DefragmentDone, Pending},
    error::StoreError,
    files::SnapshotJob,
};
use host::Disk;

impl Store {
    /// What waits for a commit.
    pub fn pending(&self) -> Pending {
        self.backend.pending()
    }

    /// Takes what is staged to be committed; `None` when nothing is, or a job is under way.
    ///
    /// # Errors
    /// An earlier commit failed: the member must stop.
    pub fn begin_commit(&mut self) -> Result<Option<Commit>, StoreError> {
        self.backend.begin_commit()
    }

    /// Brings a commit home.
    ///
    /// # Errors
    /// The commit's own: the member must stop.
    pub fn end_commit(&mut self, done: CommitDone) -> Result<(), StoreError> {
        self.backend.end_commit(done)
    }

    /// Commits in place; blocking. For the end of a member's life, and for tests.
    ///
    /// # Errors
    /// As for [`Store::end_commit`].
    pub fn commit(&mut self) -> Result<(), StoreError> {
        match self.begin_commit()? {
            Some(job) => self.end_commit(job.run()),
            None => Ok(()),
        }
    }

    /// Takes what a defragmentation needs; entries may be applied while it runs.
    ///
    /// # Errors
    /// [`StoreError::Busy`] while another job is under way.
    pub fn begin_defragment(&mut self) -> Result<Defragment, StoreError> {
        self.backend.begin_defragment()
    }

    /// Puts the rewritten file in place; blocking, but short.
    ///
    /// # Errors
    /// [`StoreError::Replaced`] when a snapshot was installed meanwhile; else the member must stop.
    pub fn end_defragment(
        &mut self,
        disk: &dyn Disk,
        done: DefragmentDone,
    ) -> Result<(), StoreError> {
        self.backend.end_defragment(disk, done)
    }

    /// Takes what a snapshot needs: it will hold what is committed by now, not what is staged.
    ///
    /// # Errors
    /// An earlier commit failed: the member must stop.
    pub fn begin_snapshot(&mut self) -> Result<SnapshotJob, StoreError> {
        self.snapshots += 1;
        let path = format!("{}/snapshot-{}.tmp", self.dir, self.snapshots);
        SnapshotJob::new(&self.host, &self.backend, path, self.cache_bytes)
    }

    /// True while compacted revisions wait for their deletion.
    pub fn is_compacting(&self) -> bool {
        self.keys.is_compacting()
    }

    /// Deletes compacted revisions of up to `limit` keys (upstream: 1,000 every 10 ms). True when
    /// more is to do.
    pub fn compact_step(&mut self, limit: usize) -> bool {
        self.keys.compact_step(&self.host, &mut self.backend, limit)
    }
}
