//! Which etcd this is compatible with.

/// The server version told to clients and peers.
pub const SERVER: &str = "3.6.5";
/// The lowest cluster version this server works in.
pub const MIN_CLUSTER: &str = "3.5.0";
/// The cluster version that a cluster of only such servers agrees on.
pub const CLUSTER: &str = "3.6.0";
/// The storage version.
pub const STORAGE: &str = "3.6.0";
