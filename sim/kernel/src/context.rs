//! Which simulated node this thread is running for: what the panic hook and libc's stand-ins ask.

use crate::{Kernel, NodeId};
use std::cell::{Cell, RefCell};

thread_local! {
    static KERNEL: RefCell<Option<Kernel>> = const { RefCell::new(None) };
    static NODE: Cell<Option<NodeId>> = const { Cell::new(None) };
}

/// Until dropped, this thread runs the given kernel.
pub(crate) struct Running(Option<Kernel>);

pub(crate) fn enter(kernel: &Kernel) -> Running {
    Running(KERNEL.with(|slot| slot.replace(Some(kernel.clone()))))
}

impl Drop for Running {
    fn drop(&mut self) {
        let previous = self.0.take();
        // The kernel of a run that just ended is dropped after the cell is free again.
        drop(KERNEL.with(|slot| slot.replace(previous)));
    }
}

/// Runs `work` on behalf of a node.
pub(crate) fn on_node<T>(node: NodeId, work: impl FnOnce() -> T) -> T {
    with_node(Some(node), work)
}

/// Runs `work` of the simulator's own in the midst of a node's.
#[cfg(feature = "interpose")]
pub(crate) fn off_node<T>(work: impl FnOnce() -> T) -> T {
    with_node(None, work)
}

fn with_node<T>(node: Option<NodeId>, work: impl FnOnce() -> T) -> T {
    struct Restore(Option<NodeId>);
    impl Drop for Restore {
        fn drop(&mut self) {
            NODE.set(self.0);
        }
    }
    let _restore = Restore(NODE.replace(node));
    work()
}

/// The node whose code is running on this thread, if any.
pub(crate) fn node() -> Option<NodeId> {
    NODE.try_with(Cell::get).ok().flatten()
}

/// The kernel that is running on this thread, if any.
#[cfg(feature = "interpose")]
pub(crate) fn kernel() -> Option<Kernel> {
    KERNEL.try_with(|slot| slot.try_borrow().ok().and_then(|kernel| kernel.clone())).ok().flatten()
}
