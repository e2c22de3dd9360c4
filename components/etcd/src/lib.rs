//! An etcd member: Raft, log and store behind the v3 gRPC API.
//!
//! Five tasks carry a member, each the only owner of its part: the driver (`driver`: Raft), the
//! log writer (`persist`: the write-ahead log), the applier (`applier`: entries into the store),
//! the keeper (`keeper`: the backend's file) and the read loop (`reads`). Services
//! (`services`) share a handle to them (`member`). When one of the five fails the member ends:
//! it never limps on.

mod applier;
mod assemble;
mod boot;
mod compactor;
pub mod config;
mod corruption;
mod dial;
mod driver;
mod facts;
mod fatal;
mod headers;
mod heartbeats;
mod http;
mod join;
mod keeper;
mod leases;
mod member;
mod metrics;
mod monitor;
mod offline;
mod outbox;
mod parts;
mod peer_service;
mod peers;
mod persist;
mod queue;
mod reads;
mod receiver_stream;
mod request_ids;
mod restore;
mod run;
mod services;
mod serving;
mod snapshots;
mod store_config;
pub mod version;
mod waiters;
mod watching;

pub use fatal::Fatal;
pub use offline::{OfflineError, defragment_files, hash_of_file};
pub use restore::{RestoreError, RestoreOptions, SnapshotStatus, restore, snapshot_status};
pub use run::Etcd;
