//! What users of an API server saw, and what its storage went through.

use super::Time;
use serde::{Deserialize, Serialize};
use std::collections::BTreeMap;

/// Everything about objects of one collection.
#[derive(Clone, Debug, Default, PartialEq, Serialize, Deserialize)]
#[serde(deny_unknown_fields, default)]
pub struct Objects {
    /// What truly happened, as far as somebody saw it who watched the storage itself.
    pub log: ObjectLog,
    /// Requests with one answer each, in any order.
    pub calls: Vec<ObjectCall>,
    /// Watches, each with all it was sent.
    pub watches: Vec<ObjectWatch>,
}

impl Objects {
    /// True when nobody used objects.
    pub fn is_empty(&self) -> bool {
        self.calls.is_empty() && self.watches.is_empty()
    }
}

/// The raw log of the collection's keys.
#[derive(Clone, Debug, Default, PartialEq, Serialize, Deserialize)]
#[serde(deny_unknown_fields, default)]
pub struct ObjectLog {
    /// In the order of their revisions.
    pub changes: Vec<ObjectChange>,
    /// Spans of revisions of which nothing is known, `(first, last)`: they were compacted first.
    pub gaps: Vec<(u64, u64)>,
    /// All changes up to here are in the log, but for the gaps.
    pub known_to: u64,
}

/// One revision of one object.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct ObjectChange {
    /// When it was seen.
    pub at: Time,
    /// Which revision.
    pub revision: u64,
    /// Whose.
    pub name: String,
    /// What it is now; none: it is gone.
    pub object: Option<Object>,
}

/// An object as it was stored or served.
#[derive(Clone, Debug, Default, PartialEq, Eq, PartialOrd, Ord, Serialize, Deserialize)]
#[serde(deny_unknown_fields, default)]
pub struct Object {
    /// `metadata.name`.
    pub name: String,
    /// `metadata.uid`.
    pub uid: String,
    /// `metadata.resourceVersion`.
    pub revision: u64,
    /// Which write its data come from: no two writes have the same.
    pub token: String,
    /// What else is in its data: each user counts in a place of its own.
    pub counters: BTreeMap<String, u64>,
    /// `metadata.finalizers`.
    pub finalizers: Vec<String>,
    /// It has a `deletionTimestamp`.
    pub deleting: bool,
    /// Its label `side`; empty: it has none.
    #[serde(skip_serializing_if = "String::is_empty")]
    pub side: String,
}

/// One request and what became of it.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct ObjectCall {
    /// Who asked.
    pub client: u32,
    /// Which of the API servers.
    pub server: usize,
    /// When.
    pub called: Time,
    /// What was asked.
    pub request: ObjectRequest,
    /// What came back.
    pub outcome: ObjectOutcome,
}

/// What is asked of an API server.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields, rename_all = "snake_case")]
pub enum ObjectRequest {
    /// A new object.
    Create(Wanted),
    /// Replaces an object's data and finalizers.
    Update {
        /// What it shall be.
        object: Wanted,
        /// The `resourceVersion` that it must have now; any where there is none.
        expected: Option<u64>,
    },
    /// Sets the token and one counter, and leaves the rest (a JSON merge patch).
    Patch {
        /// Whose.
        name: String,
        /// The token.
        token: String,
        /// The counter's name and value.
        counter: (String, u64),
        /// As with an update.
        expected: Option<u64>,
    },
    /// Deletes an object.
    Delete {
        /// Which.
        name: String,
        /// The `uid` that it must have, where there is one.
        uid: Option<String>,
        /// The `resourceVersion` that it must have, where there is one.
        expected: Option<u64>,
    },
    /// Reads one object.
    Get {
        /// Which.
        name: String,
        /// `resourceVersion=0`: it may be old.
        stale: bool,
    },
    /// Reads all of them, page by page.
    List {
        /// `resourceVersion=0`: they may be old.
        stale: bool,
        /// Objects in a page; zero: all.
        limit: u64,
    },
}

