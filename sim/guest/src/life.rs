//! One life of a guest's process: its tasks, which end with it.

use crate::{Trouble, process::Processes};
use host::{Abort, BoxFuture, Tasks};
use machine::MachineId;
use parking_lot::Mutex;
use std::{
    pin::Pin,
    sync::{Arc, Weak},
    task::{Context, Poll},
};
use tokio::task::AbortHandle;

/// A process from its start to its end.
pub(crate) struct Life {
    pub(crate) machine: MachineId,
    pub(crate) process: String,
    processes: Weak<Processes>,
    /// None when it is over.
    tasks: Mutex<Option<Vec<AbortHandle>>>,
}

impl Life {
    pub(crate) fn new(machine: MachineId, process: &str, processes: &Arc<Processes>) -> Self {
        Self {
            machine,
            process: process.to_owned(),
            processes: Arc::downgrade(processes),
            tasks: Mutex::new(Some(Vec::new())),
        }
    }

    /// Cancels all tasks. The one that is being polled ends with its poll.
    pub(crate) fn end(&self) {
        let tasks = self.tasks.lock().take();
        tasks.into_iter().flatten().for_each(|task| task.abort());
    }
}

/// What a host of this life starts tasks by.
pub(crate) struct GuestTasks(pub(crate) Arc<Life>);

impl Tasks for GuestTasks {
    fn spawn(&self, name: &'static str, work: BoxFuture<'static, ()>) -> Arc<dyn Abort> {
        let life = &self.0;
        let processes = life.processes.upgrade();
        let mut tasks = life.tasks.lock();
        let (Some(processes), Some(tasks)) = (processes, tasks.as_mut()) else {
            // Dropped by the caller's frame, after the lock.
            return Arc::new(GuestAbort(None));
        };
        let task = processes.runtime.spawn(GuestTask { life: life.clone(), name, work });
        if tasks.len() == tasks.capacity() {
            tasks.retain(|task| !task.is_finished());
        }
        tasks.push(task.abort_handle());
        Arc::new(GuestAbort(Some(task.abort_handle())))
    }
}

struct GuestAbort(Option<AbortHandle>);

impl Abort for GuestAbort {
    fn abort(&self) {
        self.0.iter().for_each(AbortHandle::abort);
    }
}

/// A task that runs as its machine.
struct GuestTask {
    life: Arc<Life>,
    name: &'static str,
    work: BoxFuture<'static, ()>,
}

impl Future for GuestTask {
    type Output = ();

    fn poll(mut self: Pin<&mut Self>, cx: &mut Context<'_>) -> Poll<()> {
        let this = &mut *self;
        let Some(processes) = this.life.processes.upgrade() else { return Poll::Ready(()) };
        let world = &processes.driver.world;
        let polled = world.kernel().caught_on(this.life.machine, || this.work.as_mut().poll(cx));
        polled.unwrap_or_else(|message| {
            let process = this.life.process.clone();
            let machine = world.name(this.life.machine);
            processes.panicked(Trouble::Panicked { machine, process, task: this.name, message });
            world.kill(this.life.machine, &this.life.process);
            Poll::Ready(())
        })
    }
}
