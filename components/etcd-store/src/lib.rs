//! The replicated state machine of etcd: keys by revision, watches, leases, users, members.
//!
//! A [`Store`] is a function of the log: `apply` takes entries in order and never waits. What it
//! changes is staged in memory; the owner carries it to disk in jobs, one at a time:
//!
//! ```text
//! let mut store = Store::open(&host, config)?;                     // blocking: in a disk job
//! let applied = store.apply(now, index, term, &request);           // Applied { result, raise_nospace, … }
//! store.apply_empty(index, term);                                  // a leader's first entry
//! store.apply_conf_change(index, term, &context, change, conf_state_bytes);
//!
//! if let Some(job) = store.begin_commit() {                        // every 100 ms or 10,000 writes
//!     let done = host.disk_job(move |_| job.run()).await;          // one transaction
//!     store.end_commit(done)?;                                     // then consistent_index_durable() moves
//! }
//! store.begin_defragment() / end_defragment(done)                  // as above: writes stage meanwhile
//! store.begin_snapshot() -> SnapshotJob; job.run(disk) -> SnapshotFile { index, term, size, read_at }
//! SnapshotReceiver::create(disk, dir, index); write; finish        // `<index>.snap.db`, fsynced
//! store.install(&host, index)                                      // rename, reopen, restore all parts
//!
//! store.range(&request); store.read_txn(&request); store.revision(); store.compact_revision();
//! store.hash(); store.hash_kv(revision);
//! store.compact_step(1_000) -> bool (more)                         // physical compaction, in bounded steps
//!
//! let (stream, receiver) = store.open_stream();                    // receiver: mpsc of WatchMessage
//! store.watch(stream, WatchSpec { … }) -> Result<WatchId, WatchError>;
//! store.cancel_watch(stream, id); store.close_stream(stream);
//! store.request_progress(stream);                                  // answered once all are in sync
//! store.watch_progress(stream, id);                                // the periodic one, for one watcher
//! store.sync_watches() -> bool (more)                              // catch-up and victims, bounded
//! ```
//!
//! Checks of requests before they are proposed are in [`check`].

mod backend;
pub mod batch;
pub mod alarm;
pub mod auth;
pub mod lease;
pub mod members;
pub mod row;
#[cfg(test)]
mod testing;
mod error;
mod keys;
mod meta;
mod watch;

pub use backend::{Commit, CommitDone, Defragment, DefragmentDone, Pending, Position};
pub use error::{Refused, StoreError};
pub use keys::{KeyRange, KvHash, Revision, is_read_only};
pub use watch::{ALL_WATCHES, StreamId, WatchError, WatchEvent, WatchId, WatchMessage, WatchSpec};
