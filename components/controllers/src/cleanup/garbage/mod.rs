//! Deletes objects whose owners are all gone, in the order that their owners' deletion asks for.
//!
//! Upstream: pkg/controller/garbagecollector. The graph of owners and dependents is pure, as is the
//! decision about one object; a collector beside them follows every resource that can be deleted.
//! It is no [`crate::controller::Controller`], since what it watches is found at run time and its
//! keys are uids, but it plans and writes as all others do.

mod collector;
mod decide;
mod graph;
mod kinds;

pub(crate) use collector::Collector;
