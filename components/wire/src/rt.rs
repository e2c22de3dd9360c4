//! hyper's executor and timer on a host.

use host::{Host, Instant};
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
///
/// A `std::time::Instant` can only be had from the machine, so one is taken as the origin, and
/// every other is that origin plus time told by the host. Only differences are ever looked at:
/// the machine's own clock has no influence.
#[derive(Clone)]
pub(crate) struct Timer {
    host: Host,
    #[allow(clippy::disallowed_types, reason = "hyper's interface; see above")]
    origin: std::time::Instant,
    began: Instant,
}

impl Timer {
    #[allow(
        clippy::disallowed_methods,
        clippy::disallowed_types,
        reason = "an opaque origin, never compared to another"
    )]
    pub(crate) fn new(host: &Host) -> Self {
        Self { host: host.clone(), origin: std::time::Instant::now(), began: host.now() }
    }
}

#[allow(clippy::disallowed_types, reason = "hyper's interface")]
impl hyper::rt::Timer for Timer {
    fn sleep(&self, duration: Duration) -> Pin<Box<dyn hyper::rt::Sleep>> {
        Box::pin(Sleep(self.host.sleep(duration)))
    }

    fn sleep_until(&self, deadline: std::time::Instant) -> Pin<Box<dyn hyper::rt::Sleep>> {
        let deadline = self.began + deadline.saturating_duration_since(self.origin);
        Box::pin(Sleep(self.host.clock.sleep_until(deadline)))
    }

    fn now(&self) -> std::time::Instant {
        self.origin + self.host.now().since(self.began)
    }

    fn reset(&self, sleep: &mut Pin<Box<dyn hyper::rt::Sleep>>, deadline: std::time::Instant) {
        let at = self.began + deadline.saturating_duration_since(self.origin);
        match sleep.as_mut().downcast_mut_pin::<Sleep>() {
            Some(sleep) => sleep.get_mut().0.as_mut().reset(at),
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
