//! Keeps the world's time and tokio's one.

use machine::{Stuck, Time, World};
use parking_lot::Mutex;
use std::{pin::pin, sync::Arc, task::Poll};
use tokio::time::Instant;

pub(crate) struct Driver {
    pub(crate) world: World,
    /// Tokio's time when the world's was zero; set by the first look at it.
    beginning: Mutex<Option<Instant>>,
}

impl Driver {
    pub(crate) fn new(world: World) -> Self {
        Self { world, beginning: Mutex::new(None) }
    }

    fn beginning(&self) -> Instant {
        let behind = self.world.now().since(Time::ZERO);
        *self.beginning.lock().get_or_insert_with(|| Instant::now() - behind)
    }

    /// Has the world do all that is due by tokio's time; gives the time of the next thing due.
    pub(crate) fn pump(&self) -> Result<Option<Instant>, Stuck> {
        let beginning = self.beginning();
        let next = self.world.pump(Time::from(beginning.elapsed()))?;
        Ok(next.map(|at| beginning + at.since(Time::ZERO)))
    }

    /// Sleeps until the next thing is due, over and over, so that tokio's clock does not pass it.
    pub(crate) async fn run(self: Arc<Self>) {
        let earlier = self.world.kernel().earlier();
        while let Ok(next) = self.pump() {
            let mut earlier = pin!(earlier.notified());
            let Some(next) = next else {
                earlier.await;
                continue;
            };
            let mut due = pin!(tokio::time::sleep_until(next));
            std::future::poll_fn(|cx| match earlier.as_mut().poll(cx) {
                Poll::Ready(()) => Poll::Ready(()),
                Poll::Pending => due.as_mut().poll(cx),
            })
            .await;
        }
    }
}
