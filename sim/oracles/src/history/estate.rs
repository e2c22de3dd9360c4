//! What users did with objects of many kinds, and what the storage of all kinds went through.
//!
//! Objects stay JSON: an oracle reads the members that its promise is about.

use super::Time;
use serde::{Deserialize, Serialize};
use serde_json::Value;
use std::collections::BTreeMap;

/// Everything about objects of all kinds.
#[derive(Clone, Debug, Default, PartialEq, Serialize, Deserialize)]
#[serde(deny_unknown_fields, default)]
pub struct Estate {
    /// What truly happened, as far as somebody saw it who watched the storage itself.
    pub log: EstateLog,
    /// Requests with one answer each, in any order.
    pub calls: Vec<EstateCall>,
    /// What informers told their consumers.
    pub copies: Vec<Copied>,
    /// When replicas acted as leaders.
    pub terms: Vec<Term>,
    /// What webhooks let through.
    pub reviews: Vec<Review>,
}

impl Estate {
    /// True when there was nobody.
    pub fn is_empty(&self) -> bool {
        self.calls.is_empty() && self.copies.is_empty() && self.terms.is_empty()
    }
}

/// The raw log of all keys.
#[derive(Clone, Debug, Default, PartialEq, Serialize, Deserialize)]
#[serde(deny_unknown_fields, default)]
pub struct EstateLog {
    /// In the order of their revisions.
    pub changes: Vec<EstateChange>,
    /// Spans of revisions of which nothing is known, `(first, last)`: they were compacted first.
    pub gaps: Vec<(u64, u64)>,
    /// All changes up to here are in the log, but for the gaps.
    pub known_to: u64,
}

/// One revision of one key.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct EstateChange {
    /// When it was seen.
    pub at: Time,
    /// Which revision.
    pub revision: u64,
    /// The key without the storage's prefix: `secrets/team/a`.
    pub key: String,
    /// What it holds now; none: it is gone.
    pub object: Option<Value>,
}

/// One request and what became of it.
#[derive(Clone, Debug, Default, PartialEq, Serialize, Deserialize)]
#[serde(deny_unknown_fields, default)]
pub struct EstateCall {
    /// Who asked.
    pub client: u32,
    /// Which of the API servers.
    pub server: usize,
    /// When.
    pub called: Time,
    /// HTTP's method.
    pub method: String,
    /// The path with its query.
    pub path: String,
    /// The media type of the body; empty where there is none.
    pub media: String,
    /// What was sent; null: nothing.
    pub body: Value,
    /// What marks what this request wrote, and nothing else; empty where it writes no object.
    pub token: String,
    /// It asks that nothing be changed.
    pub dry_run: bool,
    /// When the answer was seen, or the client stopped waiting.
    pub returned: Time,
    /// HTTP's status; zero: no answer came, and it may have had its effect, or may have it yet.
    pub code: u16,
    /// The answer.
    pub answer: Value,
}

impl EstateCall {
    /// It was carried out.
    pub fn is_done(&self) -> bool {
        (200..300).contains(&self.code)
    }

    /// It surely changed nothing.
    pub fn is_refused(&self) -> bool {
        (400..500).contains(&self.code)
    }
}

/// What one informer told its consumer, from its start on.
#[derive(Clone, Debug, Default, PartialEq, Serialize, Deserialize)]
#[serde(deny_unknown_fields, default)]
pub struct Copied {
    /// Whose it is.
    pub client: u32,
    /// Every notice, in order.
    pub notices: Vec<Noticed>,
    /// What it showed when it was last looked at, by name: uid and revision.
    pub shown: BTreeMap<String, (String, u64)>,
    /// When that was.
    pub looked: Time,
}

/// One notice of an informer.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Noticed {
    /// When.
    pub at: Time,
    /// What.
    pub kind: NoticeKind,
    /// The object's name.
    pub name: String,
    /// Its `uid`.
    pub uid: String,
    /// Its `resourceVersion`.
    pub revision: u64,
}

/// What an informer tells of an object.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum NoticeKind {
    /// It is there.
    Added,
    /// It is different.
    Updated,
    /// It is gone; the revision is that of its last known state.
    Deleted,
}

/// A span in which a replica believed that it leads, with the times at which it acted on that.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields, default)]
pub struct Term {
    /// Who.
    pub client: u32,
    /// When it acted as leader, in order.
    pub acts: Vec<Time>,
}

/// A webhook let a write through.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Review {
    /// When.
    pub at: Time,
    /// The write's token.
    pub token: String,
}
