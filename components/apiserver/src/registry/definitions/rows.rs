//! The resources that definitions make, made anew only where a definition changed.

use super::Registry;
use crate::{object, registry::place};
use api::{
    definition::{Served, rows},
    resources::Resource,
};
use host::event;
use serde_json::Value;
use std::{collections::BTreeMap, sync::Arc};

/// What every definition made, by its name.
#[derive(Debug, Default)]
pub(super) struct Rows {
    made: BTreeMap<String, (Served, Vec<Arc<Resource>>)>,
}

impl Rows {
    /// Serves what these definitions make, and no more what others made.
    pub(super) fn update(&mut self, registry: &Registry, definitions: &[&Value]) {
        let mut made = BTreeMap::new();
        let mut changed = false;
        for definition in definitions {
            let Some(served) = Served::of(definition) else { continue };
            let name = object::meta(definition, "name");
            let kept = self.made.remove(name).filter(|(before, _)| *before == served);
            let entry = kept.unwrap_or_else(|| {
                changed = true;
                (served, rows(definition, &registry.schemas).into_iter().map(Arc::new).collect())
            });
            made.insert(name.to_owned(), entry);
        }
        changed |= !self.made.is_empty();
        self.made = made;
        if changed {
            registry.serve(self.made.values().flat_map(|(_, rows)| rows.iter().cloned()).collect());
        }
    }
}

impl Registry {
    /// Serves these resources beside the built-in ones, from the next request on.
    fn serve(&self, custom: Vec<Arc<Resource>>) {
        let next = Arc::new(self.table().with(custom));
        event!(
            self.host,
            Info,
            "custom resources are served",
            count = u64::try_from(next.custom_rows().len()).unwrap_or(u64::MAX)
        );
        let known: Vec<String> = next
            .rows()
            .iter()
            .map(|resource| self.storage.key(&place::prefix(resource, "")))
            .collect();
        self.tables.send_replace(next);
        // Nobody asks for the others any more; watches that are under way keep theirs to the end.
        self.caches.lock().retain(|prefix, _| known.contains(prefix));
    }
}
