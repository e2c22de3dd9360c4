//! What can be due at a point in virtual time.

use crate::{Kernel, NodeId, tasks::TaskId};
use std::task::Waker;

/// Something outside the kernel that asks to be called back: a network, the machines.
pub trait Device: Send + Sync {
    /// What was scheduled with `token` is due. No lock of the kernel is held.
    fn fire(&self, kernel: &Kernel, token: u64);
}

#[derive(Debug)]
pub(crate) enum Due {
    /// A sleep of this node is over.
    Wake(NodeId, Waker),
    /// A task that was stalled, or waited for a slow CPU, may run.
    Task(TaskId),
    /// A device asked for it.
    Device(u32, u64),
    /// Whoever runs the kernel asked to have control back.
    Return(u64),
}
