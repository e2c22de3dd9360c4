//! One redb file: opened, written in whole batches, read, copied.

use super::file::{File, Gate, mend};
use crate::{
    batch::{Batch, Table},
    error::StoreError,
};
use bytes::Bytes;
use host::{Disk, Open};
use redb::{
    Builder, Database, ReadOnlyTable, ReadTransaction, ReadableDatabase, ReadableTable,
    TableDefinition,
};
use std::{ops::Bound, sync::Arc};

type Rows = TableDefinition<'static, &'static [u8], &'static [u8]>;
type Writer<'a> = redb::Table<'a, &'static [u8], &'static [u8]>;
pub(crate) type RowReader = ReadOnlyTable<&'static [u8], &'static [u8]>;

/// Rows copied in one transaction, so that a copy needs little memory.
const COPY_ROWS: usize = 10_000;

fn rows(table: Table) -> Rows {
    TableDefinition::new(table.name())
}

/// An open file. Clones share it.
#[derive(Clone, Debug)]
pub(crate) struct Db {
    path: Arc<str>,
    database: Arc<Database>,
}

/// Turns whatever redb says into our error, with the file's name.
pub(crate) fn fault(path: &str) -> impl Fn(redb::Error) -> StoreError + '_ {
    move |error| StoreError::Backend { path: path.to_owned(), reason: error.to_string() }
}

pub(crate) fn disk_fault(path: &str) -> impl Fn(std::io::Error) -> StoreError + '_ {
    move |error| StoreError::Backend { path: path.to_owned(), reason: error.to_string() }
}

impl Db {
    /// Opens or creates a database; blocking. All tables exist afterwards.
    pub(crate) fn open(
        disk: &dyn Disk,
        path: &str,
        how: Open,
        cache_bytes: usize,
    ) -> Result<Self, StoreError> {
        Self::open_behind(Gate::default(), disk, path, how, cache_bytes)
    }

    /// The same, which can be cut off from its file.
    pub(crate) fn open_behind(
        gate: Gate,
        disk: &dyn Disk,
        path: &str,
        how: Open,
        cache_bytes: usize,
    ) -> Result<Self, StoreError> {
        let file = disk.open(path, how).map_err(disk_fault(path))?;
        mend(&*file).map_err(disk_fault(path))?;
        let database = Builder::new()
            .set_cache_size(cache_bytes)
            .create_with_backend(File::new(file, gate))
            .map_err(|error| fault(path)(error.into()))?;
        let db = Self { path: path.into(), database: Arc::new(database) };
        db.create_tables().map_err(fault(path))?;
        Ok(db)
    }

    /// A transaction that changes nothing costs a sync: it is spared where the tables exist.
    fn create_tables(&self) -> Result<(), redb::Error> {
        if self.database.begin_read()?.list_tables()?.count() == Table::ALL.len() {
            return Ok(());
        }
        let transaction = self.database.begin_write()?;
        for table in Table::ALL {
            transaction.open_table(rows(table))?;
        }
        Ok(transaction.commit()?)
    }

    /// A stable view of what is committed.
    pub(crate) fn read(&self) -> Result<ReadTransaction, StoreError> {
        self.database.begin_read().map_err(|error| fault(&self.path)(error.into()))
    }

    /// The committed rows of one table.
    pub(crate) fn reader(&self, table: Table) -> Result<RowReader, StoreError> {
        self.read()?.open_table(rows(table)).map_err(|error| fault(&self.path)(error.into()))
    }

    /// Writes a batch in one durable transaction; returns by how much the stored bytes grew.
    pub(crate) fn write(&self, batch: &Batch) -> Result<i64, StoreError> {
        self.try_write(batch).map_err(fault(&self.path))
    }

    fn try_write(&self, batch: &Batch) -> Result<i64, redb::Error> {
        let mut grown = 0;
        let transaction = self.database.begin_write()?;
        for table in Table::ALL {
            let mut writes = batch.table(table).peekable();
            if writes.peek().is_none() {
                continue;
            }
            let mut rows = transaction.open_table(rows(table))?;
            let last = rows.last()?.map(|(key, _)| key.value().to_vec()).unwrap_or_default();
            while let Some((key, value)) = writes.next_if(|(key, _)| key[..] <= last[..]) {
                grown += change(&mut rows, key, value)?;
            }
            grown += append(&mut rows, writes)?;
        }
        transaction.commit()?;
        Ok(grown)
    }

