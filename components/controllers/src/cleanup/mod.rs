//! Remove what nobody needs any more.

mod finished;
pub(crate) mod garbage;
mod namespaces;
mod pods;

pub(crate) use finished::Finished;
pub(crate) use namespaces::Namespaces;
pub(crate) use pods::Pods;
