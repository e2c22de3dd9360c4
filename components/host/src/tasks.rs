//! Concurrency with owners: every task has a name and a parent that cancels it.

use crate::BoxFuture;
use std::{
    fmt,
    future::Future,
    pin::Pin,
    sync::Arc,
    task::{Context, Poll},
};
use tokio::sync::oneshot;

/// Starts tasks on the machine. Components use [`crate::Host::spawn`].
pub trait Tasks: Send + Sync {
    /// Starts `work`. It is not cancelled when the result is dropped. When the process is already
    /// dying, `work` is dropped at once.
    fn spawn(&self, name: &'static str, work: BoxFuture<'static, ()>) -> Arc<dyn Abort>;
}

/// Stops a task.
pub trait Abort: Send + Sync {
    /// Drops the task's future, at the latest when its current poll returns. Idempotent.
    fn abort(&self);
}

/// The task was cancelled, or panicked, before it gave a result.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Lost;

impl fmt::Display for Lost {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("the task ended without a result")
    }
}

impl std::error::Error for Lost {}

/// A running task; await it for its result. Dropping it cancels the task.
pub struct Task<T> {
    name: &'static str,
    result: oneshot::Receiver<T>,
    abort: Option<Arc<dyn Abort>>,
}

impl<T> fmt::Debug for Task<T> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_tuple("Task").field(&self.name).finish()
    }
}

impl<T: Send + 'static> Task<T> {
    pub(crate) fn spawn(
        tasks: &dyn Tasks,
        name: &'static str,
        work: impl Future<Output = T> + Send + 'static,
    ) -> Self {
        let (sender, result) = oneshot::channel();
        let abort = tasks.spawn(name, Box::pin(async move { drop(sender.send(work.await)) }));
        Self { name, result, abort: Some(abort) }
    }

    /// Lets the task run without an owner, until it ends or the process does. For work whose end
    /// nobody waits for, such as one request on a connection.
    pub fn detach(mut self) {
        self.abort = None;
    }

    /// True once the task has ended, in whatever way.
    pub fn is_finished(&self) -> bool {
        !self.result.is_empty() || self.result.is_terminated()
    }
}

impl<T> Future for Task<T> {
    type Output = Result<T, Lost>;
    fn poll(mut self: Pin<&mut Self>, cx: &mut Context<'_>) -> Poll<Self::Output> {
        Pin::new(&mut self.result).poll(cx).map_err(|_| Lost)
    }
}

impl<T> Drop for Task<T> {
    fn drop(&mut self) {
        if let Some(abort) = self.abort.take() {
            abort.abort();
        }
    }
}

/// The children of one parent: all are cancelled when it is dropped.
#[derive(Debug, Default)]
pub struct Children(Vec<Task<()>>);

impl Children {
    /// Adds a child, and forgets those that have ended.
    pub fn adopt(&mut self, task: Task<()>) {
        if self.0.len() == self.0.capacity() {
            self.0.retain(|task| !task.is_finished());
        }
        self.0.push(task);
    }
}
