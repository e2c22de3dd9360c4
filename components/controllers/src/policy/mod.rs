//! What others may do, and how much of it.

mod disruption;
mod roles;

pub(crate) use disruption::Disruption;
pub(crate) use roles::Roles;
