//! Tasks on tokio's worker threads.

use futures_util::FutureExt;
use host::{Abort, BoxFuture, Tasks};
use std::{panic::AssertUnwindSafe, process, sync::Arc};
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
        let whole = async {
            // As on a simulated machine, nothing goes on half alive; whoever can go on without a part
            // of itself contains that part's panics, as the API server does those of a request.
            if AssertUnwindSafe(work).catch_unwind().await.is_err() {
                process::abort();
            }
        };
        Arc::new(Running(self.0.spawn(whole).abort_handle()))
    }
}
