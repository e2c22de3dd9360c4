//! What clients saw: every operation, watch and hold, with the true time at which it was seen.
//!
//! Plain data of our own, saved as `history.json` beside a failing run. Nothing here is shared with
//! the store it is used to judge. Keys and values are text: simulated clients write nothing else.

use serde::{Deserialize, Serialize};

/// True virtual time in nanoseconds since the run began, on no machine's clock.
pub type Time = u64;
/// A revision of the store; an empty store stands at 1.
pub type Revision = i64;
/// The name of a lease; 0 is none.
pub type LeaseId = i64;

/// Everything that all clients of one run saw. The store begins empty, at revision 1.
#[derive(Clone, Debug, Default, PartialEq, Serialize, Deserialize)]
#[serde(deny_unknown_fields, default)]
pub struct History {
    /// Requests with one answer each, in any order.
    pub operations: Vec<Operation>,
    /// Watches, each with all it was sent.
    pub watches: Vec<Watch>,
    /// Spans in which a client acted as holder of a lock or as an elected leader.
    pub holds: Vec<Hold>,
    /// True when servers also compact on their own, so that not every compaction is listed here.
    pub auto_compaction: bool,
}

/// One request and what became of it.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Operation {
    /// Who asked.
    pub client: u32,
    /// The connection: one client, one boot of one server. Numbers are not used twice in a run;
    /// 0: not known.
    pub session: u32,
    /// When the request was handed to the client library.
    pub called: Time,
    /// What was asked.
    pub request: Request,
    /// What came back.
    pub outcome: Outcome,
}

/// What became of a request.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
#[serde(deny_unknown_fields, rename_all = "snake_case")]
pub enum Outcome {
    /// It was carried out.
    Answered {
        /// When the client had the answer.
        returned: Time,
        /// `header.revision`.
        revision: Revision,
        /// The rest of the answer.
        response: Response,
    },
    /// It was refused and surely had no effect.
    Refused {
        /// When the client knew.
        returned: Time,
        /// Which refusal.
        error: Refusal,
        /// The server's words.
        text: String,
    },
    /// Time-out or lost connection: it may have had its effect, or may have it yet.
    Unknown {
        /// When the client stopped waiting.
        gave_up: Time,
        /// What it was told.
        text: String,
    },
}

/// Refusals whose justice an oracle can judge; all others are `Other`.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Refusal {
    /// "required revision has been compacted"
    Compacted,
    /// "required revision is a future revision"
    FutureRevision,
    /// "requested lease not found"
    LeaseNotFound,
    /// "lease already exists"
    LeaseExists,
    /// "key not found", for `ignore_value` and `ignore_lease`.
    KeyNotFound,
    /// Anything else that surely had no effect.
    Other,
}

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

/// A key as the store returns it.
#[derive(Clone, Debug, Default, PartialEq, Eq, PartialOrd, Ord, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct KeyValue {
    /// The key.
    pub key: String,
    /// The value; empty in a deletion and where the request left it out.
    #[serde(default)]
    pub value: String,
    /// The revision of its creation.
    #[serde(default)]
    pub create: Revision,
    /// The revision of its last change.
    #[serde(rename = "mod")]
    pub modified: Revision,
    /// How often it was written since its creation.
    #[serde(default)]
    pub version: i64,
    /// The lease that it is attached to.
    #[serde(default)]
    pub lease: LeaseId,
}

/// The answer to the request of the same name, without its header.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord, Serialize, Deserialize)]
#[serde(deny_unknown_fields, rename_all = "snake_case")]
pub enum Response {
    /// To a put.
    Put {
        /// What was there before, if asked for and present.
        prev_kv: Option<KeyValue>,
    },
    /// To a delete.
    Delete {
        /// How many keys went.
        deleted: i64,
        /// What they were, if asked for.
        prev_kvs: Vec<KeyValue>,
    },
    /// To a range.
    Range {
        /// The keys.
        kvs: Vec<KeyValue>,
        /// True when `limit` left some out.
        more: bool,
        /// How many keys the range holds, whatever limit and filters left out.
        count: i64,
    },
    /// To a transaction.
    Txn {
        /// Which branch.
        succeeded: bool,
        /// One for each request of that branch.
        responses: Vec<Response>,
    },
    /// To a grant.
    LeaseGrant {
        /// The lease's name.
        id: LeaseId,
        /// The granted time to live, seconds.
        ttl: i64,
    },
    /// To a renewal.
    LeaseKeepAlive {
        /// Seconds from now; 0 or less: there is no such lease.
        ttl: i64,
    },
    /// To a question for the time to live.
    LeaseTimeToLive {
        /// What was granted, seconds.
        granted_ttl: i64,
        /// What is left, seconds; -1: there is no such lease.
        ttl: i64,
    },
    /// To a request whose answer says no more than "done".
    Done,
}

