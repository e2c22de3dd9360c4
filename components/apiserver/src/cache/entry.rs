//! One object in the cache, and one change of it.

use crate::{object, storage::Stored};
use bytes::Bytes;
use serde_json::Value;
use std::{
    collections::BTreeMap,
    sync::{Arc, OnceLock},
};

/// One object as of one revision.
#[derive(Debug)]
pub(crate) struct Entry {
    /// The storage's whole key.
    pub(crate) key: String,
    /// As stored.
    pub(crate) bytes: Bytes,
    pub(crate) revision: u64,
    pub(crate) labels: BTreeMap<String, String>,
    /// For what only some readers ask.
    parsed: OnceLock<Value>,
    served: OnceLock<Bytes>,
}

impl Entry {
    pub(crate) fn of(stored: Stored) -> Self {
        #[derive(serde::Deserialize, Default)]
        struct Head {
            #[serde(default)]
            metadata: Metadata,
        }
        #[derive(serde::Deserialize, Default)]
        struct Metadata {
            #[serde(default)]
            labels: Option<BTreeMap<String, String>>,
        }
        // What cannot be read has no labels; it is served as it is.
        let head: Head = serde_json::from_slice(&stored.bytes).unwrap_or_default();
        Self {
            key: String::from_utf8_lossy(&stored.key).into_owned(),
            bytes: stored.bytes,
            revision: stored.revision,
            labels: head.metadata.labels.unwrap_or_default(),
            parsed: OnceLock::new(),
            served: OnceLock::new(),
        }
    }

    /// The object without its revision; null when it is not JSON.
    pub(crate) fn value(&self) -> &Value {
        self.parsed.get_or_init(|| serde_json::from_slice(&self.bytes).unwrap_or_default())
    }

    /// What clients are sent.
    pub(crate) fn served(&self) -> &Bytes {
        self.served.get_or_init(|| object::with_revision(&self.bytes, self.revision))
    }
}

/// An object came, changed or went.
#[derive(Debug)]
pub(crate) struct Change {
    pub(crate) revision: u64,
    pub(crate) before: Option<Arc<Entry>>,
    pub(crate) after: Option<Arc<Entry>>,
    /// What was there, as of the revision of its going.
    gone: OnceLock<Bytes>,
}

impl Change {
    pub(crate) fn new(
        revision: u64,
        before: Option<Arc<Entry>>,
        after: Option<Arc<Entry>>,
    ) -> Self {
        Self { revision, before, after, gone: OnceLock::new() }
    }

    /// The object that is gone, or has gone from a watcher's sight: as it was, with the revision
    /// of the change.
    pub(crate) fn gone(&self) -> Option<&Bytes> {
        let before = self.before.as_ref()?;
        Some(self.gone.get_or_init(|| object::with_revision(&before.bytes, self.revision)))
    }
}