/// What an object shall be.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields, default)]
pub struct Wanted {
    /// See [`Object`].
    pub name: String,
    /// See [`Object`].
    pub token: String,
    /// See [`Object`].
    pub counters: BTreeMap<String, u64>,
    /// See [`Object`].
    pub finalizers: Vec<String>,
    /// See [`Object`].
    #[serde(skip_serializing_if = "String::is_empty")]
    pub side: String,
}

/// What became of a request.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields, rename_all = "snake_case")]
pub enum ObjectOutcome {
    /// It was carried out.
    Answered {
        /// When the client had the answer.
        returned: Time,
        /// The rest of the answer.
        answer: ObjectAnswer,
    },
    /// It was refused and surely had no effect.
    Refused {
        /// When the client knew.
        returned: Time,
        /// HTTP's status.
        code: u16,
        /// `Status.reason`.
        reason: String,
    },
    /// Time-out, lost connection or a failing server: it may have had its effect, or may have it yet.
    Unknown {
        /// When the client stopped waiting.
        gave_up: Time,
        /// What it was told.
        text: String,
    },
}

/// What an API server answers.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields, rename_all = "snake_case")]
pub enum ObjectAnswer {
    /// The object as it is now, or as it was when it went.
    Object(Object),
    /// To a deletion: it is gone.
    Gone {
        /// The one that is.
        uid: String,
    },
    /// To a get: there is none.
    Missing,
    /// To a list.
    List {
        /// The list's `resourceVersion`.
        revision: u64,
        /// All pages.
        objects: Vec<Object>,
    },
}

/// One watch, from its beginning to its end.
#[derive(Clone, Debug, Default, PartialEq, Serialize, Deserialize)]
#[serde(deny_unknown_fields, default)]
pub struct ObjectWatch {
    /// Who asked.
    pub client: u32,
    /// Which of the API servers.
    pub server: usize,
    /// When.
    pub called: Time,
    /// Everything after this revision is wanted; none: all objects first (`sendInitialEvents`).
    pub from: Option<u64>,
    /// Only objects of this side are wanted; empty: all.
    #[serde(skip_serializing_if = "String::is_empty")]
    pub side: String,
    /// With initial events: `resourceVersion=0`, so that they may be old.
    pub stale: bool,
    /// When the server agreed.
    pub accepted: Option<Time>,
    /// What was sent, in the order of arrival.
    pub events: Vec<ObjectEvent>,
    /// When it ended, if it ended before the run did.
    pub ended: Option<Time>,
}

/// One event of a watch.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct ObjectEvent {
    /// When the client had it.
    pub at: Time,
    /// What it says.
    pub sent: Sent,
}

/// What an event of a watch says.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields, rename_all = "snake_case")]
pub enum Sent {
    /// `ADDED`.
    Added(Object),
    /// `MODIFIED`.
    Modified(Object),
    /// `DELETED`: as it was before, with the revision of its end.
    Deleted(Object),
    /// `BOOKMARK`.
    Bookmark {
        /// Everything up to here was sent.
        revision: u64,
        /// With this one the initial objects are through.
        initial_end: bool,
    },
    /// `ERROR`: it is over.
    Error {
        /// HTTP's status.
        code: u16,
    },
}

impl ObjectWatch {
    /// Whether a state of an object is among those that are wanted.
    pub fn wants(&self, object: &Object) -> bool {
        self.side.is_empty() || self.side == object.side
    }
}

impl ObjectCall {
    /// The answer, and when it was seen.
    pub fn answered(&self) -> Option<(Time, &ObjectAnswer)> {
        match &self.outcome {
            ObjectOutcome::Answered { returned, answer } => Some((*returned, answer)),
            ObjectOutcome::Refused { .. } | ObjectOutcome::Unknown { .. } => None,
        }
    }

    /// True when it surely had no effect.
    pub fn is_refused(&self) -> bool {
        matches!(self.outcome, ObjectOutcome::Refused { .. })
    }
}

impl ObjectRequest {
    /// The token that it writes.
    pub fn token(&self) -> Option<&str> {
        match self {
            Self::Create(object) | Self::Update { object, .. } => Some(&object.token),
            Self::Patch { token, .. } => Some(token),
            Self::Delete { .. } | Self::Get { .. } | Self::List { .. } => None,
        }
    }
}
