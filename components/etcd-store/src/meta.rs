//! The rows of table Meta: how far the log is applied, and how far keys are compacted.
//!
//! Names are upstream's (server/storage/schema/bucket.go).

use crate::{
    backend::Position,
    batch::{Batch, Table},
    error::StoreError,
};
use bytes::Bytes;

const INDEX: &[u8] = b"consistent_index";
const TERM: &[u8] = b"term";
const CONF_STATE: &[u8] = b"confState";
const SCHEDULED: &[u8] = b"scheduledCompactRev";
const FINISHED: &[u8] = b"finishedCompactRev";

type Rows = [(Bytes, Bytes)];

fn number(rows: &Rows, name: &'static [u8]) -> Result<Option<u64>, StoreError> {
    let Some((_, value)) = rows.iter().find(|(key, _)| key == name) else { return Ok(None) };
    let bytes = <[u8; 8]>::try_from(&value[..]).map_err(|_| StoreError::Row {
        table: Table::Meta.name(),
        row: name.escape_ascii().to_string(),
    })?;
    Ok(Some(u64::from_be_bytes(bytes)))
}

fn stage(batch: &mut Batch, name: &'static [u8], number: u64) {
    let value = Bytes::copy_from_slice(&number.to_be_bytes());
    batch.put(Table::Meta, Bytes::from_static(name), value);
}

/// How far the log is applied; index 0 in a new file.
pub(crate) fn position(rows: &Rows) -> Result<Position, StoreError> {
    let index = number(rows, INDEX)?.unwrap_or(0);
    let term = number(rows, TERM)?.unwrap_or(0);
    Ok(Position { index, term })
}

pub(crate) fn stage_position(batch: &mut Batch, position: Position) {
    stage(batch, INDEX, position.index);
    stage(batch, TERM, position.term);
}

/// Raft's configuration as its owner encoded it, as of the last change applied.
pub(crate) fn conf_state(rows: &Rows) -> Option<Bytes> {
    rows.iter().find(|(key, _)| key == CONF_STATE).map(|(_, value)| value.clone())
}

pub(crate) fn stage_conf_state(batch: &mut Batch, conf_state: Bytes) {
    batch.put(Table::Meta, Bytes::from_static(CONF_STATE), conf_state);
}

/// Revisions of the compaction last asked for and of the one last finished.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub(crate) struct Compactions {
    pub(crate) scheduled: i64,
    pub(crate) finished: i64,
}

pub(crate) fn compactions(rows: &Rows) -> Result<Compactions, StoreError> {
    let scheduled = number(rows, SCHEDULED)?.map_or(0, u64::cast_signed);
    let finished = number(rows, FINISHED)?.map_or(0, u64::cast_signed);
    Ok(Compactions { scheduled, finished })
}

pub(crate) fn stage_scheduled(batch: &mut Batch, revision: i64) {
    stage(batch, SCHEDULED, revision.cast_unsigned());
}

pub(crate) fn stage_finished(batch: &mut Batch, revision: i64) {
    stage(batch, FINISHED, revision.cast_unsigned());
}

/// The file without its position, as a copy that forgot to carry it would be (E03a).
pub(crate) fn forget_position(batch: &mut Batch) {
    batch.discard(Table::Meta, INDEX);
    batch.discard(Table::Meta, TERM);
}
