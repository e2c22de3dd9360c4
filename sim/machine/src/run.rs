//! Letting the world go on, and having things done to it at set times.

use crate::{Stuck, Time, World};
use kernel::Stop;
use std::time::Duration;

impl World {
    /// Has `call` made with the world at `at`, or at once when that has passed. Calls for the same
    /// time are made in the order in which they were asked for.
    pub fn at(&self, at: Time, call: impl FnOnce(&World) + Send + 'static) {
        let token = {
            let mut made = self.inner.calls_made.lock();
            *made += 1;
            *made
        };
        self.inner.calls.lock().insert(token, Box::new(call));
        self.inner.kernel.return_at(at, token);
    }

    /// Runs until true time is `limit`.
    ///
    /// # Errors
    /// [`Stuck`]: the budget is spent, most often by a livelock.
    pub fn run_until(&self, limit: Time) -> Result<(), Stuck> {
        while let Stop::Returned(token) = self.inner.kernel.run(limit)? {
            self.make_call(token);
        }
        // Nothing left to do is no reason for time to stand still.
        self.inner.kernel.observe_time(limit);
        Ok(())
    }

    /// Runs for so long.
    ///
    /// # Errors
    /// As [`World::run_until`].
    pub fn run_for(&self, duration: Duration) -> Result<(), Stuck> {
        self.run_until(self.now() + duration)
    }

    /// Runs until nothing will ever happen again, or until `limit`; true in the first case.
    ///
    /// # Errors
    /// As [`World::run_until`].
    pub fn run_until_idle(&self, limit: Time) -> Result<bool, Stuck> {
        loop {
            match self.inner.kernel.run(limit)? {
                Stop::Returned(token) => self.make_call(token),
                Stop::Idle => return Ok(true),
                Stop::Limit | Stop::Moved => return Ok(false),
            }
        }
    }

    /// Runs while `wanted` holds, looking after every event, at most until `limit`. True when it
    /// stopped because `wanted` no longer held.
    ///
    /// # Errors
    /// As [`World::run_until`].
    pub fn run_while(
        &self,
        mut wanted: impl FnMut(&World) -> bool,
        limit: Time,
    ) -> Result<bool, Stuck> {
        while wanted(self) {
            match self.inner.kernel.run_instant(limit)? {
                Stop::Returned(token) => self.make_call(token),
                Stop::Moved => {}
                Stop::Idle => {
                    self.inner.kernel.observe_time(limit);
                    return Ok(!wanted(self));
                }
                Stop::Limit => return Ok(!wanted(self)),
            }
        }
        Ok(true)
    }

    /// For a foreign executor: does all that is due at `now`; gives the time of the next thing due.
    /// See [`kernel::Kernel::pump`] and [`kernel::Kernel::earlier`].
    ///
    /// # Errors
    /// As [`World::run_until`].
    pub fn pump(&self, now: Time) -> Result<Option<Time>, Stuck> {
        loop {
            let (next, calls) = self.inner.kernel.pump(now)?;
            if calls.is_empty() {
                return Ok(next);
            }
            calls.into_iter().for_each(|token| self.make_call(token));
        }
    }

    fn make_call(&self, token: u64) {
        let call = self.inner.calls.lock().remove(&token);
        if let Some(call) = call {
            call(self);
        }
    }
}
