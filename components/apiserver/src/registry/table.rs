//! Which resources are served now: the built-in ones, and those that definitions make.
//!
//! A table never changes; another takes its place.

use api::{
    definition::{Custom, version_order},
    resources::Resource,
    schema::GroupVersionKind,
};
use std::sync::Arc;

/// The resources of one moment.
#[derive(Debug)]
pub(crate) struct Table {
    /// In the order of discovery: the built-in ones first.
    rows: Vec<Arc<Resource>>,
    built_in: usize,
    /// Counts the tables of a process.
    generation: u64,
}

impl Table {
    /// The table before anything is defined.
    pub(crate) fn built_in() -> Self {
        let rows: Vec<_> = api::resources::built_in().into_iter().map(Arc::new).collect();
        Self { built_in: rows.len(), rows, generation: 0 }
    }

    /// The table after this one, with these resources beside the built-in ones. Groups come in
    /// alphabetical order, versions with the best first.
    pub(crate) fn with(&self, mut custom: Vec<Arc<Resource>>) -> Self {
        custom.sort_by(|one, other| {
            let group = one.kind.group.cmp(&other.kind.group);
            let version = || version_order(&other.kind.version, &one.kind.version);
            group.then_with(version).then_with(|| one.plural.cmp(&other.plural))
        });
        // What is built in cannot be defined anew.
        custom.retain(|one| self.built_in_rows().iter().all(|own| !is_same(own, one)));
        let mut rows = self.built_in_rows().to_vec();
        rows.extend(custom);
        Self { rows, built_in: self.built_in, generation: self.generation + 1 }
    }

    pub(crate) fn rows(&self) -> &[Arc<Resource>] {
        &self.rows
    }

    pub(crate) fn built_in_rows(&self) -> &[Arc<Resource>] {
        &self.rows[..self.built_in]
    }

    /// The resources that definitions made.
    pub(crate) fn custom_rows(&self) -> &[Arc<Resource>] {
        &self.rows[self.built_in..]
    }

    /// What clients are told of: definitions once they are established.
    pub(crate) fn told(&self) -> impl Iterator<Item = &Resource> {
        let rows = self.rows.iter().map(|resource| &**resource);
        rows.filter(|one| one.custom.as_ref().is_none_or(|custom| custom.established))
    }

    /// Tells tables apart.
    pub(crate) fn generation(&self) -> u64 {
        self.generation
    }

    /// A resource by its names.
    pub(crate) fn find(&self, group: &str, version: &str, plural: &str) -> Option<&Arc<Resource>> {
        self.rows.iter().find(|one| {
            one.plural == plural && one.kind.group == group && one.kind.version == version
        })
    }

    /// What a definition says of a kind.
    pub(crate) fn custom(&self, kind: &GroupVersionKind) -> Option<Arc<Custom>> {
        self.custom_rows().iter().find(|one| one.kind == *kind)?.custom.clone()
    }
}

fn is_same(one: &Resource, other: &Resource) -> bool {
    one.kind.group == other.kind.group && one.plural == other.plural
}
