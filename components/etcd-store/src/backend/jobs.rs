//! Blocking work on the file, as values that a disk job carries out: commit, defragment, snapshot.
//!
//! `begin_…` takes what the job needs, `run` blocks, `end_…` brings the result home. Entries are
//! applied meanwhile and stage their writes; only one job may be under way, snapshots aside.

use super::{
    Backend, Keys, OpenFile,
    database::{self, Db, disk_fault},
};
use crate::{
    batch::{Batch, Table},
    error::StoreError,
    meta,
};
use host::{Disk, Host, Open, event};
use redb::ReadTransaction;
use std::sync::Arc;

/// One transaction about to be written.
#[derive(Debug)]
pub struct Commit {
    host: Host,
    db: Db,
    batch: Arc<Batch>,
    generation: u64,
    index: u64,
}

/// How a commit went.
#[derive(Debug)]
pub struct CommitDone {
    generation: u64,
    index: u64,
    grown: Result<i64, StoreError>,
}

impl Commit {
    /// Writes and syncs; blocking.
    pub fn run(self) -> CommitDone {
        self.host.point("backend/before-commit");
        let grown = self.db.write(&self.batch);
        self.host.point("backend/after-commit");
        CommitDone { generation: self.generation, index: self.index, grown }
    }
}

/// A rewrite of the file without the holes that deletions left.
#[derive(Debug)]
pub struct Defragment {
    commit: Commit,
    target: String,
    cache_bytes: usize,
}

/// How a defragmentation went, up to the exchange of files.
#[derive(Debug)]
pub struct DefragmentDone {
    commit: CommitDone,
    target: String,
    copied: Result<(), StoreError>,
}

impl Defragment {
    /// Commits what was staged, then copies all rows to a new file; blocking.
    pub fn run(self, disk: &dyn Disk) -> DefragmentDone {
        let Self { commit, target, cache_bytes } = self;
        let (host, db) = (commit.host.clone(), commit.db.clone());
        let commit = commit.run();
        host.point("backend/before-defragment");
        // A file left by a crash must not be merged into this one (#11613 and its like).
        let how = if host.defects.has("E14c") { Open::Create } else { Open::Truncate };
        let copied = match &commit.grown {
            Ok(_) => {
                db.read().and_then(|view| database::copy(&view, disk, &target, how, cache_bytes))
            }
            Err(error) => Err(error.clone()),
        };
        DefragmentDone { commit, target, copied }
    }
}

/// A stable view of the committed rows, for a snapshot.
pub(crate) fn snapshot_view(backend: &Backend) -> Result<ReadTransaction, StoreError> {
    backend.file()?.db.read()
}

impl Backend {
    /// Takes what is staged to be committed; `None` when nothing is, or a job is under way.
    pub(crate) fn begin_commit(&mut self) -> Result<Option<Commit>, StoreError> {
        self.file()?;
        if self.busy || self.staged.is_empty() {
            return Ok(None);
        }
        self.take_commit().map(Some)
    }

    fn take_commit(&mut self) -> Result<Commit, StoreError> {
        let db = self.file()?.db.clone();
        let batch = Arc::new(std::mem::take(&mut self.staged));
        self.staged.absorb(&mut self.entry);
        self.in_flight = Some(batch.clone());
        self.busy = true;
        let (generation, index) = (self.generation, self.applied.index);
        Ok(Commit { host: self.host.clone(), db, batch, generation, index })
    }

    /// Brings a commit home.
    ///
    /// # Errors
    /// The commit's own: from now on the backend refuses everything.
    pub(crate) fn end_commit(&mut self, done: CommitDone) -> Result<(), StoreError> {
        if done.generation != self.generation {
            // The file it wrote to was replaced by an installed snapshot: nothing is lost.
            return Ok(());
        }
        self.busy = false;
        let grown = done.grown.inspect_err(|error| self.failed = Some(error.clone()))?;
        self.stored += grown;
        self.durable = done.index;
        let db = self.file()?.db.clone();
        self.open = Some(OpenFile { keys: Keys(db.reader(Table::Key)?), db });
        self.in_flight = None;
        event!(self.host, Fact, "etcd/commit", index = self.durable);
        Ok(())
    }

    /// Takes what a defragmentation needs.
    ///
    /// # Errors
    /// [`StoreError::Busy`] while another job is under way.
    pub(crate) fn begin_defragment(&mut self) -> Result<Defragment, StoreError> {
        if self.busy {
            return Err(StoreError::Busy);
        }
        if self.host.defects.has("E03a") {
            // #14685: defragmentation commits without the hook that adds the consistent index.
            meta::forget_position(&mut self.staged);
        }
        let target = format!("{}.tmp", self.path);
        Ok(Defragment { commit: self.take_commit()?, target, cache_bytes: self.cache_bytes })
    }

    /// Puts the rewritten file in place of the old one; blocking, but short.
    ///
    /// # Errors
    /// [`StoreError::Replaced`] when a snapshot was installed meanwhile: the copy is dropped, as
    /// it is of the old file. Whatever the disk says; the old file stays in use where it can.
    pub(crate) fn end_defragment(
        &mut self,
        disk: &dyn Disk,
        done: DefragmentDone,
    ) -> Result<(), StoreError> {
        let stale = done.commit.generation != self.generation;
        // E14b, #20271: the copy of the old file replaces the snapshot just installed.
        if stale && !self.host.defects.has("E14b") {
            disk.remove(&done.target).map_err(disk_fault(&done.target))?;
            return Err(StoreError::Replaced);
        }
        self.end_commit(done.commit)?;
        done.copied?;
        self.host.point("backend/before-defragment-rename");
        self.close();
        disk.rename(&done.target, &self.path).map_err(disk_fault(&self.path))?;
        sync_parent(disk, &self.path)?;
        self.attach(disk)
    }
}

/// Makes a rename within the directory of `path` durable.
pub(crate) fn sync_parent(disk: &dyn Disk, path: &str) -> Result<(), StoreError> {
    let dir = path.rsplit_once('/').map_or("", |(dir, _)| dir);
    disk.sync_dir(dir).map_err(disk_fault(path))
}
