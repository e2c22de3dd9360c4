//! Components placed on machines: which program runs where, with which settings.
//!
//! Knows how a cluster is put together, and nothing of what may go wrong with it.

pub mod apiserver;
pub mod etcd;
pub mod manager;
pub mod scheduler;
pub mod tls;
