//! Follows a resource: all objects first, then every change, without ever going back in time.
//!
//! Upstream: client-go/tools/cache/reflector.go (1.35).

mod backoff;
mod core;
#[cfg(test)]
mod model;
mod run;

pub use self::core::{Change, Input, Next, Reflector, Selection, Step};
pub(crate) use run::run;
