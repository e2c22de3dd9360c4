//! What clients saw: every operation, watch and hold, with the true time at which it was seen.
//!
//! Plain data of our own, saved as `history.json` beside a failing run. Nothing here is shared with
//! the store it is used to judge. Keys and values are text: simulated clients write nothing else.

mod admin;
mod estate;
mod objects;
mod request;
mod watch;

pub use admin::{Admin, Told};
pub use estate::{
    Copied, Estate, EstateCall, EstateChange, EstateLog, NoticeKind, Noticed, Review, Term,
};
pub use objects::{
    Object, ObjectAnswer, ObjectCall, ObjectChange, ObjectEvent, ObjectLog, ObjectOutcome,
    ObjectRequest, ObjectWatch, Objects, Sent, Wanted,
};
pub use request::{
    AuthChange, Compare, CompareResult, CompareTarget, Delete, Put, Range, Request, SortOrder,
    SortTarget, Txn,
};
pub use watch::{Event, EventKind, Watch, WatchRequest, WatchResponse};

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
    /// What users of API servers saw.
    #[serde(skip_serializing_if = "Objects::is_empty")]
    pub objects: Objects,
    /// What they did with objects of other kinds.
    #[serde(skip_serializing_if = "Estate::is_empty")]
    pub estate: Estate,
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
    /// In whose name; empty where nobody is asked for one.
    #[serde(default, skip_serializing_if = "String::is_empty")]
    pub user: String,
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
        /// The keys that hang on it.
        #[serde(default)]
        keys: Vec<String>,
    },
    /// To a question about the members.
    Told(Told),
    /// To a request whose answer says no more than "done".
    Done,
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
