//! Time driven from outside: a foreign executor polls the futures, the kernel only keeps what is due.
//!
//! The driver calls [`Kernel::pump`] with its own virtual time, sleeps until the time it gets back,
//! and looks again whenever [`Kernel::earlier`] says that something is due sooner than that.

use crate::{Kernel, Stop, Time, context};
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
    /// Fires everything due at or before `now`; gives the time of the next thing, and any tokens of
    /// [`Kernel::return_at`] that came due. The kernel's own tasks are not polled.
    pub fn pump(&self, now: Time) -> (Option<Time>, Vec<u64>) {
        let _running = context::enter(self);
        let mut returned = Vec::new();
        loop {
            let popped = self.state().timeline.pop(now);
            let Some((at, due)) = popped else { break };
            self.set_now(at.max(self.now()));
            self.state().fired += 1;
            if let Some(Stop::Returned(token)) = self.fire(due) {
                returned.push(token);
            }
        }
        self.set_now(now.max(self.now()));
        let next = self.state().timeline.next_at();
        self.0.external.alarm.store(next.map_or(u64::MAX, |at| at.0), Ordering::Relaxed);
        (next, returned)
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
