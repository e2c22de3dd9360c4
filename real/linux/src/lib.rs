//! Linux and tokio behind [`host::Host`]: the same components on a real machine.
//!
//! Everything that reads the machine's clock, sockets, files or chance lives here and nowhere else.

mod allocate;
mod clock;
mod disk;
mod heaps;
mod log;
mod network;
mod page_cache;
mod random;
mod run;
mod tasks;
mod usage;

pub use log::{Format, Log};
pub use run::{Config, run};
pub use usage::metrics as usage;

use host::{Defects, Host, Probe};
use std::sync::Arc;
use tokio::runtime::Handle;

/// A host over the runtime that `handle` belongs to; `probe` takes its events.
///
/// The runtime needs tokio's I/O and time drivers, as [`run`] gives it.
pub fn host(name: &str, handle: &Handle, probe: Arc<dyn Probe>) -> Host {
    Host {
        name: name.into(),
        clock: Arc::new(clock::SystemClock::new(handle.clone())),
        network: Arc::new(network::Sockets),
        disk: Arc::new(disk::FileSystem::new(handle.clone())),
        random: Arc::new(random::Kernel::new()),
        tasks: Arc::new(tasks::Runtime(handle.clone())),
        probe,
        defects: Defects::none(),
    }
}
