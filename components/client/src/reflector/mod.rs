//! Follows a resource: all objects first, then every change, without ever going back in time.
//!
//! Upstream: client-go/tools/cache/reflector.go (1.35).

mod backoff;
mod core;
#[cfg(test)]
mod model;
mod run;
mod step;

pub use self::core::Reflector;
pub(crate) use run::run;
pub use step::{Change, Input, Next, Selection, Step};
