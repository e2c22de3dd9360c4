//! What is to be checked of a kind's objects, as a row of a table.

use super::{
    error::Errors,
    field::Field,
    metadata::{self, Scope},
};
use crate::names::{self, Faults};

/// Checks an object.
pub(super) type Check = fn(&Field<'_>, &mut Errors);
/// Checks a change: the new object, then the old one.
pub(super) type Change = fn(&Field<'_>, &Field<'_>, &mut Errors);

/// A kind's rules.
pub(super) struct Kind {
    pub(super) name: &'static str,
    scope: Scope,
    named: fn(&str) -> Faults,
    /// At birth and at every change of the object itself.
    whole: Check,
    /// At birth only.
    born: Check,
    /// At a change of the object itself.
    changed: Change,
    /// At a change through a subresource.
    parts: &'static [(&'static str, Change)],
}

fn anything(_: &Field<'_>, _: &mut Errors) {}

fn any_change(_: &Field<'_>, _: &Field<'_>, _: &mut Errors) {}

impl Kind {
    const fn new(name: &'static str, scope: Scope) -> Self {
        let named = names::dns_subdomain;
        let (whole, born, changed) = (anything, anything, any_change);
        Self { name, scope, named, whole, born, changed, parts: &[] }
    }

    /// A kind whose objects live in namespaces, with names like `example.com`.
    pub(super) const fn namespaced(name: &'static str) -> Self {
        Self::new(name, Scope::Namespaced)
    }

    /// A kind whose objects live in no namespace, with names like `example.com`.
    pub(super) const fn cluster(name: &'static str) -> Self {
        Self::new(name, Scope::Cluster)
    }

    /// Names of another form.
    pub(super) const fn named(mut self, rule: fn(&str) -> Faults) -> Self {
        self.named = rule;
        self
    }

    /// What must hold of every object.
    pub(super) const fn whole(mut self, check: Check) -> Self {
        self.whole = check;
        self
    }

    /// What must hold of new objects only.
    pub(super) const fn born(mut self, check: Check) -> Self {
        self.born = check;
        self
    }

    /// What must hold of a change.
    pub(super) const fn changed(mut self, check: Change) -> Self {
        self.changed = check;
        self
    }

    /// What must hold of a change through a subresource.
    pub(super) const fn parts(mut self, parts: &'static [(&'static str, Change)]) -> Self {
        self.parts = parts;
        self
    }

    /// Checks a new object.
    pub(super) fn create(&self, new: &Field<'_>, errors: &mut Errors) {
        metadata::born(&new.get("metadata"), self.scope, self.named, errors);
        (self.whole)(new, errors);
        (self.born)(new, errors);
    }

    /// Checks a change.
    pub(super) fn update(&self, part: &str, new: &Field<'_>, old: &Field<'_>, errors: &mut Errors) {
        metadata::changed(&new.get("metadata"), &old.get("metadata"), errors);
        if part.is_empty() {
            (self.whole)(new, errors);
            (self.changed)(new, old, errors);
        } else if let Some((_, check)) = self.parts.iter().find(|(name, _)| *name == part) {
            check(new, old, errors);
        }
    }
}
