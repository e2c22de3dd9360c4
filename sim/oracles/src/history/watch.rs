//! Watches, and what they were sent.

use super::{KeyValue, Revision, Time};
use serde::{Deserialize, Serialize};

/// One watch, from its creation to its end.
#[derive(Clone, Debug, Default, PartialEq, Serialize, Deserialize)]
#[serde(deny_unknown_fields, default)]
pub struct Watch {
    /// Who asked.
    pub client: u32,
    /// The connection, as [`super::Operation::session`].
    pub session: u32,
    /// In whose name, as [`super::Operation::user`].
    #[serde(skip_serializing_if = "String::is_empty")]
    pub user: String,
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
    /// True when the client asked the server to end it.
    #[serde(skip_serializing_if = "std::ops::Not::not")]
    pub unwanted: bool,
}

/// See [`Watch::request`].
#[derive(Clone, Debug, Default, PartialEq, Serialize, Deserialize)]
#[serde(deny_unknown_fields, default)]
pub struct WatchRequest {
    /// The first key.
    pub key: String,
    /// As [`super::Delete::range_end`].
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
