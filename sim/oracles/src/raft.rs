//! What Raft promises, judged from the facts that members state.
//!
//! Figure 3 of the paper (Ongaro and Ousterhout, 2014), and what must hold for it across restarts.

mod commit_monotonic;
mod configurations_overlap;
mod durable_promises;
mod durable_writes;
mod election_safety;
mod leader_completeness;
mod leader_steps_down;
mod log_matching;
mod members;
mod state_machine_safety;
mod vote_once;

pub use commit_monotonic::CommitMonotonic;
pub use configurations_overlap::ConfigurationsOverlap;
pub use durable_promises::DurablePromises;
pub use durable_writes::DurableWrites;
pub use election_safety::ElectionSafety;
pub use leader_completeness::LeaderCompleteness;
pub use leader_steps_down::LeaderStepsDown;
pub use log_matching::LogMatching;
pub(crate) use members::{Configuration, Member, Members};
pub use state_machine_safety::StateMachineSafety;
pub use vote_once::VoteOnce;