/// One watch, from its creation to its end.
#[derive(Clone, Debug, Default, PartialEq, Serialize, Deserialize)]
#[serde(deny_unknown_fields, default)]
pub struct Watch {
    /// Who asked.
    pub client: u32,
    /// The connection, as [`Operation::session`].
    pub session: u32,
    /// When it was asked for.
    pub called: Time,
    /// What was asked for.
    pub request: WatchRequest,
    /// What was sent, in the order of arrival.
    pub responses: Vec<WatchResponse>,
    /// When it ended, if it ended before the run did.
    pub ended: Option<Time>,
    /// True when the client stopped listening, or reads slowly: what the server sent after the
    /// last response is not known, and nothing is concluded from its absence.
    pub cut: bool,
}

/// See [`Watch::request`].
#[derive(Clone, Debug, Default, PartialEq, Serialize, Deserialize)]
#[serde(deny_unknown_fields, default)]
pub struct WatchRequest {
    /// The first key.
    pub key: String,
    /// As [`Delete::range_end`].
    pub range_end: String,
    /// The first revision wanted; 0: from now on.
    pub start_revision: Revision,
    /// Leaves puts out.
    pub no_put: bool,
    /// Leaves deletions out.
    pub no_delete: bool,
    /// Asks for what was there before each event.
    pub prev_kv: bool,
    /// Asks for progress responses when nothing happens.
    pub progress_notify: bool,
    /// Allows one revision to be split over several responses.
    pub fragment: bool,
}

/// One response of a watch.
#[derive(Clone, Debug, Default, PartialEq, Serialize, Deserialize)]
#[serde(deny_unknown_fields, default)]
pub struct WatchResponse {
    /// When the client had it.
    pub at: Time,
    /// `header.revision`.
    pub revision: Revision,
    /// The watch now exists.
    pub created: bool,
    /// The watch is over.
    pub canceled: bool,
    /// With `canceled`: the start was already forgotten; this is the oldest revision to begin at.
    pub compact_revision: Revision,
    /// Says only that everything up to `revision` was sent.
    pub progress: bool,
    /// More of the same list follows.
    pub fragment: bool,
    /// What happened.
    pub events: Vec<Event>,
}

/// One change of one key.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Event {
    /// Written or deleted.
    pub kind: EventKind,
    /// The key after it; a deletion has only the key and `mod`.
    pub kv: KeyValue,
    /// The key before it, if asked for and present.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub prev_kv: Option<KeyValue>,
}

/// Written or deleted.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum EventKind {
    /// Written.
    Put,
    /// Deleted.
    Delete,
}

/// A span in which a client acted as the holder of a lock or as an elected leader.
#[derive(Clone, Debug, Default, PartialEq, Serialize, Deserialize)]
#[serde(deny_unknown_fields, default)]
pub struct Hold {
    /// The lock or election.
    pub name: String,
    /// Who held it.
    pub client: u32,
    /// The lease behind it.
    pub lease: LeaseId,
    /// The create revision of the owner's key: its place in the queue and its fencing token.
    pub token: Revision,
    /// When the client was told that it holds.
    pub acquired: Time,
    /// When it last acted as holder. None: it still held when the run ended.
    pub let_go: Option<Time>,
    /// Revisions of the writes made under this hold with a comparison against the owner's key.
    pub writes: Vec<Revision>,
}

impl Operation {
    /// When its answer or refusal was seen.
    pub fn returned(&self) -> Option<Time> {
        match &self.outcome {
            Outcome::Answered { returned, .. } | Outcome::Refused { returned, .. } => {
                Some(*returned)
            }
            Outcome::Unknown { .. } => None,
        }
    }
}

/// True when `key` lies in the range that starts at `first` and ends as etcd's `range_end` says.
pub fn in_range(key: &str, first: &str, range_end: &str) -> bool {
    match range_end {
        "" => key == first,
        "\0" => key >= first,
        end => key >= first && key < end,
    }
}

/// True when the range covers every key that a client can write.
pub fn covers_everything(first: &str, range_end: &str) -> bool {
    range_end == "\0" && (first.is_empty() || first == "\0")
}
