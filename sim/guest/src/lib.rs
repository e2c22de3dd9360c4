//! A tokio guest: unmodified tokio code as a process of a simulated machine.
//!
//! One current-thread runtime with a paused clock is the executor; the world's network, disks,
//! clocks and chance are what its hosts give out. Third-party code may spawn, sleep and lock by
//! tokio's own means, and talks over the streams of its host. Virtual time is one: tokio's clock
//! moves to whatever is due next, be it a timer of tokio's or something in the world.
//!
//! Two limits. Tokio's timers count whole milliseconds, so a guest sees what the world did at the
//! next whole millisecond. And `tokio::select!` without `biased` draws from a seed that tokio lets
//! nobody set outside of its unstable API: guests that use it are not held to equal hashes.
//!
//! ```
//! # use guest::Guest;
//! # use machine::{Program, World, WorldConfig};
//! # use std::{sync::Arc, time::Duration};
//! let guest = Guest::new(World::new(WorldConfig { seed: 7, ..WorldConfig::default() }));
//! let node = guest.world().add_machine("node");
//! let nap = || tokio::time::sleep(Duration::from_secs(3));
//! let napper: Program = Arc::new(move |_| Box::pin(async move { nap().await }));
//! guest.start(node, "napper", &napper);
//! guest.run_for(Duration::from_secs(2)).expect("nothing is wrong");
//! assert!(guest.world().is_running(node, "napper"));
//! guest.run_for(Duration::from_secs(2)).expect("nothing is wrong");
//! assert!(!guest.world().is_running(node, "napper"));
//! ```

mod driver;
mod life;
mod process;

use driver::Driver;
use machine::{MachineId, Stuck, World};
use process::Processes;
use std::{fmt, sync::Arc, time::Duration};
use tokio::runtime::{Builder, Runtime};

/// Why a guest cannot go on.
#[derive(Debug, thiserror::Error)]
pub enum Trouble {
    /// The world's budget is spent, most often by a livelock.
    #[error("{0}")]
    Stuck(Stuck),
    /// A program panicked, which is a bug of it or of ours.
    #[error("{process} on {machine} panicked in {task}: {message}")]
    Panicked {
        /// Its machine.
        machine: Arc<str>,
        /// Its process.
        process: String,
        /// The task of it.
        task: &'static str,
        /// Message and place.
        message: String,
    },
}

/// A world driven by a tokio runtime. It runs on the thread that calls it.
pub struct Guest {
    /// Declared first: its tasks hold hosts of the world.
    runtime: Runtime,
    driver: Arc<Driver>,
    processes: Arc<Processes>,
    /// The machine that tasks of nobody in particular run as.
    nobody: MachineId,
}

impl fmt::Debug for Guest {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Guest").field("world", self.world()).finish_non_exhaustive()
    }
}

impl Guest {
    /// Takes a world over. Its own programs go on running in it, beside the guest's.
    ///
    /// # Panics
    /// When the operating system refuses a runtime its thread-local storage.
    pub fn new(world: World) -> Self {
        // Tasks that third-party code starts by `tokio::spawn` belong to no machine; their chance
        // must come from somewhere.
        let nobody = world.add_machine("tokio");
        let driver = Arc::new(Driver::new(world));
        let (kernel, awake) = (driver.world.kernel().clone(), driver.clone());
        let built = kernel.caught_on(nobody, || {
            let mut builder = Builder::new_current_thread();
            builder.enable_time().start_paused(true);
            // Time moves while the runtime is parked; the world follows before any task is polled.
            builder.on_thread_unpark(move || drop(awake.pump()));
            builder.build()
        });
        let runtime = built.expect("building a runtime does not panic").expect("no I/O driver");
        let processes = Processes::new(runtime.handle().clone(), driver.clone());
        driver.world.observe(processes.clone());
        runtime.spawn(driver.clone().run());
        Self { runtime, driver, processes, nobody }
    }

    /// The world: machines, rules, disks, clocks.
    pub fn world(&self) -> &World {
        &self.driver.world
    }

    /// Starts a program as a process of a machine, run by the guest. A process of this name must
    /// not be running. False when the machine is off.
    ///
    /// It ends like any other process: when its program returns, when [`World::kill`] or a power cut
    /// strikes it, or when it panics. Tasks that it started by other means than its host live on,
    /// with connections that are dead.
    pub fn start(&self, machine: MachineId, process: &str, program: &machine::Program) -> bool {
        self.world().is_powered(machine) && {
            self.processes.start(machine, process, program);
            true
        }
    }

    /// Lets virtual time pass.
    ///
    /// # Errors
    /// [`Trouble`], also when it happened in an earlier call.
    pub fn run_for(&self, duration: Duration) -> Result<(), Trouble> {
        let kernel = self.world().kernel().clone();
        let ran = kernel.caught_on(self.nobody, || {
            self.runtime.block_on(async {
                // Looked at at once: something may have been changed between two runs.
                self.driver.pump().map(drop)?;
                tokio::time::sleep(duration).await;
                self.driver.pump().map(drop)
            })
        });
        let machine = Arc::from("tokio");
        let panicked = |message| Trouble::Panicked {
            machine,
            process: String::new(),
            task: "runtime",
            message,
        };
        ran.map_err(panicked)?.map_err(Trouble::Stuck)?;
        self.processes.take_panic().map_or(Ok(()), Err)
    }
}

impl Drop for Guest {
    fn drop(&mut self) {
        // What tasks do when they are dropped is as deterministic as what they do while they live.
        self.processes.end_all();
    }
}
