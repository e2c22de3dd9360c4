//! What can go wrong: answers to a request, and failures after which the member must stop.

use crate::row::BadRow;
use etcd_api::EtcdError;

/// The backend cannot go on: the member must stop and be started again, or be replaced.
#[derive(Clone, Debug, thiserror::Error, PartialEq, Eq)]
pub enum StoreError {
    /// A file operation failed. After a failed write or sync nothing more is written.
    #[error("backend {path}: {reason}")]
    Backend {
        /// The file.
        path: String,
        /// What the disk or the database said.
        reason: String,
    },
    /// A row that this program never wrote.
    #[error("backend table {table}: row {row} is malformed")]
    Row {
        /// The table's name.
        table: &'static str,
        /// The key, escaped.
        row: String,
    },
    /// The owner brought back the job of a backend that was replaced meanwhile.
    #[error("the backend was replaced while the job ran")]
    Replaced,
    /// A job is under way; only one may be.
    #[error("a backend job is under way")]
    Busy,
    /// A received snapshot does not stand where it claims to.
    #[error("snapshot file {path} is at index {found}, not {expected}")]
    Snapshot {
        /// The file.
        path: String,
        /// Its consistent index.
        found: u64,
        /// The index asked for.
        expected: u64,
    },
}

impl From<BadRow> for StoreError {
    fn from(bad: BadRow) -> Self {
        let row = format!("{}: {}", bad.key.escape_ascii(), bad.why);
        Self::Row { table: bad.table.name(), row }
    }
}

/// Why a request has no result.
#[derive(Clone, Debug, thiserror::Error, PartialEq, Eq)]
pub enum Refused {
    /// The answer that the client gets.
    #[error(transparent)]
    Api(#[from] EtcdError),
    /// The member must stop.
    #[error(transparent)]
    Store(#[from] StoreError),
}
