//! What the tests of several modules need: the rows that a run of batches leaves behind.

use crate::{
    batch::{Batch, Table},
    row::Row,
};
use bytes::Bytes;
use std::collections::BTreeMap;

/// The backend's rows after the batches were committed, one after the other.
pub(crate) fn rows_after<'a>(batches: impl IntoIterator<Item = &'a Batch>) -> Vec<Row> {
    let mut rows: BTreeMap<(Table, Bytes), Bytes> = BTreeMap::new();
    for (table, key, value) in batches.into_iter().flat_map(Batch::iter) {
        match value {
            Some(value) => rows.insert((table, key.clone()), value.clone()),
            None => rows.remove(&(table, key.clone())),
        };
    }
    rows.into_iter().map(|((table, key), value)| (table, key, value)).collect()
}
