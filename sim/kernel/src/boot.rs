//! One life of one process: the incarnation that every handle carries.

use crate::NodeId;
use std::sync::{
    Arc,
    atomic::{AtomicBool, Ordering},
};

/// One start of one process. It never comes back to life: a restart is a new boot, so a handle
/// kept from the old one can be told apart for ever.
#[derive(Clone, Debug)]
pub struct Boot(Arc<Life>);

#[derive(Debug)]
struct Life {
    number: u32,
    node: NodeId,
    process: Arc<str>,
    alive: AtomicBool,
}

impl Boot {
    pub(crate) fn new(number: u32, node: NodeId, process: Arc<str>) -> Self {
        Self(Arc::new(Life { number, node, process, alive: AtomicBool::new(true) }))
    }

    /// Distinct among all boots of the world.
    pub fn number(&self) -> u32 {
        self.0.number
    }

    /// The node it runs on.
    #[inline]
    pub fn node(&self) -> NodeId {
        self.0.node
    }

    /// The process's name.
    pub fn process(&self) -> &str {
        &self.0.process
    }

    /// False from the moment of death: whatever still runs must have no effect.
    #[inline]
    pub fn is_alive(&self) -> bool {
        self.0.alive.load(Ordering::Relaxed)
    }

    /// Ends this life; true the first time. Its tasks are still there: see [`crate::Kernel::reap`].
    pub fn condemn(&self) -> bool {
        self.0.alive.swap(false, Ordering::Relaxed)
    }
}
