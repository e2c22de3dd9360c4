//! What can go wrong: answers to a request, and failures after which the member must stop.

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

/// The answer to a request that is refused. Texts are upstream's (api/v3rpc/rpctypes/error.go).
#[derive(Clone, Debug, thiserror::Error, PartialEq, Eq)]
pub enum Refused {
    /// No key given.
    #[error("etcdserver: key is not provided")]
    EmptyKey,
    /// A key given to put that the transaction puts or deletes already.
    #[error("etcdserver: duplicate key given in txn request")]
    DuplicateKey,
    /// More operations than allowed.
    #[error("etcdserver: too many operations in txn request")]
    TooManyOps,
    /// Sort options out of the enumeration.
    #[error("etcdserver: invalid sort option")]
    InvalidSort,
    /// `ignore_value` with a value.
    #[error("etcdserver: value is provided")]
    ValueProvided,
    /// `ignore_lease` with a lease.
    #[error("etcdserver: lease is provided")]
    LeaseProvided,
    /// `ignore_value` or `ignore_lease` of a key that is not there.
    #[error("etcdserver: key not found")]
    KeyNotFound,
    /// No such lease.
    #[error("etcdserver: requested lease not found")]
    LeaseNotFound,
    /// At or below the last compaction.
    #[error("etcdserver: mvcc: required revision has been compacted")]
    Compacted,
    /// Not reached yet.
    #[error("etcdserver: mvcc: required revision is a future revision")]
    FutureRevision,
    /// The quota is used up.
    #[error("etcdserver: mvcc: database space exceeded")]
    NoSpace,
    /// The CORRUPT alarm is raised.
    #[error("etcdserver: corrupt cluster")]
    Corrupt,
    /// An enumeration's number that this version does not know.
    #[error("etcdserver: unknown request")]
    Unknown,
    /// Reading an old value failed: the member must stop.
    #[error(transparent)]
    Store(#[from] StoreError),
}
