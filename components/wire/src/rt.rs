//! hyper's executor and timer on a host.

use host::{Host, Instant, StdInstant};
use std::{
    pin::Pin,
    task::{Context, Poll},
    time::Duration,
};

/// Runs hyper's inner tasks (one per request, one per HTTP/2 connection).
#[derive(Clone)]
pub(crate) struct Executor(pub(crate) Host);

impl<F: Future<Output = ()> + Send + 'static> hyper::rt::Executor<F> for Executor {
    fn execute(&self, work: F) {
        // hyper ends these itself when their connection goes.
        self.0.spawn("wire/hyper", work).detach();
    }
}

/// The host's monotonic clock in the type that hyper speaks.
#[derive(Clone)]
pub(crate) struct Timer(Host);

impl Timer {
    pub(crate) fn new(host: &Host) -> Self {
        Self(host.clone())
    }

    fn ours(&self, deadline: StdInstant) -> Instant {
        Instant::default() + deadline.saturating_duration_since(self.0.clock.std_origin())
    }
}

impl hyper::rt::Timer for Timer {
    fn sleep(&self, duration: Duration) -> Pin<Box<dyn hyper::rt::Sleep>> {
        Box::pin(Sleep(self.0.sleep(duration)))
    }

    fn sleep_until(&self, deadline: StdInstant) -> Pin<Box<dyn hyper::rt::Sleep>> {
        Box::pin(Sleep(self.0.clock.sleep_until(self.ours(deadline))))
    }

    fn now(&self) -> StdInstant {
        self.0.clock.std_origin() + self.0.now().since(Instant::default())
    }

    fn reset(&self, sleep: &mut Pin<Box<dyn hyper::rt::Sleep>>, deadline: StdInstant) {
        match sleep.as_mut().downcast_mut_pin::<Sleep>() {
            Some(sleep) => sleep.get_mut().0.as_mut().reset(self.ours(deadline)),
            None => *sleep = self.sleep_until(deadline),
        }
    }
}

struct Sleep(Pin<Box<dyn host::Sleep>>);

impl Future for Sleep {
    type Output = ();
    fn poll(mut self: Pin<&mut Self>, cx: &mut Context<'_>) -> Poll<()> {
        self.0.as_mut().poll(cx)
    }
}

impl hyper::rt::Sleep for Sleep {}
