//! The replicated state machine of etcd: keys by revision, watches, leases, users, members.
//!
//! A [`Store`] is a function of the log: `apply` takes entries in order and never waits. What it
//! changes is staged in memory; the owner carries it to disk in jobs, one at a time:
//!
//! ```text
//! let mut store = Store::open(&host, config)?;                     // blocking: in a disk job
//! let applied = store.apply(now, position, &request)?;             // None: applied before
//! store.apply_empty(position)?;                                    // a leader's first entry
//! store.apply_conf_change(position, Some(&change), conf_state)?;
//!
//! if let Some(job) = store.begin_commit()? {                       // every 100 ms or 10,000 writes
//!     let done = host.disk_job(move |_| job.run()).await;          // one transaction
//!     store.end_commit(done)?;                                     // durable_index() moves
//! }
//! let job = store.begin_defragment()?;                             // entries stage meanwhile
//! let done = host.disk_job(move |disk| job.run(disk)).await;
//! store.end_defragment(&*host.disk, done)?;
//!
//! let job = store.begin_snapshot()?;                               // of what is committed
//! let file = host.disk_job(move |disk| job.run(disk)).await?;      // position, size, digest, read_at
//! let receiver = SnapshotReceiver::open(disk, dir, index, digest)?; // received(), write, finish
//! store.install(index)?;                                           // blocking
//!
//! let (stream, receiver) = store.open_stream();                    // receiver: mpsc of WatchMessage
//! store.watch(stream, WatchSpec { … })?;
//! store.sync_watches()?;                                           // while watches_need_sync()
//! store.compact_step(1_000);                                       // while is_compacting()
//! ```
//!
//! Checks of requests before they are proposed are in [`check`].

pub mod alarm;
mod apply;
pub mod auth;
mod backend;
pub mod batch;
pub mod check;
mod error;
#[cfg(test)]
#[cfg(feature = "defects")]
mod exhibits;
mod files;
mod keys;
pub mod lease;
pub mod members;
mod meta;
mod quota;
pub mod restore;
pub mod row;
mod store;
#[cfg(test)]
mod testing;
mod watch;

pub use apply::{Applied, Response};
pub use backend::{Commit, CommitDone, Defragment, DefragmentDone, Pending, Position};
pub use error::{Refused, StoreError};
pub use files::{SnapshotFile, SnapshotJob, SnapshotReceiver};
pub use keys::{KeyRange, KvHash, Revision, is_read_only};
pub use quota::QUOTA_BYTES;
pub use store::{Config, Store};
pub use watch::{ALL_WATCHES, StreamId, WatchError, WatchEvent, WatchId, WatchMessage, WatchSpec};
