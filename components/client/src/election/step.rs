//! What goes into an election's core, and what comes out.

use serde_json::Value;
use std::time::Duration;

/// What is to be done now.
#[derive(Clone, PartialEq, Debug)]
pub enum Next {
    /// Read the Lease.
    Read,
    /// Create it.
    Create(Value),
    /// Replace it, guarded by its resource version.
    Update(Value),
    /// Do nothing for a while.
    Wait(Duration),
    /// It is over: a leader lost the lease, or was told to stop.
    End,
}

/// How it ended.
#[derive(Clone, PartialEq, Debug)]
pub enum Input {
    /// The Lease; none: there is none.
    Read(Option<Value>),
    /// It was written; as it is now.
    Written(Value),
    /// It could not be read or written, or it is not known whether it was.
    Failed,
    /// The wait is over.
    Waited,
    /// The component ends. Only while waiting.
    Stop,
}
