//! What whoever looks after the members asks, and is told.

use super::LeaseId;
use serde::{Deserialize, Serialize};

/// See [`super::Request::Admin`].
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord, Serialize, Deserialize)]
#[serde(deny_unknown_fields, rename_all = "snake_case")]
pub enum Admin {
    /// Raises the alarm that space is out, in a member's name.
    RaiseNospace {
        /// The member.
        member: u64,
    },
    /// Takes that alarm back.
    LowerNospace {
        /// The member.
        member: u64,
    },
    /// Asks which alarms are on; it goes through the log.
    Alarms,
    /// Asks one member which leases there are, by what it knows.
    Leases,
    /// Asks one member for its whole backend.
    Snapshot,
    /// Asks one member for the hash of all keys up to a revision.
    HashKv {
        /// The revision; 0: all.
        revision: i64,
    },
    /// Takes a member out.
    MemberRemove {
        /// The member.
        member: u64,
    },
    /// Puts a learner in.
    MemberAdd,
    /// Asks for all members, as of now.
    Members,
}

/// The answer to [`Admin`], where there is more than "done".
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord, Serialize, Deserialize)]
#[serde(deny_unknown_fields, rename_all = "snake_case")]
pub enum Told {
    /// The members in whose name space is out.
    Alarms {
        /// Their ids.
        nospace: Vec<u64>,
    },
    /// Leases that are there.
    Leases {
        /// Their names.
        ids: Vec<LeaseId>,
    },
    /// A backend came, to its end.
    Snapshot {
        /// Bytes that the first piece announced, its own among them.
        announced: u64,
        /// Bytes that came.
        came: u64,
        /// The digest at the end is that of what came, and each piece told what was left.
        intact: bool,
    },
    /// A hash of keys.
    HashKv {
        /// Up to this revision.
        revision: i64,
        /// The store was compacted at this one; nothing before it counts.
        compacted: i64,
        /// The hash.
        hash: u32,
    },
    /// A learner was put in.
    MemberAdded {
        /// Its id.
        member: u64,
    },
    /// All members.
    Members {
        /// Their ids.
        ids: Vec<u64>,
    },
}
