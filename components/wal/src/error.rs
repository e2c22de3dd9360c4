//! Everything that can be wrong with a log, and what to do about it.

use crate::SnapshotMark;
use std::{io, sync::Arc};

/// Why a log could not be used. After a failed write or sync the same error is returned for ever:
/// what reached the disk is in doubt, and the process must restart and recover.
#[derive(Clone, Debug, thiserror::Error)]
pub enum WalError {
    /// The disk refused.
    #[error("wal: cannot {while_doing} {path}: {source}")]
    Io {
        /// What was being done.
        while_doing: &'static str,
        /// To which file.
        path: String,
        /// The disk's words.
        source: Arc<io::Error>,
    },
    /// The disk is full. Nothing of the call is acknowledged.
    #[error("wal: no space left to {while_doing} {path}: free space on the disk and restart")]
    DiskFull {
        /// What was being done.
        while_doing: &'static str,
        /// To which file.
        path: String,
    },
    /// Another process has the log open.
    #[error("wal: {dir} is in use by another process")]
    Locked {
        /// The log's directory.
        dir: String,
    },
    /// `create` found a log.
    #[error("wal: {dir} exists already")]
    Exists {
        /// The log's directory.
        dir: String,
    },
    /// There is no log, or none of its segments reaches back to the snapshot. Upstream:
    /// ErrFileNotFound.
    #[error("wal: file not found which matches the snapshot index '{index}' in {dir}")]
    NotFound {
        /// The log's directory.
        dir: String,
        /// The snapshot asked for.
        index: u64,
    },
    /// Bytes that were durable are not what was written. Upstream: ErrCRCMismatch.
    #[error(
        "wal: {file} is corrupt at offset {offset}: {what}; this is not a torn write, so nothing \
         was changed: restore the member from a snapshot, or remove it from the cluster and add \
         it anew with an empty data directory"
    )]
    Corrupt {
        /// The segment.
        file: String,
        /// The damaged record's offset in the file, in bytes.
        offset: u64,
        /// What is wrong with it.
        what: &'static str,
    },
    /// Two segments name different owners. Upstream: ErrMetadataConflict.
    #[error("wal: conflicting metadata found in {file}")]
    MetadataConflict {
        /// The second segment.
        file: String,
    },
    /// The snapshot was never marked in the log. Upstream: ErrSnapshotNotFound.
    #[error("wal: snapshot not found (index {}, term {})", mark.index, mark.term)]
    SnapshotNotFound {
        /// The snapshot asked for.
        mark: SnapshotMark,
    },
    /// The log marks a snapshot of the same index and another term. Upstream: ErrSnapshotMismatch.
    #[error("wal: snapshot mismatch at index {}: term {} asked for, {term} found", mark.index, mark.term)]
    SnapshotMismatch {
        /// The snapshot asked for.
        mark: SnapshotMark,
        /// The term in the log.
        term: u64,
    },
    /// An entry does not follow the snapshot or the entry before it. Upstream: ErrSliceOutOfRange.
    #[error("wal: slice bounds out of range, entry {found} follows entry {last} in {file}")]
    EntryGap {
        /// The segment.
        file: String,
        /// The last index before it.
        last: u64,
        /// The entry's index.
        found: u64,
    },
    /// One record would be larger than a segment can address.
    #[error("wal: a record of {bytes} bytes is larger than the limit of {limit}")]
    TooLarge {
        /// The record's payload.
        bytes: usize,
        /// The limit.
        limit: usize,
    },
}

impl WalError {
    /// Names what was being done when the disk refused.
    pub(crate) fn io(while_doing: &'static str, path: &str, source: io::Error) -> Self {
        let path = path.to_owned();
        if source.kind() == io::ErrorKind::StorageFull {
            Self::DiskFull { while_doing, path }
        } else {
            Self::Io { while_doing, path, source: Arc::new(source) }
        }
    }

    /// True when the disk was full.
    pub fn is_disk_full(&self) -> bool {
        matches!(self, Self::DiskFull { .. })
    }
}

/// Says what was being done to which file.
pub(crate) trait Doing<T> {
    fn doing(self, what: &'static str, path: &str) -> Result<T, WalError>;
}

impl<T> Doing<T> for io::Result<T> {
    fn doing(self, what: &'static str, path: &str) -> Result<T, WalError> {
        self.map_err(|source| WalError::io(what, path, source))
    }
}
