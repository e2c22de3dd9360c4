//! One object in the cache, and one change of it.

use crate::{object, storage::Stored};
use api::resources::Resource;
use bytes::Bytes;
use parking_lot::Mutex;
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
    /// As resources show it that do not show what is stored.
    views: Mutex<Vec<View>>,
}

/// An object as a resource shows it.
#[derive(Debug)]
struct View {
    of: Arc<Resource>,
    /// None: there is nothing to be changed.
    entry: Option<Arc<Entry>>,
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
            views: Mutex::default(),
        }
    }

    /// The object as the resource shows it; none where that was not found out yet.
    pub(crate) fn view(self: &Arc<Self>, resource: &Arc<Resource>) -> Option<Arc<Self>> {
        let views = self.views.lock();
        let view = views.iter().find(|view| Arc::ptr_eq(&view.of, resource))?;
        Some(view.entry.as_ref().unwrap_or(self).clone())
    }

    /// Keeps how the resource shows the object, in place of what one before it showed.
    pub(crate) fn shown(self: &Arc<Self>, resource: &Arc<Resource>, object: Value) -> Arc<Self> {
        let entry = (object != *self.value()).then(|| Arc::new(self.with_value(object)));
        let mut views = self.views.lock();
        views.retain(|view| view.of.kind != resource.kind);
        views.push(View { of: resource.clone(), entry: entry.clone() });
        entry.unwrap_or_else(|| self.clone())
    }

    /// Another object of the same key and revision.
    fn with_value(&self, object: Value) -> Self {
        let labels = serde_json::from_value(object["metadata"]["labels"].clone());
        Self {
            key: self.key.clone(),
            bytes: object::encode(&object).into(),
            revision: self.revision,
            labels: labels.unwrap_or_default(),
            parsed: object.into(),
            served: OnceLock::new(),
            views: Mutex::default(),
        }
    }

    /// The object without its revision; null when it is not JSON.
    pub(crate) fn value(&self) -> &Value {
        self.parsed.get_or_init(|| serde_json::from_slice(&self.bytes).unwrap_or_default())
    }

    /// The object with its revision.
    pub(crate) fn whole(&self) -> Value {
        let mut value = self.value().clone();
        object::set_revision(&mut value, self.revision);
        value
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

    /// The object that is gone, or has gone from a watcher's sight, with the revision of the
    /// change; `before` is how the watcher saw it.
    pub(crate) fn gone(&self, before: &Arc<Entry>) -> Bytes {
        let make = || object::with_revision(&before.bytes, self.revision);
        match self.before.as_ref().is_some_and(|stored| Arc::ptr_eq(stored, before)) {
            true => self.gone.get_or_init(make).clone(),
            false => make(),
        }
    }
}
