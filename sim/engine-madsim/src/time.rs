//! madsim's virtual time as a machine's clock. All machines share it: madsim has one.

use host::{Clock, Instant, Sleep, Timestamp};
use madsim::time::TimeHandle;
use std::{
    pin::Pin,
    task::{Context, Poll},
};

/// 2026-01-01T00:00:00Z, as in our own worlds.
const WALL_BEGINNING_NS: u64 = 1_767_225_600_000_000_000;

pub(crate) struct MadClock(pub(crate) TimeHandle);

fn now(time: &TimeHandle) -> Instant {
    Instant(u64::try_from(time.elapsed().as_nanos()).unwrap_or(u64::MAX))
}

impl Clock for MadClock {
    fn now(&self) -> Instant {
        now(&self.0)
    }

    fn wall(&self) -> Timestamp {
        Timestamp(WALL_BEGINNING_NS + now(&self.0).0)
    }

    fn sleep_until(&self, deadline: Instant) -> Pin<Box<dyn Sleep>> {
        Box::pin(MadSleep { time: self.0.clone(), deadline, waiting: None })
    }

    fn std_origin(&self) -> host::StdInstant {
        self.0.now_instant() - self.0.elapsed()
    }
}

struct MadSleep {
    time: TimeHandle,
    deadline: Instant,
    waiting: Option<Pin<Box<madsim::time::Sleep>>>,
}

impl Future for MadSleep {
    type Output = ();

    fn poll(mut self: Pin<&mut Self>, cx: &mut Context<'_>) -> Poll<()> {
        let this = &mut *self;
        let left = this.deadline.since(now(&this.time));
        if left.is_zero() {
            return Poll::Ready(());
        }
        let time = &this.time;
        // madsim's sleeps last a millisecond at least.
        this.waiting.get_or_insert_with(|| Box::pin(time.sleep(left))).as_mut().poll(cx)
    }
}

impl Sleep for MadSleep {
    fn reset(mut self: Pin<&mut Self>, deadline: Instant) {
        self.deadline = deadline;
        self.waiting = None;
    }
}
