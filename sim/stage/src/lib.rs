//! A scenario on its stage: the cluster, its faults, its users and its judges, and what they leave.
//!
//! The loop is the same for every seed: let the world run to the next moment at which something is
//! due, carry it out, go on; at the end heal everything, wait, and hear the judges.

mod evidence;
mod gallery;
mod lies;
mod operator;
mod placement;
mod settings;
mod show;
mod strikes;

pub use evidence::{draw_messages, trace};
pub use strikes::Strikes;

use record::{RunOptions, RunRecord};
use scenario::Scenario;

/// Runs an explicit scenario: chaos must have been drawn already.
pub fn run(scenario: &Scenario, seed: u64, options: RunOptions) -> RunRecord {
    show::Show::new(scenario, seed, options).play(scenario)
}
