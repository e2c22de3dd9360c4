//! A resource, its requests and a clock for the tests of managed fields.

use crate::schemas::{kind, schemas};
use api::{
    patch::{
        Filter, PatchError,
        apply::{FieldManager, OneVersion, Resource, Versions},
    },
    schema::Schemas,
};
use serde_json::{Value, json};
use std::collections::BTreeMap;

pub(crate) const NOW: &str = "2026-01-01T00:00:00Z";
pub(crate) const LATER: &str = "2026-01-02T00:00:00Z";

/// An endpoint for Deployments.
pub(crate) struct World {
    pub(crate) schemas: Schemas,
    pub(crate) version: &'static str,
    pub(crate) subresource: &'static str,
    pub(crate) versions: Box<dyn Versions>,
    pub(crate) filters: BTreeMap<String, Filter>,
    pub(crate) now: &'static str,
}

impl Default for World {
    fn default() -> Self {
        Self {
            schemas: schemas(),
            version: "v1",
            subresource: "",
            versions: Box::new(OneVersion),
            filters: BTreeMap::new(),
            now: NOW,
        }
    }
}

impl World {
    fn with<T>(&self, run: impl FnOnce(FieldManager<'_>) -> T) -> T {
        let kind = kind("apps", self.version, "Deployment");
        run(FieldManager::new(Resource {
            schemas: &self.schemas,
            kind: &kind,
            subresource: self.subresource,
            versions: &*self.versions,
            filters: &self.filters,
        }))
    }

    pub(crate) fn create(&self, object: &Value, manager: &str) -> Value {
        self.put(&json!({}), object.clone(), manager)
    }

    pub(crate) fn put(&self, live: &Value, new: Value, manager: &str) -> Value {
        self.with(|it| it.update(live, new, manager, self.now))
    }

    /// An update that changes something.
    pub(crate) fn update(
        &self,
        live: &Value,
        manager: &str,
        change: impl FnOnce(&mut Value),
    ) -> Value {
        let mut new = live.clone();
        change(&mut new);
        self.put(live, new, manager)
    }

    pub(crate) fn apply(
        &self,
        live: &Value,
        patch: &Value,
        manager: &str,
    ) -> Result<Value, PatchError> {
        self.with(|it| it.apply(live, patch, manager, false, self.now))
    }

    pub(crate) fn force(&self, live: &Value, patch: &Value, manager: &str) -> Value {
        let applied = self.with(|it| it.apply(live, patch, manager, true, self.now));
        applied.expect("nothing withstands force")
    }
}