    /// The sum of all rows' bytes, found by reading them.
    pub(crate) fn stored_bytes(&self, table: Table) -> Result<i64, StoreError> {
        let mut sum = 0;
        visit(&self.reader(table)?, &self.path, |key, value| {
            sum += size(key, value);
            Ok(())
        })?;
        Ok(sum)
    }
}

/// Writes or deletes one row; returns by how much the stored bytes grew.
fn change(
    rows: &mut Writer<'_>,
    key: &[u8],
    value: Option<&Bytes>,
) -> Result<i64, redb::StorageError> {
    let old = match value {
        Some(value) => rows.insert(key, &value[..])?,
        None => rows.remove(key)?,
    };
    let old = old.map_or(0, |old| size(key, old.value()));
    Ok(value.map_or(0, |value| size(key, value)) - old)
}

/// Writes rows beyond the last one. Revisions only grow, so this is where most rows go; a cursor
/// fills their pages, which inserts one by one would split in halves.
fn append<'a>(
    rows: &mut Writer<'_>,
    writes: impl Iterator<Item = (&'a Bytes, Option<&'a Bytes>)>,
) -> Result<i64, redb::Error> {
    let mut grown = 0;
    let mut end = rows.upper_bound_mut(Bound::<&[u8]>::Unbounded)?;
    // Nothing is there to delete.
    for (key, value) in writes.filter_map(|(key, value)| Some((key, value?))) {
        end.insert_before(&key[..], &value[..])?;
        grown += size(key, value);
    }
    end.close()?;
    Ok(grown)
}

/// What a row counts for against the quota, in bytes.
pub(crate) fn size(key: &[u8], value: &[u8]) -> i64 {
    i64::try_from(key.len() + value.len()).unwrap_or(i64::MAX)
}

/// The rows of a range as bytes of their own.
pub(crate) fn owned<'a>(
    range: Result<redb::Range<'static, &'static [u8], &'static [u8]>, redb::StorageError>,
    path: &'a str,
) -> Result<impl Iterator<Item = Result<(Bytes, Bytes), StoreError>> + use<'a>, StoreError> {
    let range = range.map_err(|error| fault(path)(error.into()))?;
    Ok(range.map(move |row| {
        let (key, value) = row.map_err(|error| fault(path)(error.into()))?;
        Ok((Bytes::copy_from_slice(key.value()), Bytes::copy_from_slice(value.value())))
    }))
}

/// Calls `each` with every row, in order.
pub(crate) fn visit(
    reader: &RowReader,
    path: &str,
    mut each: impl FnMut(&[u8], &[u8]) -> Result<(), StoreError>,
) -> Result<(), StoreError> {
    for row in reader.iter().map_err(|error| fault(path)(error.into()))? {
        let (key, value) = row.map_err(|error| fault(path)(error.into()))?;
        each(key.value(), value.value())?;
    }
    Ok(())
}

/// The rows of a small table in a view.
pub(crate) fn view_rows(
    view: &ReadTransaction,
    table: Table,
    path: &str,
) -> Result<Vec<(Bytes, Bytes)>, StoreError> {
    let reader = view.open_table(rows(table)).map_err(|error| fault(path)(error.into()))?;
    owned(reader.range::<&[u8]>(..), path)?.collect()
}

/// Copies a view into a fresh file and makes it durable; blocking.
pub(crate) fn copy(
    from: &ReadTransaction,
    disk: &dyn Disk,
    path: &str,
    how: Open,
    cache_bytes: usize,
) -> Result<(), StoreError> {
    let to = Db::open(disk, path, how, cache_bytes)?;
    for table in Table::ALL {
        let source = from.open_table(rows(table)).map_err(|error| fault(path)(error.into()))?;
        let mut batch = Batch::default();
        visit(&source, path, |key, value| {
            batch.put(table, Bytes::copy_from_slice(key), Bytes::copy_from_slice(value));
            if batch.len() < COPY_ROWS {
                return Ok(());
            }
            to.write(&std::mem::take(&mut batch)).map(drop)
        })?;
        to.write(&batch)?;
    }
    // Dropping the database marks it cleanly closed; that mark must be durable too.
    drop(to);
    let file = disk.open(path, Open::ReadWrite).map_err(disk_fault(path))?;
    file.sync().map_err(disk_fault(path))
}
