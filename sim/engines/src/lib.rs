//! One scenario, any engine: what must come out the same wherever components run.
//!
//! An [`Engine`] is a small world: machines with one program each, faults between them, and time
//! that goes on when asked to. [`echo`] and [`cluster`] tell a story to an engine and give the
//! verdict. Our own engine, the tokio guest, madsim and turmoil are four such worlds with different
//! executors, clocks and networks; if the simulator lied, they would not agree.
//!
//! Nothing here knows an engine, and no engine that brings its own network links our kernel.

mod audit;
pub mod cluster;
pub mod echo;
mod latent_disk;
mod members;
mod overheard;
mod seeded;
mod watching;
mod writing;

pub use latent_disk::LatentDisk;
pub use seeded::{SeededRandom, stream};

use host::{BoxFuture, Host};
use std::{sync::Arc, time::Duration};

/// What a machine runs: called at every start with the host of that start.
pub type Program = Arc<dyn Fn(Host) -> BoxFuture<'static, ()> + Send + Sync>;

/// Makes a program of a function.
pub fn program<F: Future<Output = ()> + Send + 'static>(
    work: impl Fn(Host) -> F + Send + Sync + 'static,
) -> Program {
    Arc::new(move |host| Box::pin(work(host)))
}

/// A world of named machines that run one program each.
pub trait Engine {
    /// Adds a machine, which the network knows by this name, and starts its program.
    fn install(&mut self, machine: &str, program: Program);
    /// Kills the machine's program as SIGKILL does: its connections end, its files stay.
    fn kill(&mut self, machine: &str);
    /// Starts the program of a machine where it is not running.
    fn start(&mut self, machine: &str);
    /// Cuts a machine off from all machines there are.
    fn isolate(&mut self, machine: &str);
    /// Ends all isolation.
    fn heal(&mut self);
    /// Lets so much time pass.
    fn run_for(&mut self, duration: Duration);
}
