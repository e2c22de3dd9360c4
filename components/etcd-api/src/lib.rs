//! The v3 API of etcd 3.6: messages, service stubs, error table, and a client.
//!
//! The messages are compiled from our own text in `proto/`; package, message and field names,
//! numbers and types are upstream's (api/etcdserverpb and neighbours). `bytes` fields are
//! [`bytes::Bytes`], so that a value is shared, not copied, from the socket to the store.

pub mod errors;
mod pb;

pub use errors::EtcdError;
pub use pb::*;
