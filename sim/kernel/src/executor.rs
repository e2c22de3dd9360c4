//! The loop: poll what is ready, then move time to what is due next.

use crate::{
    Kernel, Stuck, Time, context,
    due::Due,
    panics,
    schedule::Job,
    tasks::{Body, Slot},
};
use std::task::{Context, Poll};

/// Why the kernel stopped running.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Stop {
    /// Everything up to the limit is done, and it is that time now.
    Limit,
    /// Nothing is ready and nothing will ever be due.
    Idle,
    /// Something asked for with [`Kernel::return_at`] is due.
    Returned(u64),
    /// Time is about to move (only [`Kernel::run_instant`]).
    Moved,
}

impl Kernel {
    /// Runs until `limit`, until nothing is left to do, or until control is asked for.
    ///
    /// # Errors
    /// The budget is spent.
    pub fn run(&self, limit: Time) -> Result<Stop, Stuck> {
        let _running = context::enter(self);
        loop {
            self.run_ready()?;
            if let Some(stop) = self.fire_next(limit)? {
                return Ok(stop);
            }
        }
    }

    /// As [`Kernel::run`], but stops as soon as one thing due was dealt with.
    ///
    /// # Errors
    /// The budget is spent.
    pub fn run_instant(&self, limit: Time) -> Result<Stop, Stuck> {
        let _running = context::enter(self);
        self.run_ready()?;
        let stop = self.fire_next(limit)?;
        self.run_ready()?;
        Ok(stop.unwrap_or(Stop::Moved))
    }

    pub(crate) fn run_ready(&self) -> Result<(), Stuck> {
        loop {
            let now = self.now();
            // A statement of its own: the lock must not live into the poll.
            let job = self.state().next_job(now)?;
            match job {
                Some(job) => self.poll(job),
                None => return Ok(()),
            }
        }
    }

    fn poll(&self, job: Job) {
        let Job { id, node, body: Body { mut future, waker } } = job;
        let result = context::on_node(node, || {
            panics::caught(|| future.as_mut().poll(&mut Context::from_waker(&waker)))
        });
        let body = Body { future, waker };
        let mut state = self.state();
        if let Ok(Poll::Pending) = result
            && let Some(slot) = state.tasks.get_mut(id)
        {
            slot.body = Some(body);
            return;
        }
        let ended = state.tasks.remove(id);
        drop(state);
        self.drop_on(node, vec![body]);
        if let (Err(message), Some(slot)) = (result, ended) {
            self.report_panic(&slot, &message);
        }
    }

    fn report_panic(&self, slot: &Slot, message: &str) {
        // A process that was dying already says nothing more.
        if !slot.boot.condemn() {
            return;
        }
        let supervisor = self.0.supervisor.lock().as_ref().and_then(std::sync::Weak::upgrade);
        if let Some(supervisor) = supervisor {
            supervisor.panicked(&slot.boot, slot.name, message);
        }
    }

    /// Moves to the next thing due by `limit` and does it.
    pub(crate) fn fire_next(&self, limit: Time) -> Result<Option<Stop>, Stuck> {
        let due = {
            let mut state = self.state();
            match state.timeline.pop(limit) {
                Some((at, due)) => {
                    if at > self.now() {
                        self.set_now(at);
                        state.steps_this_instant = 0;
                    }
                    state.fired += 1;
                    state.step(self.now())?;
                    due
                }
                None if state.timeline.next_at().is_none() => return Ok(Some(Stop::Idle)),
                None => {
                    self.set_now(limit.max(self.now()));
                    return Ok(Some(Stop::Limit));
                }
            }
        };
        Ok(self.fire(due))
    }

    fn fire(&self, due: Due) -> Option<Stop> {
        match due {
            Due::Wake(_, waker) => waker.wake(),
            Due::Task(id) => self.state().enqueue_delayed(id),
            Due::Device(device, token) => {
                let device = self.0.devices.lock()[device as usize].upgrade();
                if let Some(device) = device {
                    device.fire(self, token);
                }
            }
            Due::Return(token) => return Some(Stop::Returned(token)),
        }
        None
    }
}
