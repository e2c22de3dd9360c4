//! Rows of the backend as the small tables see them: decoded once, when state is restored.

use crate::batch::Table;
use bytes::Bytes;
use prost::Message;

/// A table, a key and its value.
pub type Row = (Table, Bytes, Bytes);

/// A row that cannot have been written by us: the backend is corrupt.
#[derive(Debug, thiserror::Error)]
#[error("a row of table {table:?} with key {key:02x?} cannot be read: {why}")]
pub struct BadRow {
    /// Where the row is.
    pub table: Table,
    /// Its key.
    pub key: Bytes,
    /// What is wrong with it.
    pub why: String,
}

impl BadRow {
    pub(crate) fn new(table: Table, key: &Bytes, why: impl ToString) -> Self {
        Self { table, key: key.clone(), why: why.to_string() }
    }
}

/// Decodes the value of a row.
pub(crate) fn decode<M: Message + Default>((table, key, value): &Row) -> Result<M, BadRow> {
    M::decode(value.clone()).map_err(|why| BadRow::new(*table, key, why))
}

/// Decodes a key or value that is text.
pub(crate) fn text((table, key, _): &Row, bytes: &Bytes) -> Result<String, BadRow> {
    String::from_utf8(bytes.to_vec()).map_err(|why| BadRow::new(*table, key, why))
}
