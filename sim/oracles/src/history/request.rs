//! What clients ask, in their own words.

use super::{Admin, LeaseId, Revision};
use serde::{Deserialize, Serialize};

/// A request. `Txn` branches hold `Put`, `Delete`, `Range` and `Txn` only.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord, Serialize, Deserialize)]
#[serde(deny_unknown_fields, rename_all = "snake_case")]
pub enum Request {
    /// Writes one key.
    Put(Put),
    /// Deletes a range of keys.
    Delete(Delete),
    /// Reads a range of keys.
    Range(Range),
    /// Compares, then carries out one of two branches at one revision.
    Txn(Txn),
    /// Forgets what lies before a revision.
    Compact {
        /// The revision.
        revision: Revision,
    },
    /// Makes a lease; id 0 lets the server choose.
    LeaseGrant {
        /// The wished name.
        id: LeaseId,
        /// Time to live, seconds.
        ttl: i64,
    },
    /// Ends a lease and deletes its keys.
    LeaseRevoke {
        /// Which.
        id: LeaseId,
    },
    /// Renews a lease.
    LeaseKeepAlive {
        /// Which.
        id: LeaseId,
    },
    /// Asks how long a lease still has.
    LeaseTimeToLive {
        /// Which.
        id: LeaseId,
    },
    /// A request of a server-side recipe (lock, election), which may write some keys of its own.
    Recipe {
        /// Such as `lock`, `unlock`, `campaign`, `proclaim`, `resign`.
        name: String,
        /// All keys that it may write begin so.
        prefix: String,
    },
    /// Changes who may do what.
    Auth(AuthChange),
    /// Looks after the members.
    Admin(Admin),
    /// A request that changes no key and no lease.
    Other {
        /// Such as `defragment`, `member_list`.
        name: String,
    },
}

/// See [`Request::Put`].
#[derive(Clone, Debug, Default, PartialEq, Eq, PartialOrd, Ord, Serialize, Deserialize)]
#[serde(deny_unknown_fields, default)]
pub struct Put {
    /// The key.
    pub key: String,
    /// The value; unique in a run, so that its effect can be recognised.
    pub value: String,
    /// The lease to attach the key to.
    pub lease: LeaseId,
    /// Asks for what was there before.
    pub prev_kv: bool,
    /// Keeps the value.
    pub ignore_value: bool,
    /// Keeps the lease.
    pub ignore_lease: bool,
}

/// See [`Request::Delete`].
#[derive(Clone, Debug, Default, PartialEq, Eq, PartialOrd, Ord, Serialize, Deserialize)]
#[serde(deny_unknown_fields, default)]
pub struct Delete {
    /// The first key.
    pub key: String,
    /// Empty: only `key`; `"\0"`: all from `key` on; else the first key beyond the range.
    pub range_end: String,
    /// Asks for what was there before.
    pub prev_kv: bool,
}

/// See [`Request::Range`].
#[derive(Clone, Debug, Default, PartialEq, Eq, PartialOrd, Ord, Serialize, Deserialize)]
#[serde(deny_unknown_fields, default)]
pub struct Range {
    /// The first key.
    pub key: String,
    /// As [`Delete::range_end`].
    pub range_end: String,
    /// Most keys to return; 0 for all.
    pub limit: i64,
    /// The revision to read at; 0 for the newest.
    pub revision: Revision,
    /// The order of the answer.
    pub sort_order: SortOrder,
    /// What to order by.
    pub sort_target: SortTarget,
    /// Answered by the member at hand from what it has; linearizable otherwise.
    pub serializable: bool,
    /// Leaves values out.
    pub keys_only: bool,
    /// Leaves keys out too.
    pub count_only: bool,
    /// Leaves out keys changed earlier; 0 for none.
    pub min_mod_revision: Revision,
    /// Leaves out keys changed later; 0 for none.
    pub max_mod_revision: Revision,
    /// Leaves out keys created earlier; 0 for none.
    pub min_create_revision: Revision,
    /// Leaves out keys created later; 0 for none.
    pub max_create_revision: Revision,
}

/// The order of a range's answer.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, PartialOrd, Ord, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum SortOrder {
    /// By key when the target is the key, else ascending.
    #[default]
    None,
    /// Smallest first.
    Ascend,
    /// Largest first.
    Descend,
}

/// What a range's answer is ordered by.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, PartialOrd, Ord, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum SortTarget {
    /// The key.
    #[default]
    Key,
    /// How often it was written since its creation.
    Version,
    /// The revision of its creation.
    Create,
    /// The revision of its last change.
    Mod,
    /// The value.
    Value,
}

/// See [`Request::Txn`].
#[derive(Clone, Debug, Default, PartialEq, Eq, PartialOrd, Ord, Serialize, Deserialize)]
#[serde(deny_unknown_fields, default)]
pub struct Txn {
    /// All must hold for the first branch.
    pub compares: Vec<Compare>,
    /// Carried out when all compares hold.
    pub success: Vec<Request>,
    /// Carried out otherwise.
    pub failure: Vec<Request>,
}

/// One condition of a transaction.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Compare {
    /// The key.
    pub key: String,
    /// As [`Delete::range_end`]: then every key of the range must meet the condition.
    #[serde(default)]
    pub range_end: String,
    /// How the key's property stands to the given one.
    pub result: CompareResult,
    /// The property and what it is compared with.
    pub target: CompareTarget,
}

/// How the key's property stands to the given one.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum CompareResult {
    /// The same.
    Equal,
    /// The key's is larger.
    Greater,
    /// The key's is smaller.
    Less,
    /// Not the same.
    NotEqual,
}

/// What is compared. A missing key has zeros and no value; no comparison of values holds for it.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum CompareTarget {
    /// How often it was written since its creation.
    Version(i64),
    /// The revision of its creation.
    Create(Revision),
    /// The revision of its last change.
    Mod(Revision),
    /// Its lease.
    Lease(LeaseId),
    /// Its value.
    Value(String),
}

/// See [`Request::Auth`].
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord, Serialize, Deserialize)]
#[serde(deny_unknown_fields, rename_all = "snake_case")]
pub enum AuthChange {
    /// Authentication is switched on.
    Enable,
    /// Authentication is switched off.
    Disable,
    /// A user is given a role.
    UserGrantRole {
        /// Who.
        user: String,
        /// Which.
        role: String,
    },
    /// A user loses a role.
    UserRevokeRole {
        /// Who.
        user: String,
        /// Which.
        role: String,
    },
    /// A user is deleted.
    UserDelete {
        /// Who.
        user: String,
    },
    /// A user has another password; requests in its name go on with the one that it had.
    UserChangePassword {
        /// Who.
        user: String,
    },
    /// A role is deleted.
    RoleDelete {
        /// Which.
        role: String,
    },
    /// A role is permitted some keys.
    RoleGrant {
        /// Which role.
        role: String,
        /// The first key.
        key: String,
        /// As [`Delete::range_end`].
        range_end: String,
        /// It may read them.
        read: bool,
        /// It may write them.
        write: bool,
    },
    /// A role loses what it was permitted on these keys.
    RoleRevoke {
        /// Which role.
        role: String,
        /// The first key.
        key: String,
        /// As [`Delete::range_end`].
        range_end: String,
    },
}
