//! Simulated machines: `host` over a kernel, a network and disks, with power, processes and faults.
//!
//! A [`World`] holds machines; a machine holds processes; a process is a program that was handed a
//! [`host::Host`]. Each start of a process is a new boot: whatever an old boot still holds has no
//! effect. A process that dies leaves its machine up (its peers are refused or reset, the page cache
//! survives); a machine that loses power falls silent (its peers time out, what was not synced may
//! be gone).
//!
//! ```
//! # use machine::{World, WorldConfig};
//! # use std::{sync::Arc, time::Duration};
//! let world = World::new(WorldConfig { seed: 7, ..WorldConfig::default() });
//! let node = world.add_machine("node-1");
//! world.install(node, "napper", Arc::new(|host: host::Host| {
//!     Box::pin(async move { host.sleep(Duration::from_secs(3)).await })
//! }));
//! world.start(node, "napper");
//! world.run_for(Duration::from_secs(10)).expect("naps do not livelock");
//! assert!(!world.is_running(node, "napper"));
//! ```

mod clocks;
mod death;
mod disk;
mod machine;
mod observer;
mod points;
mod power;
mod probe;
mod process;
mod run;
mod world;

pub use kernel::{
    Boot, Budget, Entry, HotTask, NodeId as MachineId, Order, Stalls, Stuck, Time, TraceHash,
};
pub use network::{Carried, Effect, NetworkConfig, Quality, Rule, RuleId, Stations};
pub use observer::{Lifecycle, Observer, Source};
pub use points::Crash;
pub use process::Program;
pub use world::{World, WorldConfig};
