//! Monotonic and wall time, and waits in tokio's timer wheel (one millisecond of resolution).

use host::{Clock, Instant, Sleep, Timestamp};
use std::{
    pin::Pin,
    task::{Context, Poll},
    time::{Duration, SystemTime, UNIX_EPOCH},
};
use tokio::runtime::Handle;

/// The machine's clocks; monotonic time counts from the making of this value.
pub(crate) struct SystemClock {
    origin: tokio::time::Instant,
    handle: Handle,
}

impl SystemClock {
    pub(crate) fn new(handle: Handle) -> Self {
        Self { origin: tokio::time::Instant::now(), handle }
    }
}

fn nanos(duration: Duration) -> u64 {
    u64::try_from(duration.as_nanos()).unwrap_or(u64::MAX)
}

/// A deadline that a component derived from `Duration::MAX` must not overflow the real clock.
const FARTHEST: Duration = Duration::from_secs(30 * 365 * 86_400);

fn real(origin: tokio::time::Instant, at: Instant) -> tokio::time::Instant {
    origin + Duration::from_nanos(at.0).min(FARTHEST)
}

impl Clock for SystemClock {
    fn now(&self) -> Instant {
        Instant(nanos(self.origin.elapsed()))
    }

    fn wall(&self) -> Timestamp {
        // A clock set before 1970 reads as 1970.
        Timestamp(nanos(SystemTime::now().duration_since(UNIX_EPOCH).unwrap_or_default()))
    }

    fn sleep_until(&self, deadline: Instant) -> Pin<Box<dyn Sleep>> {
        // Components may wait from any thread, also one that is outside the runtime.
        let _inside = self.handle.enter();
        let sleep = Box::pin(tokio::time::sleep_until(real(self.origin, deadline)));
        Box::pin(TimerSleep { sleep, origin: self.origin })
    }

    fn std_origin(&self) -> host::StdInstant {
        self.origin.into_std()
    }
}

struct TimerSleep {
    sleep: Pin<Box<tokio::time::Sleep>>,
    origin: tokio::time::Instant,
}

impl Future for TimerSleep {
    type Output = ();
    fn poll(mut self: Pin<&mut Self>, cx: &mut Context<'_>) -> Poll<()> {
        self.sleep.as_mut().poll(cx)
    }
}

impl Sleep for TimerSleep {
    fn reset(mut self: Pin<&mut Self>, deadline: Instant) {
        let deadline = real(self.origin, deadline);
        self.sleep.as_mut().reset(deadline);
    }
}
