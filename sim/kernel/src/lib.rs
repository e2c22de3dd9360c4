//! The machine room's engine: a seeded executor over virtual time, and the trace that proves it.
//!
//! One [`Kernel`] is one world on one thread. It polls tasks in an order that a seed decides, moves
//! time to the next thing due when nothing is ready, and folds every decision and every call of a
//! simulated host into a rolling hash: two runs with the same hash did the same things. It knows
//! nodes (a clock, a CPU, chance) and boots of processes (who owns a task), not networks or disks:
//! those are [`Device`]s that ask to be called back.
//!
//! Chance is drawn per node from counters keyed by the node's *name*, never from one shared
//! sequence, so that taking one machine out of a world leaves the others' chance as it was.
//!
//! Rules kept here: futures and wakers are never dropped under the kernel's lock; the kernel never
//! calls out with its lock held; a boot that is dead is never polled again.

mod boot;
mod chance;
mod clock;
mod context;
mod due;
mod executor;
mod external;
mod handle;
#[cfg(feature = "interpose")]
pub mod interpose;
mod kernel;
mod limits;
mod node;
mod panics;
mod schedule;
mod sleep;
mod tasks;
mod time;
mod timeline;
mod trace;

pub use boot::Boot;
pub use chance::{Draw, key_of, stream};
pub use clock::LocalClock;
pub use due::Device;
pub use executor::Stop;
pub use handle::Handle;
pub use kernel::{Config, DeviceId, Kernel, Order, Stalls, Supervisor};
pub use limits::{Budget, HotTask, Stuck};
pub use node::NodeId;
pub use time::Time;
pub use timeline::Timer;
pub use trace::{Entry, Kind, TraceHash, first_difference};
