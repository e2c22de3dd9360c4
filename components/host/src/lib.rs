//! Everything a component may ask of the machine it runs on.
//!
//! A component is handed a [`Host`] by its constructor and touches nothing else: no ambient time,
//! files, sockets, threads, environment or chance. `real/linux` and `sim/machine` each implement
//! the traits below, which is why one text runs on Linux and in a seeded simulation.
//!
//! The traits are object-safe so that components are not generic over their machine. Opening
//! something gives a boxed future; what was opened is poll-based, so bytes flow without a box per
//! read.

mod backoff;
mod clock;
#[cfg(feature = "conformance")]
pub mod conformance;
mod defects;
mod disk;
mod foreign;
mod network;
mod probe;
mod random;
mod select;
mod stop;
mod tasks;
pub mod watch;

pub use backoff::Backoff;
pub use clock::{Clock, Elapsed, Instant, Interval, Sleep, StdInstant, Timestamp};
pub use defects::Defects;
pub use disk::{BlockFile, Disk, FileLock, Open};
pub use foreign::{Accepting, Addressed};
pub use network::{BoxStream, Datagrams, Listener, Network, Stream};
pub use probe::{Event, Field, Level, NoProbe, Probe, Value};
pub use random::Random;
pub use select::{Either2, Either3, Either4, Either5, Either6};
#[doc(hidden)]
pub use select::{select2, select3, select4, select5, select6};
pub use stop::{Stop, Stopper, stop_pair};
pub use tasks::{Abort, Children, Lost, Task, Tasks};

use std::{fmt, future::Future, net::SocketAddr, pin::Pin, sync::Arc, time::Duration};

/// A boxed future that may be sent between threads.
pub type BoxFuture<'a, T> = Pin<Box<dyn Future<Output = T> + Send + 'a>>;

/// The machine under a component: Linux, or a simulated one. Cheap to clone.
#[derive(Clone)]
pub struct Host {
    /// The machine's name, for logs and metrics; no identity is derived from it.
    pub name: Arc<str>,
    /// Monotonic and wall time.
    pub clock: Arc<dyn Clock>,
    /// Streams, datagrams and name look-up.
    pub network: Arc<dyn Network>,
    /// Files that survive a restart.
    pub disk: Arc<dyn Disk>,
    /// Chance.
    pub random: Arc<dyn Random>,
    /// Concurrency.
    pub tasks: Arc<dyn Tasks>,
    /// Where the component's own account of itself goes: logs, oracles, crash points.
    pub probe: Arc<dyn Probe>,
    /// Deliberate bugs, for proving oracles. Always empty in production.
    pub defects: Defects,
}

impl fmt::Debug for Host {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Host").field("name", &self.name).finish_non_exhaustive()
    }
}

impl Host {
    /// Monotonic time of this machine.
    pub fn now(&self) -> Instant {
        self.clock.now()
    }

    /// Completes `duration` from now by the machine's monotonic clock.
    pub fn sleep(&self, duration: Duration) -> Pin<Box<dyn Sleep>> {
        self.clock.sleep_until(self.clock.now() + duration)
    }

    /// Runs `work` for at most `limit`.
    ///
    /// # Errors
    /// [`Elapsed`] when the limit passed first; `work` is dropped then.
    pub async fn timeout<F: Future>(&self, limit: Duration, work: F) -> Result<F::Output, Elapsed> {
        clock::timeout(self.sleep(limit), work).await
    }

    /// Ticks every `period`, the first time one period from now. A late tick is not made up for.
    pub fn interval(&self, period: Duration) -> Interval {
        Interval::new(self.clock.clone(), period)
    }

    /// Starts a named task. It is cancelled when the handle is dropped: tasks belong to a parent.
    pub fn spawn<T: Send + 'static>(
        &self,
        name: &'static str,
        work: impl Future<Output = T> + Send + 'static,
    ) -> Task<T> {
        Task::spawn(&*self.tasks, name, work)
    }

    /// Runs blocking disk work off the async path and waits for it.
    ///
    /// On Linux it blocks the thread that polls, whose other tasks move away. In simulation it runs at once and the summed
    /// latency of its disk operations passes before this returns.
    ///
    /// # Panics
    /// When `work` panicked: that is a bug of ours, and it is not swallowed.
    pub async fn disk_job<T: Send + 'static>(
        &self,
        work: impl FnOnce(&dyn Disk) -> T + Send + 'static,
    ) -> T {
        let (sender, mut receiver) = tokio::sync::oneshot::channel();
        let disk = self.disk.clone();
        let job = Box::new(move || drop(sender.send(work(&*disk))));
        self.disk.job(job).await;
        receiver.try_recv().expect("a disk job panicked")
    }

    /// A place where a simulated process may be made to crash. Free in production.
    pub fn point(&self, name: &'static str) {
        self.probe.point(name);
    }

    /// Waits for the next connection.
    ///
    /// # Errors
    /// The listener is broken or its process is dying.
    pub async fn accept(&self, listener: &mut dyn Listener) -> std::io::Result<BoxStream> {
        std::future::poll_fn(|cx| listener.poll_accept(cx)).await
    }

    /// Opens a connection, giving up after `limit`.
    ///
    /// # Errors
    /// What [`Network::connect`] says, or `TimedOut`.
    pub async fn connect(&self, to: SocketAddr, limit: Duration) -> std::io::Result<BoxStream> {
        match self.timeout(limit, self.network.connect(to)).await {
            Ok(result) => result,
            Err(Elapsed) => Err(std::io::ErrorKind::TimedOut.into()),
        }
    }
}
