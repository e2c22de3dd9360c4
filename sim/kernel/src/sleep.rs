//! Waiting: on a node's clock as programs do, or in true time as the machinery under them does.

use crate::{Kernel, NodeId, Time, Timer, due::Due, schedule::Schedule};
use host::{Instant, Sleep};
use std::{
    future::Future,
    pin::Pin,
    task::{Context, Poll},
    time::Duration,
};

/// When a sleep is over.
#[derive(Clone, Copy, Debug)]
pub(crate) enum Deadline {
    /// When the node's monotonic clock shows this.
    Local(Instant),
    /// At this true time.
    True(Time),
}

impl Deadline {
    /// The true time of the deadline as far as can be said now; `None` when it has passed.
    fn pending(self, state: &Schedule, now: Time, node: NodeId) -> Option<Time> {
        match self {
            Deadline::Local(deadline) => {
                let clock = &state.nodes[node.0 as usize].clock;
                (clock.monotonic(now) < deadline).then(|| clock.when(deadline))
            }
            Deadline::True(deadline) => (now < deadline).then_some(deadline),
        }
    }
}

/// A wait on behalf of a node.
pub(crate) struct NodeSleep {
    kernel: Kernel,
    node: NodeId,
    deadline: Deadline,
    timer: Option<Timer>,
}

impl NodeSleep {
    pub(crate) fn new(kernel: Kernel, node: NodeId, deadline: Deadline) -> Self {
        Self { kernel, node, deadline, timer: None }
    }

    fn cancel(&mut self) {
        if let Some(timer) = self.timer.take() {
            self.kernel.cancel(timer);
        }
    }
}

impl Future for NodeSleep {
    type Output = ();

    fn poll(mut self: Pin<&mut Self>, cx: &mut Context<'_>) -> Poll<()> {
        let this = &mut *self;
        let now = this.kernel.now();
        let mut state = this.kernel.state();
        let Some(at) = this.deadline.pending(&state, now, this.node) else {
            drop(state);
            this.cancel();
            return Poll::Ready(());
        };
        let pending = this.timer.and_then(|timer| state.timeline.get_mut(timer));
        if let Some(Due::Wake(_, waker)) = pending {
            if !waker.will_wake(cx.waker()) {
                let old = std::mem::replace(waker, cx.waker().clone());
                drop(state);
                drop(old);
            }
            return Poll::Pending;
        }
        drop(state);
        let timer = this.kernel.push(at, Due::Wake(this.node, cx.waker().clone()));
        this.timer = Some(timer);
        Poll::Pending
    }
}

impl Sleep for NodeSleep {
    fn reset(mut self: Pin<&mut Self>, deadline: Instant) {
        self.cancel();
        self.deadline = Deadline::Local(deadline);
    }
}

impl Drop for NodeSleep {
    fn drop(&mut self) {
        self.cancel();
    }
}

impl Kernel {
    /// Completes after so much true time, however wrong the node's clock is: for devices.
    pub fn delay(
        &self,
        node: NodeId,
        duration: Duration,
    ) -> impl Future<Output = ()> + Send + use<> {
        NodeSleep::new(self.clone(), node, Deadline::True(self.now() + duration))
    }
}
