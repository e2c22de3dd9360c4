//! Waiting on a simulated clock.

use crate::{Kernel, NodeId, Timer, due::Due};
use host::{Instant, Sleep};
use std::{
    future::Future,
    pin::Pin,
    task::{Context, Poll},
};

/// Ready once its node's monotonic clock reached the deadline.
pub(crate) struct NodeSleep {
    pub(crate) kernel: Kernel,
    pub(crate) node: NodeId,
    pub(crate) deadline: Instant,
    pub(crate) timer: Option<Timer>,
}

impl NodeSleep {
    fn cancel(&mut self) {
        if let Some(timer) = self.timer.take() {
            self.kernel.cancel(timer);
        }
    }
}

impl Future for NodeSleep {
    type Output = ();

    fn poll(mut self: Pin<&mut Self>, cx: &mut Context<'_>) -> Poll<()> {
        let kernel = self.kernel.clone();
        let now = kernel.now();
        let mut state = kernel.state();
        let clock = &state.nodes[self.node.0 as usize].clock;
        if clock.monotonic(now) >= self.deadline {
            drop(state);
            self.cancel();
            return Poll::Ready(());
        }
        let at = clock.when(self.deadline);
        let pending = self.timer.and_then(|timer| state.timeline.get_mut(timer));
        if let Some(Due::Wake(_, waker)) = pending {
            if !waker.will_wake(cx.waker()) {
                let old = std::mem::replace(waker, cx.waker().clone());
                drop(state);
                drop(old);
            }
            return Poll::Pending;
        }
        drop(state);
        self.timer = Some(kernel.push(at, Due::Wake(self.node, cx.waker().clone())));
        Poll::Pending
    }
}

impl Sleep for NodeSleep {
    fn reset(mut self: Pin<&mut Self>, deadline: Instant) {
        self.cancel();
        self.deadline = deadline;
    }
}

impl Drop for NodeSleep {
    fn drop(&mut self) {
        self.cancel();
    }
}
