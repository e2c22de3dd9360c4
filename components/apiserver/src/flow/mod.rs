//! API Priority and Fairness: who is served now, who waits, and who is sent away.
//!
//! A schema takes a request and names its flow and its level; the level has seats, lent to others
//! while it does not want them, and queues in which flows get equal shares. All of that is pure
//! ([`flows`]); [`gate`] lets requests wait for it, [`keep`] carries the cluster's objects in.
//!
//! Upstream: apiserver/pkg/util/flowcontrol.

mod allocation;
mod bootstrap;
mod dealer;
mod demand;
mod dump;
mod estimate;
mod flows;
mod gate;
mod in_flight;
mod keep;
mod level;
mod metrics;
mod queue;
mod queue_set;
#[cfg(test)]
mod queue_set_tests;
mod retry_after;
mod schema;
mod watches;
mod work;

pub(crate) use estimate::Stored;
pub(crate) use gate::{Classified, Comer, Gate, Seat, TurnedAway};
pub(crate) use in_flight::{InFlight, Place};
pub(crate) use keep::{follow, produce};
pub(crate) use watches::Watching;
