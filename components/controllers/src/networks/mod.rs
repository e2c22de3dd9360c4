//! Who answers for a service.

mod backends;
mod endpoints;
mod slices;

pub(crate) use endpoints::Endpoints;
pub(crate) use slices::Slices;
