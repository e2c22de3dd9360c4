//! Durable rows under staged writes: what is applied is seen at once and is on disk after a commit.
//!
//! Reads look at the entry being applied, then at what is staged, at the batch being committed, and
//! at last into the file. A commit is one transaction that holds whole entries and the consistent
//! index of the last of them.

pub(crate) mod database;
mod file;
mod jobs;
mod merge;

pub(crate) use database::disk_fault;
pub(crate) use file::write_again;
pub use jobs::{Commit, CommitDone, Defragment, DefragmentDone};
pub(crate) use jobs::{snapshot_view, sync_parent};

use crate::{
    batch::{Batch, Table},
    error::StoreError,
    meta,
    row::Row,
};
use bytes::Bytes;
use database::{Db, RowReader, fault};
use file::Gate;
use host::{Host, Open};
use std::sync::Arc;

/// The file and everything not yet in it.
#[derive(Debug)]
pub(crate) struct Backend {
    host: Host,
    path: String,
    cache_bytes: usize,
    /// `None` while the file is being replaced, and after the end.
    open: Option<OpenFile>,
    gate: Gate,
    /// The writes of the entry being applied: merged into `staged` at its end.
    pub(crate) entry: Batch,
    staged: Batch,
    in_flight: Option<Arc<Batch>>,
    /// Which file this is: a job begun on an earlier one must not touch this one.
    generation: u64,
    busy: bool,
    failed: Option<StoreError>,
    /// Bytes of all rows in the file.
    stored: i64,
    applied: Position,
    durable: u64,
}

#[derive(Debug)]
struct OpenFile {
    db: Db,
    /// Rows of [`Table::Key`] as of the last finished commit.
    keys: Keys,
}

struct Keys(RowReader);

impl std::fmt::Debug for Keys {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.write_str("Keys")
    }
}

/// How far the log has been applied.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct Position {
    /// The last entry applied.
    pub index: u64,
    /// Its term.
    pub term: u64,
}

/// What waits for a commit.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct Pending {
    /// Staged writes.
    pub writes: usize,
    /// Their bytes, at most.
    pub bytes: usize,
}

impl Backend {
    /// Opens or creates the file; blocking.
    pub(crate) fn open(host: &Host, path: &str, cache_bytes: usize) -> Result<Self, StoreError> {
        let mut backend = Self {
            host: host.clone(),
            path: path.to_owned(),
            cache_bytes,
            open: None,
            gate: Gate::default(),
            entry: Batch::default(),
            staged: Batch::default(),
            in_flight: None,
            generation: 0,
            busy: false,
            failed: None,
            stored: 0,
            applied: Position::default(),
            durable: 0,
        };
        backend.reopen(host.disk.clone().as_ref())?;
        Ok(backend)
    }

    /// Opens the file that now stands at the path, forgetting all that was staged.
    pub(crate) fn reopen(&mut self, disk: &dyn host::Disk) -> Result<(), StoreError> {
        self.entry = Batch::default();
        self.staged = Batch::default();
        self.in_flight = None;
        self.busy = false;
        self.failed = None;
        self.attach(disk)?;
        self.stored = 0;
        for table in Table::ALL.into_iter().filter(|table| *table != Table::Key) {
            self.stored += self.file()?.db.stored_bytes(table)?;
        }
        self.applied = meta::position(&self.rows(Table::Meta)?)?;
        self.durable = self.applied.index;
        Ok(())
    }

    /// Opens the file at the path in place of the one that was open.
    fn attach(&mut self, disk: &dyn host::Disk) -> Result<(), StoreError> {
        self.open = None;
        let gate = self.gate.clone();
        let db = Db::open_behind(gate, disk, &self.path, Open::Create, self.cache_bytes)?;
        self.generation += 1;
        self.open = Some(OpenFile { keys: Keys(db.reader(Table::Key)?), db });
        Ok(())
    }

    /// Closes the file, so that another may take its name.
    pub(crate) fn close(&mut self) {
        self.open = None;
    }

    /// Closes the file for good: cleanly, or as a crash would leave it. Whoever still reads or
    /// writes it is refused from now on.
    pub(crate) fn end(&mut self, clean: bool) {
        if !clean {
            self.gate.shut();
        }
        self.open = None;
        self.gate.shut();
    }

    /// The scan that rebuilds the key index counts the rows of [`Table::Key`].
    pub(crate) fn count_key_bytes(&mut self, bytes: i64) {
        self.stored += bytes;
    }

    /// Refuses everything once a commit has failed: what was written since is in doubt.
    fn file(&self) -> Result<&OpenFile, StoreError> {
        match (&self.failed, &self.open) {
            (Some(error), _) => Err(error.clone()),
            (None, Some(open)) => Ok(open),
            (None, None) => Err(self.closed()),
        }
    }

    fn closed(&self) -> StoreError {
        StoreError::Backend { path: self.path.clone(), reason: "closed".to_owned() }
    }

