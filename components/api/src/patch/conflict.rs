//! Fields that an applier wants and somebody else owns, in the words that clients parse.
//!
//! Upstream: apimachinery's pkg/util/managedfields/internal/conflict.go.

use super::{
    error::Cause,
    fields::{Path, Set},
    go,
    managed::{Identity, Operation},
};
use std::{collections::BTreeMap, fmt};

/// Fields in conflict, by their owners; never empty.
#[derive(Clone, PartialEq, Eq, Debug)]
pub struct Conflicts(BTreeMap<Identity, Vec<Path>>);

impl Conflicts {
    /// The fields of those sets; `None` if there are none.
    pub(super) fn of(sets: &BTreeMap<Identity, Set>) -> Option<Self> {
        let paths = sets.iter().map(|(owner, set)| (owner.clone(), set.paths()));
        Self::unless_empty(paths.collect())
    }

    fn unless_empty(mut owners: BTreeMap<Identity, Vec<Path>>) -> Option<Self> {
        owners.retain(|_, paths| !paths.is_empty());
        (!owners.is_empty()).then_some(Self(owners))
    }

    /// The conflicts about other fields than those.
    pub(super) fn outside(self, allowed: &Set) -> Option<Self> {
        let outside = |(owner, paths): (Identity, Vec<Path>)| {
            (owner, paths.into_iter().filter(|path| !allowed.has(&path.0)).collect())
        };
        Self::unless_empty(self.0.into_iter().map(outside).collect())
    }

    /// The fields and their owners.
    pub fn fields(&self) -> impl Iterator<Item = (&Identity, &Path)> {
        self.0.iter().flat_map(|(owner, paths)| paths.iter().map(move |path| (owner, path)))
    }

    pub(super) fn causes(&self) -> Vec<Cause> {
        let cause = |(owner, path): (&Identity, &Path)| Cause {
            reason: "FieldManagerConflict",
            message: format!("conflict with {}", owner_text(owner)),
            field: path.to_string(),
        };
        self.fields().map(cause).collect()
    }
}

impl fmt::Display for Conflicts {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let count = self.fields().count();
        if let (1, Some((owner, path))) = (count, self.fields().next()) {
            let owner = owner_text(owner);
            return write!(f, "Apply failed with 1 conflict: conflict with {owner}: {path}");
        }
        let mut lines = Vec::new();
        for (owner, paths) in &self.0 {
            lines.push(format!("conflicts with {}:", owner_text(owner)));
            lines.extend(paths.iter().map(|path| format!("- {path}")));
        }
        write!(f, "Apply failed with {count} conflicts: {}", lines.join("\n"))
    }
}

fn owner_text(owner: &Identity) -> String {
    let mut text = go::quoted(&owner.manager);
    if !owner.subresource.is_empty() {
        text.push_str(&format!(" with subresource {}", go::quoted(&owner.subresource)));
    }
    if owner.operation == Operation::Update {
        text.push_str(&format!(" using {}", owner.version));
    }
    text
}
