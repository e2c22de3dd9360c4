//! turmoil as an engine: its network and time, under the traits of `host`. For small stories.
//!
//! Each machine is a tokio runtime of its own with a paused clock, and all go on by ticks of a
//! millisecond: the cost grows with machines, links and ticks. Segments that meet a partition are
//! lost for good, so a stream that lived through one is as good as dead. Disks are our model.

mod machine;
mod network;

use engines::{Engine, Program};
use machine::Machine;
use std::{collections::BTreeSet, fmt, time::Duration};
use turmoil::{Builder, Sim};

const TICK: Duration = Duration::from_millis(1);
/// Segments in flight on a connection; turmoil panics beyond them.
const TCP_SEGMENTS_MAX: usize = 64 * 1024;

/// A world run by turmoil.
pub struct Turmoil {
    sim: Sim<'static>,
    seed: u64,
    machines: BTreeSet<String>,
    cut: Vec<(String, String)>,
}

impl fmt::Debug for Turmoil {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Turmoil").field("machines", &self.machines).finish_non_exhaustive()
    }
}

impl Turmoil {
    /// An empty world.
    pub fn new(seed: u64) -> Self {
        let mut builder = Builder::new();
        builder.rng_seed(seed).tick_duration(TICK).tcp_capacity(TCP_SEGMENTS_MAX);
        builder.simulation_duration(Duration::from_secs(3_600));
        Self { sim: builder.build(), seed, machines: BTreeSet::new(), cut: vec![] }
    }
}

impl Engine for Turmoil {
    fn install(&mut self, machine: &str, program: Program) {
        let here = Machine::new(machine, self.seed);
        self.sim.host(machine, move || {
            let (program, here) = (program.clone(), here.clone());
            // The host is made within the task: its clock is that of the task's runtime.
            async move {
                program(here.host()).await;
                Ok(())
            }
        });
        self.machines.insert(machine.to_owned());
    }

    fn kill(&mut self, machine: &str) {
        self.sim.crash(machine);
    }

    fn start(&mut self, machine: &str) {
        self.sim.bounce(machine);
    }

    fn isolate(&mut self, machine: &str) {
        for other in self.machines.iter().filter(|it| *it != machine) {
            self.sim.partition(machine, other.as_str());
            self.cut.push((machine.to_owned(), other.clone()));
        }
    }

    fn heal(&mut self) {
        for (one, other) in self.cut.drain(..) {
            self.sim.repair(one.as_str(), other.as_str());
        }
    }

    fn run_for(&mut self, duration: Duration) {
        let end = self.sim.elapsed() + duration;
        while self.sim.elapsed() < end {
            // An error is a program's, and ours return none.
            self.sim.step().expect("a program of ours does not fail");
        }
    }
}
