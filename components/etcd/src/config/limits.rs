//! How much at once.

/// What may be asked of the member at once; at each limit upstream's error is answered.
#[derive(Clone, Copy, Debug)]
pub struct Limits {
    /// Largest request, in bytes.
    pub request_bytes: usize,
    /// Most operations in one transaction.
    pub txn_ops: usize,
    /// Most entries committed and not yet applied before proposals are refused.
    pub unapplied_entries: u64,
    /// Most streams on one client connection.
    pub concurrent_streams: u32,
    /// Most client connections.
    pub connections: usize,
    /// Events buffered for one watch stream before its watchers become slow ones.
    pub watch_buffer: usize,
}

impl Default for Limits {
    fn default() -> Self {
        Self {
            request_bytes: 1_572_864,
            txn_ops: 128,
            unapplied_entries: 5_000,
            concurrent_streams: u32::MAX,
            connections: 65_536,
            watch_buffer: 1_024,
        }
    }
}

/// How much Raft sends and hands out at once.
#[derive(Clone, Copy, Debug)]
pub struct RaftLimits {
    /// Appends on their way to one follower.
    pub inflight_messages: usize,
    /// Bytes of entries in one message.
    pub message_bytes: u64,
    /// Bytes of committed entries handed out at once.
    pub commit_bytes: u64,
    /// Bytes proposed and not yet committed before proposals are refused.
    pub uncommitted_bytes: u64,
}

impl Default for RaftLimits {
    fn default() -> Self {
        Self {
            inflight_messages: 512,
            message_bytes: 512 * 1024,
            commit_bytes: 512 * 1024,
            uncommitted_bytes: 256 * 1024 * 1024,
        }
    }
}
