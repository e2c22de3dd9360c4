//! The replicated state machine of etcd: keys by revision, watches, leases, users, members.

pub mod batch;
