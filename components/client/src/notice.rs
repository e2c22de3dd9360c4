//! What consumers of a copy are told of each change.
//!
//! Upstream: client-go/tools/cache/delta_fifo.go and shared_informer.go.

use crate::{Key, Object};

/// What happened to an object.
#[derive(Clone, PartialEq, Debug)]
pub enum Notice {
    /// There is a new one.
    Added {
        /// It.
        object: Object,
        /// It was there before the store was first complete.
        initial: bool,
    },
    /// It changed, or is told of again (a resync: both are the same then).
    Updated {
        /// Before.
        old: Object,
        /// After.
        new: Object,
    },
    /// It is gone.
    Deleted {
        /// Its last state, or the last that was seen.
        object: Object,
        /// False: its end was not seen, and it may have changed before (upstream's
        /// `DeletedFinalStateUnknown`).
        seen: bool,
    },
}

impl Notice {
    /// The object's key.
    pub fn key(&self) -> Key {
        match self {
            Self::Added { object, .. } | Self::Deleted { object, .. } => Key::of(object),
            Self::Updated { new, .. } => Key::of(new),
        }
    }
}
