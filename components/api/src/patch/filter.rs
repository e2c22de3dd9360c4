//! Which fields a request may own: the others, it cannot change.
//!
//! A request for an object leaves its status alone, one for the status all else. Upstream calls
//! them reset fields (`GetResetFieldsFilter` of a registry's strategy; structured-merge-diff's
//! `Filter`).

use super::fields::{Element, Set};

/// What remains of a set.
#[derive(Clone, PartialEq, Eq, Debug)]
pub enum Filter {
    /// All but these fields and what is within them.
    Without(Set),
    /// What begins with one of these; a step that is `None` is any.
    Within(Vec<Vec<Option<Element>>>),
}

impl Filter {
    /// The set, without what the request cannot own.
    pub fn apply(&self, set: &Set) -> Set {
        match self {
            Self::Without(gone) => set.recursive_difference(gone),
            Self::Within(prefixes) => {
                let inside = set
                    .paths()
                    .into_iter()
                    .filter(|path| prefixes.iter().any(|prefix| begins(&path.0, prefix)));
                let inside: Vec<_> = inside.collect();
                Set::of(inside.iter().map(|path| path.0.as_slice()))
            }
        }
    }
}

/// Whether a path is at or within a prefix, or one that leads there.
fn begins(path: &[Element], prefix: &[Option<Element>]) -> bool {
    path.iter().zip(prefix).all(|(step, wanted)| wanted.as_ref().is_none_or(|it| it == step))
}
