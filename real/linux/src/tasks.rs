//! Tasks on tokio's worker threads.

use host::{Abort, BoxFuture, Tasks};
use std::sync::Arc;
use tokio::{runtime::Handle, task::AbortHandle};

/// The runtime's executor.
pub(crate) struct Runtime(pub(crate) Handle);

struct Running(AbortHandle);

impl Abort for Running {
    fn abort(&self) {
        self.0.abort();
    }
}

impl Tasks for Runtime {
    fn spawn(&self, _name: &'static str, work: BoxFuture<'static, ()>) -> Arc<dyn Abort> {
        Arc::new(Running(self.0.spawn(work).abort_handle()))
    }
}