    /// All committed rows of the small tables.
    pub(crate) fn small_rows(&self) -> Result<Vec<Row>, StoreError> {
        let mut all = Vec::new();
        for table in Table::ALL.into_iter().filter(|table| *table != Table::Key) {
            let rows = self.rows(table)?.into_iter();
            all.extend(rows.map(|(key, value)| (table, key, value)));
        }
        Ok(all)
    }

    /// All committed rows of a small table.
    pub(crate) fn rows(&self, table: Table) -> Result<Vec<(Bytes, Bytes)>, StoreError> {
        let mut rows = Vec::new();
        database::visit(&self.file()?.db.reader(table)?, &self.path, |key, value| {
            rows.push((Bytes::copy_from_slice(key), Bytes::copy_from_slice(value)));
            Ok(())
        })?;
        Ok(rows)
    }

    /// Calls `each` with every committed row of [`Table::Key`], in the order of revisions.
    pub(crate) fn visit_keys(
        &self,
        each: impl FnMut(&[u8], &[u8]) -> Result<(), StoreError>,
    ) -> Result<(), StoreError> {
        database::visit(&self.file()?.keys.0, &self.path, each)
    }

    /// One row of [`Table::Key`], staged or committed.
    pub(crate) fn key_row(&self, revision: &Bytes) -> Result<Option<Bytes>, StoreError> {
        for batch in self.layers() {
            if let Some(staged) = batch.get(Table::Key, revision) {
                return Ok(staged.clone());
            }
        }
        let row = self.file()?.keys.0.get(&revision[..]);
        let row = row.map_err(|error| fault(&self.path)(error.into()))?;
        Ok(row.map(|row| Bytes::copy_from_slice(row.value())))
    }

    /// Staged writes, the newest first.
    fn layers(&self) -> impl Iterator<Item = &Batch> {
        [&self.entry, &self.staged].into_iter().chain(self.in_flight.as_deref())
    }

    /// Up to `limit` rows of [`Table::Key`] in `from..to`, staged ones included.
    pub(crate) fn key_rows(
        &self,
        from: &Bytes,
        to: &Bytes,
        limit: usize,
    ) -> Result<Vec<(Bytes, Bytes)>, StoreError> {
        let layers = self.layers().map(|batch| batch.range(Table::Key, from, to)).collect();
        let stored = self.file()?.keys.0.range(&from[..]..&to[..]);
        merge::merge(layers, database::owned(stored, &self.path)?, limit)
    }

    /// All rows of a table, staged ones included.
    pub(crate) fn all_rows(&self, table: Table) -> Result<Vec<(Bytes, Bytes)>, StoreError> {
        let layers = self.layers().map(|batch| batch.table(table)).collect();
        let reader = self.file()?.db.reader(table)?;
        merge::merge(layers, database::owned(reader.range::<&[u8]>(..), &self.path)?, usize::MAX)
    }

    /// Refuses everything from now on: an entry was applied in part.
    pub(crate) fn fail(&mut self, error: &StoreError) {
        self.failed = Some(error.clone());
    }

    /// Where to stage what no entry asks for, such as the deletion of compacted rows.
    pub(crate) fn outside_entry(&mut self) -> &mut Batch {
        &mut self.staged
    }

    /// Begins an entry. Nothing of an earlier one is left, unless a defect left it.
    pub(crate) fn begin_entry(&mut self) {
        self.staged.absorb(&mut self.entry);
    }

    /// Ends an entry: its writes and its position become one staged unit.
    pub(crate) fn end_entry(&mut self, position: Position, with_position: bool) {
        self.applied = position;
        if !with_position {
            // Only a defect forgets the position of an entry.
            self.staged.absorb(&mut self.entry);
        } else if self.host.defects.has("E01") {
            // #13766: the index is persisted apart from the data; a commit may fall in between.
            meta::stage_position(&mut self.staged, position);
        } else {
            meta::stage_position(&mut self.entry, position);
            self.staged.absorb(&mut self.entry);
        }
    }

    /// How far the log is applied.
    pub(crate) fn applied(&self) -> Position {
        self.applied
    }

    /// The last index that a commit has made durable.
    pub(crate) fn durable_index(&self) -> u64 {
        self.durable
    }

    /// What waits for a commit; nothing while one is under way counts as waiting.
    pub(crate) fn pending(&self) -> Pending {
        Pending { writes: self.staged.len(), bytes: self.staged.bytes() }
    }

    /// Bytes of all rows, staged ones included, at most. Space freed inside the file does not count.
    pub(crate) fn size_in_use(&self) -> i64 {
        let staged = self.staged.bytes() + self.in_flight.as_ref().map_or(0, |batch| batch.bytes());
        self.stored + i64::try_from(staged).unwrap_or(i64::MAX)
    }

    /// Length of the file in bytes; blocking.
    pub(crate) fn size(&self) -> Result<u64, StoreError> {
        let fault = database::disk_fault(&self.path);
        let file = self.host.disk.open(&self.path, Open::Read).map_err(&fault)?;
        file.len().map_err(&fault)
    }
}
