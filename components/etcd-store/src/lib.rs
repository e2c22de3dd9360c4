//! The replicated state machine of etcd: keys by revision, watches, leases, users, members.

pub mod batch;

pub mod alarm;
pub mod lease;
pub mod members;
pub mod row;
#[cfg(test)]
mod testing;
