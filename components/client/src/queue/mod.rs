//! Work by key: each at most once in the queue and with at most one worker, now, later, or after
//! failures ever later.
//!
//! Upstream: client-go/util/workqueue.

mod core;
mod limiter;
mod shell;

pub use self::core::Core;
pub use limiter::{Exponential, FastSlow, Limiter, MaxOf, controller_default};
pub use shell::{Queue, Work};
