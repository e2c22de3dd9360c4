//! Recipes over keys and leases: sessions, locks, elections (client/v3/concurrency).

mod election;
mod mutex;
mod queue;
mod session;

pub use election::{Election, Observer};
pub use mutex::Mutex;
pub use session::{SESSION_TTL_SECONDS, Session};

use crate::client::WatchError;
use tonic::Status;

/// Why a recipe failed.
#[derive(Clone, Debug, thiserror::Error)]
pub enum RecipeError {
    /// The session's lease ended while waiting.
    #[error("mutex: session is expired")]
    SessionExpired,
    /// Somebody else holds the lock.
    #[error("mutex: Locked by another session")]
    Locked,
    /// The lock is not held.
    #[error("mutex: lock has already been released")]
    LockReleased,
    /// Somebody else was elected meanwhile, or nobody ever.
    #[error("election: not leader")]
    NotLeader,
    /// There is no leader.
    #[error("election: no leader")]
    NoLeader,
    /// A call failed.
    #[error(transparent)]
    Call(#[from] Status),
    /// A watch ended.
    #[error(transparent)]
    Watch(#[from] WatchError),
}
