//! Monotonic time, wall time, and waiting.

use crate::BoxFuture;
use std::{
    fmt,
    future::Future,
    ops::{Add, AddAssign, Sub},
    pin::{Pin, pin},
    sync::Arc,
    task::{Context, Poll},
    time::Duration,
};

/// Monotonic time of one machine, in nanoseconds since an arbitrary origin of that machine.
///
/// Never compare the instants of two machines, nor write one to disk.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct Instant(pub u64);

/// Wall time in nanoseconds since the Unix epoch. It may jump either way, drift, and be wrong.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct Timestamp(pub u64);

impl Timestamp {
    /// Whole seconds since the Unix epoch.
    pub fn seconds(self) -> u64 {
        self.0 / 1_000_000_000
    }
}

fn nanos(duration: Duration) -> u64 {
    u64::try_from(duration.as_nanos()).unwrap_or(u64::MAX)
}

impl Instant {
    /// How long after `earlier` this is; zero if it is before.
    pub fn since(self, earlier: Instant) -> Duration {
        Duration::from_nanos(self.0.saturating_sub(earlier.0))
    }
}

impl Add<Duration> for Instant {
    type Output = Instant;
    fn add(self, duration: Duration) -> Instant {
        Instant(self.0.saturating_add(nanos(duration)))
    }
}

impl AddAssign<Duration> for Instant {
    fn add_assign(&mut self, duration: Duration) {
        *self = *self + duration;
    }
}

impl Sub for Instant {
    type Output = Duration;
    /// Zero if `earlier` is in fact later.
    fn sub(self, earlier: Instant) -> Duration {
        self.since(earlier)
    }
}

/// A pending wait that can be moved to another deadline without a new allocation.
pub trait Sleep: Future<Output = ()> + Send + Sync {
    /// Waits for `deadline` instead, also after completion.
    fn reset(self: Pin<&mut Self>, deadline: Instant);
}

/// The standard library's instant, for the interfaces of libraries that speak it: they dictate the
/// type. Only [`Clock::std_origin`] gives one.
#[allow(clippy::disallowed_types, reason = "the one place that names it; nothing is asked here")]
pub type StdInstant = std::time::Instant;

/// The clocks of one machine.
pub trait Clock: Send + Sync {
    /// Monotonic time. A crash of the machine may restart it from any origin.
    fn now(&self) -> Instant;
    /// Wall time, as wrong as the machine's clock is.
    fn wall(&self) -> Timestamp;
    /// Completes at or after `deadline` by the monotonic clock. Dropping it cancels.
    fn sleep_until(&self, deadline: Instant) -> Pin<Box<dyn Sleep>>;
    /// What `Instant(0)` is in the standard library's type, which some libraries speak and which
    /// can only be had from a machine. It is the same at every call and opaque: only what is
    /// added to it and taken off again means anything.
    fn std_origin(&self) -> StdInstant;
}

/// The time limit passed first.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Elapsed;

impl fmt::Display for Elapsed {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("the time limit passed")
    }
}

impl std::error::Error for Elapsed {}

/// Completion is looked at before the limit, so that a result that is there is never lost.
pub(crate) async fn timeout<F: Future>(
    mut sleep: Pin<Box<dyn Sleep>>,
    work: F,
) -> Result<F::Output, Elapsed> {
    let mut work = pin!(work);
    std::future::poll_fn(move |cx| match work.as_mut().poll(cx) {
        Poll::Ready(output) => Poll::Ready(Ok(output)),
        Poll::Pending => sleep.as_mut().poll(cx).map(|()| Err(Elapsed)),
    })
    .await
}

/// Ticks at a fixed period.
pub struct Interval {
    clock: Arc<dyn Clock>,
    period: Duration,
    sleep: Pin<Box<dyn Sleep>>,
}

impl fmt::Debug for Interval {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Interval").field("period", &self.period).finish_non_exhaustive()
    }
}

impl Interval {
    pub(crate) fn new(clock: Arc<dyn Clock>, period: Duration) -> Self {
        let sleep = clock.sleep_until(clock.now() + period);
        Self { clock, period, sleep }
    }

    /// Completes at the next tick. Cancel-safe: a tick that was not awaited is not lost.
    pub async fn tick(&mut self) {
        std::future::poll_fn(|cx| self.poll_tick(cx)).await;
    }

    /// Ready at the next tick. After a long pause ticks go on from now: none are made up for.
    pub fn poll_tick(&mut self, cx: &mut Context<'_>) -> Poll<()> {
        self.sleep.as_mut().poll(cx).map(|()| {
            let next = self.clock.now() + self.period;
            self.sleep.as_mut().reset(next);
        })
    }
}

impl dyn Clock {
    /// A future that completes at `deadline`, for places that need a plain boxed future.
    pub fn boxed_sleep(&self, deadline: Instant) -> BoxFuture<'static, ()> {
        self.sleep_until(deadline)
    }
}
