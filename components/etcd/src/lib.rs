//! An etcd member: Raft, log and store behind the v3 gRPC API.

pub mod config;
mod request_ids;
mod waiters;
