//! What one boot gets of the kernel through its host, and what a world does to a node.

use crate::{
    Boot, Kernel, LocalClock, NodeId,
    schedule::RANDOM,
    sleep::{Deadline, NodeSleep},
    time::nanos,
};
use host::{Abort, BoxFuture, Clock, Instant, Random, Sleep, Tasks, Timestamp};
use rand::Rng;
use std::{pin::Pin, sync::Arc, time::Duration};

/// Clock, chance and tasks of one boot.
#[derive(Clone, Debug)]
pub struct Handle {
    kernel: Kernel,
    boot: Boot,
}

impl Handle {
    /// The handle of a boot.
    pub fn new(kernel: Kernel, boot: Boot) -> Self {
        Self { kernel, boot }
    }
}

impl Clock for Handle {
    fn now(&self) -> Instant {
        let now = self.kernel.now();
        self.kernel.state().nodes[self.boot.node().0 as usize].clock.monotonic(now)
    }

    fn wall(&self) -> Timestamp {
        let now = self.kernel.now();
        self.kernel.state().nodes[self.boot.node().0 as usize].clock.wall(now)
    }

    fn sleep_until(&self, deadline: Instant) -> Pin<Box<dyn Sleep>> {
        let (kernel, node) = (self.kernel.clone(), self.boot.node());
        Box::pin(NodeSleep::new(kernel, node, Deadline::Local(deadline)))
    }

    fn std_origin(&self) -> host::StdInstant {
        self.kernel.0.std_origin
    }
}

impl Random for Handle {
    fn fill(&self, buffer: &mut [u8]) {
        self.kernel.fill_random(self.boot.node(), buffer);
    }
}

impl Tasks for Handle {
    fn spawn(&self, name: &'static str, work: BoxFuture<'static, ()>) -> Arc<dyn Abort> {
        self.kernel.spawn(&self.boot, name, work)
    }
}

impl Kernel {
    pub(crate) fn fill_random(&self, node: NodeId, buffer: &mut [u8]) {
        let now = self.now();
        let mut state = self.state();
        state.record(now, Some(node), RANDOM, buffer.len() as u64, 0);
        state.trace.note(|| format!("{} B", buffer.len()));
        state.nodes[node.0 as usize].random.fill_bytes(buffer);
    }

    /// Reads or changes a node's clock. Every sleep on the node then looks at it anew.
    pub fn change_clock(&self, node: NodeId, change: impl FnOnce(&mut LocalClock)) {
        change(&mut self.state().nodes[node.0 as usize].clock);
        self.wake_sleeps(node);
    }

    /// What a power cycle does to a clock: another monotonic origin, the right wall time.
    pub fn restart_clock(&self, node: NodeId) {
        let now = self.now();
        self.state().nodes[node.0 as usize].restart_clock(now);
        self.wake_sleeps(node);
    }

    /// A copy of a node's clock as it is now.
    pub fn clock(&self, node: NodeId) -> LocalClock {
        self.state().nodes[node.0 as usize].clock.clone()
    }

    /// Stops polling the node's tasks; its timers run on.
    pub fn pause(&self, node: NodeId) {
        let now = self.now();
        self.state().pause(now, node);
    }

    /// Ends [`Kernel::pause`].
    pub fn resume(&self, node: NodeId) {
        let now = self.now();
        self.state().resume(now, node);
    }

    /// Makes each poll of the node's tasks cost `each`, one after another; zero is normal speed.
    pub fn set_poll_cost(&self, node: NodeId, each: Duration) {
        self.state().nodes[node.0 as usize].poll_cost = nanos(each);
    }
}
