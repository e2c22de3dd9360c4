//! Who uses the cluster, and for what.

use crate::cluster::is_default;
use faults::Span;
use serde::{Deserialize, Serialize};

/// Who uses the cluster.
#[derive(Clone, Debug, PartialEq, Eq, Deserialize, Serialize)]
#[serde(deny_unknown_fields, default)]
pub struct Traffic {
    /// Clients that read and write keys, each with one request at a time.
    pub clients: u16,
    /// Requests of all those clients together; they stop when it is reached.
    pub operations: u32,
    /// How many different keys they use: few keys make many conflicts.
    pub keys: u32,
    /// Most bytes of a value.
    pub value_bytes: u32,
    /// A client's pause between an answer and the next request is at most this.
    pub pause: Span,
    /// What they ask, by weight.
    pub mix: Mix,
    /// Clients that watch ranges, lose their connection and resume.
    #[serde(skip_serializing_if = "is_default")]
    pub watchers: u16,
    /// Clients that hold leases, keep them alive, and let some run out.
    #[serde(skip_serializing_if = "is_default")]
    pub lease_holders: u16,
    /// Clients that contend for one lock and write under it.
    #[serde(skip_serializing_if = "is_default")]
    pub lockers: u16,
    /// Clients that campaign in one election.
    #[serde(skip_serializing_if = "is_default")]
    pub candidates: u16,
    /// Users, roles and permissions are changed while others work.
    #[serde(skip_serializing_if = "is_default")]
    pub auth: bool,
    /// How long a watcher takes at most to digest one response.
    #[serde(skip_serializing_if = "is_default")]
    pub watcher_pause: Span,
    /// How often, in a hundred responses, a watcher breaks off and goes on where it was.
    #[serde(skip_serializing_if = "is_default")]
    pub watcher_restarts: u16,
    /// Revisions that a compaction keeps at most; at zero it takes all but the newest.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub compact_keep: Option<u32>,
    /// The longest time to live of a lease, in seconds.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub lease_seconds: Option<u32>,
    /// Between two requests of whoever looks after the members; never when zero.
    #[serde(skip_serializing_if = "is_default")]
    pub maintenance: Span,
    /// Clients that read and write objects through the API servers; they share `operations` and
    /// `keys`.
    #[serde(skip_serializing_if = "is_default")]
    pub objects: u16,
    /// Clients that list and watch objects, and keep on as reflectors do.
    #[serde(skip_serializing_if = "is_default")]
    pub object_watchers: u16,
    /// Clients that use services, quotas, shared settings, deployments and namespaces; they share
    /// `operations`.
    #[serde(skip_serializing_if = "is_default")]
    pub estate: u16,
    /// Clients that keep a copy of the objects with an informer.
    #[serde(skip_serializing_if = "is_default")]
    pub followers: u16,
    /// Components that elect a leader among them.
    #[serde(skip_serializing_if = "is_default")]
    pub replicas: u16,
    /// A webhook must consent to new secrets.
    #[serde(skip_serializing_if = "is_default")]
    pub webhook: bool,
}

impl Default for Traffic {
    fn default() -> Self {
        Self {
            clients: 5,
            operations: 3_000,
            keys: 20,
            value_bytes: 64,
            pause: Span::millis(100),
            mix: Mix::default(),
            watchers: 0,
            lease_holders: 0,
            lockers: 0,
            candidates: 0,
            auth: false,
            watcher_pause: Span(0),
            watcher_restarts: 0,
            compact_keep: None,
            lease_seconds: None,
            maintenance: Span(0),
            objects: 0,
            object_watchers: 0,
            estate: 0,
            followers: 0,
            replicas: 0,
            webhook: false,
        }
    }
}

/// What clients ask, by weight: a request is drawn with its weight against the sum.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Deserialize, Serialize)]
#[serde(deny_unknown_fields, default)]
pub struct Mix {
    /// Write one key.
    pub put: u16,
    /// Read one key, linearizable.
    pub get: u16,
    /// Read a range, linearizable, with drawn options.
    pub range: u16,
    /// Read at one member, which may be behind.
    pub serializable: u16,
    /// Delete one key or a range.
    pub delete: u16,
    /// Compare, then read and write several keys.
    pub txn: u16,
    /// Compact away old revisions.
    pub compact: u16,
}

impl Default for Mix {
    fn default() -> Self {
        Self { put: 40, get: 20, range: 10, serializable: 5, delete: 10, txn: 15, compact: 0 }
    }
}

impl Mix {
    /// The sum of all weights.
    pub fn sum(&self) -> u64 {
        let Self { put, get, range, serializable, delete, txn, compact } = *self;
        [put, get, range, serializable, delete, txn, compact].into_iter().map(u64::from).sum()
    }
}
