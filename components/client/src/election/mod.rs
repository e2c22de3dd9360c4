//! One leader at a time among replicas of a component, by a Lease.
//!
//! Upstream: client-go/tools/leaderelection.

mod core;
mod lease;
#[cfg(test)]
mod model;
mod run;
mod step;

pub use self::core::Election;
pub use lease::{Record, Timing, TimingError};
pub use run::{Elector, Ended};
pub use step::{Input, Next};
