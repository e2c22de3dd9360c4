//! Time driven from outside: a foreign executor polls futures of its own beside the kernel's.
//!
//! The driver calls [`Kernel::pump`] with its own virtual time, sleeps until the time it gets back,
//! and looks again whenever [`Kernel::earlier`] says that something is due sooner than that.

use crate::{Kernel, NodeId, Stop, Stuck, Time, context, panics};
use std::sync::{
    Arc,
    atomic::{AtomicU64, Ordering},
};
use tokio::sync::Notify;

/// Tells a foreign driver that its alarm is set too late.
#[derive(Debug, Default)]
pub(crate) struct External {
    /// When the driver will look again; zero, hence never late, when there is no driver.
    alarm: AtomicU64,
    earlier: Arc<Notify>,
}

impl External {
    pub(crate) fn scheduled(&self, at: Time) {
        if at.0 < self.alarm.load(Ordering::Relaxed) {
            self.alarm.store(at.0, Ordering::Relaxed);
            self.earlier.notify_one();
        }
    }
}

impl Kernel {
    /// Does all that is due at or before `now`, and polls the kernel's own tasks that are ready;
    /// gives the time of the next thing due, and the tokens of [`Kernel::return_at`] that came due.
    ///
    /// A kernel task that foreign code woke by other means than the network, the disk or a clock is
    /// polled at the next call.
    ///
    /// # Errors
    /// The budget is spent.
    pub fn pump(&self, now: Time) -> Result<(Option<Time>, Vec<u64>), Stuck> {
        let _running = context::enter(self);
        let mut returned = Vec::new();
        loop {
            self.run_ready()?;
            match self.fire_next(now)? {
                None => {}
                Some(Stop::Returned(token)) => returned.push(token),
                Some(Stop::Idle | Stop::Limit | Stop::Moved) => break,
            }
        }
        self.observe_time(now);
        let next = self.state().timeline.next_at();
        self.0.external.alarm.store(next.map_or(u64::MAX, |at| at.0), Ordering::Relaxed);
        Ok((next, returned))
    }

    /// Runs foreign code as the kernel runs a node's own: what it asks of libc is that node's (with
    /// the feature `interpose`).
    ///
    /// # Errors
    /// It panicked: the message and its place.
    pub fn caught_on<T>(&self, node: NodeId, work: impl FnOnce() -> T) -> Result<T, String> {
        let _running = context::enter(self);
        context::on_node(node, || panics::caught(work))
    }

    /// Moves true time on without firing anything, so that a foreign clock's reads are consistent.
    pub fn observe_time(&self, now: Time) {
        self.set_now(now.max(self.now()));
    }

    /// Notified when something became due before the time that [`Kernel::pump`] last gave.
    pub fn earlier(&self) -> Arc<Notify> {
        self.0.external.earlier.clone()
    }
}
