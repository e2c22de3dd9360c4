//! The v3 gRPC API, a service a file.

pub(crate) mod access;
pub(crate) mod auth;
pub(crate) mod cluster;
pub(crate) mod election;
pub(crate) mod health;
pub(crate) mod kv;
pub(crate) mod lease;
pub(crate) mod lock;
pub(crate) mod maintenance;
pub(crate) mod reflection;
pub(crate) mod watch;
