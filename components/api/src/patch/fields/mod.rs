//! Sets of an object's fields: what a manager owns.
//!
//! Upstream: structured-merge-diff's fieldpath/set.go. A field may be a member whether or not
//! fields within it are: `spec` and `spec.replicas` are two members.

mod element;
mod json;
mod scalar;

pub use element::{Element, Path};
pub use json::FieldsError;
pub use scalar::Scalar;

pub(super) use scalar::equal;

use std::collections::{BTreeMap, BTreeSet};

/// Fields, as a tree of the steps that lead to them.
#[derive(Clone, PartialEq, Eq, Debug, Default)]
pub struct Set {
    members: BTreeSet<Element>,
    /// Of these none is empty.
    children: BTreeMap<Element, Set>,
}

impl Set {
    /// The fields at those paths.
    pub fn of<'p>(paths: impl IntoIterator<Item = &'p [Element]>) -> Self {
        let mut set = Self::default();
        paths.into_iter().for_each(|path| set.insert(path));
        set
    }

    /// Adds a field; not those that it is within. Nobody owns the whole object: its empty path adds
    /// nothing.
    pub fn insert(&mut self, path: &[Element]) {
        match path {
            [] => (),
            [last] => {
                self.members.insert(last.clone());
            }
            [first, rest @ ..] => self.children.entry(first.clone()).or_default().insert(rest),
        }
    }

    /// Adds a member at the top.
    pub(super) fn put(&mut self, element: &Element) {
        self.members.insert(element.clone());
    }

    /// Adds what is within a field.
    pub(super) fn put_within(&mut self, element: &Element, within: Self) {
        if within.is_empty() {
            return;
        }
        match self.children.get_mut(element) {
            Some(set) => set.extend(&within),
            None => {
                self.children.insert(element.clone(), within);
            }
        }
    }

    /// Whether a field is a member.
    pub fn has(&self, path: &[Element]) -> bool {
        match path {
            [] => false,
            [last] => self.members.contains(last),
            [first, rest @ ..] => self.children.get(first).is_some_and(|set| set.has(rest)),
        }
    }

    /// Whether there is no member.
    pub fn is_empty(&self) -> bool {
        self.members.is_empty() && self.children.is_empty()
    }

    /// The members at the top.
    pub fn members(&self) -> &BTreeSet<Element> {
        &self.members
    }

    /// The members within others, by the step that leads to them.
    pub fn children(&self) -> &BTreeMap<Element, Set> {
        &self.children
    }

    /// A set from its parts; empty children are left out.
    pub fn from_parts(
        members: BTreeSet<Element>,
        children: impl IntoIterator<Item = (Element, Self)>,
    ) -> Self {
        let children = children.into_iter().filter(|(_, set)| !set.is_empty()).collect();
        Self { members, children }
    }

    /// What either set has.
    #[must_use]
    pub fn union(&self, other: &Self) -> Self {
        let mut out = self.clone();
        out.extend(other);
        out
    }

    fn extend(&mut self, other: &Self) {
        self.members.extend(other.members.iter().cloned());
        for (element, set) in &other.children {
            self.children.entry(element.clone()).or_default().extend(set);
        }
    }

    /// What both sets have.
    #[must_use]
    pub fn intersection(&self, other: &Self) -> Self {
        let members = self.members.intersection(&other.members).cloned().collect();
        let children = self.children.iter().filter_map(|(element, set)| {
            Some((element.clone(), set.intersection(other.children.get(element)?)))
        });
        Self::from_parts(members, children)
    }

    /// What this set has and the other has not. A field stays where the other has only the one that
    /// it is within.
    #[must_use]
    pub fn difference(&self, other: &Self) -> Self {
        let members = self.members.difference(&other.members).cloned().collect();
        let children = self.children.iter().map(|(element, set)| {
            let left = match other.children.get(element) {
                Some(gone) => set.difference(gone),
                None => set.clone(),
            };
            (element.clone(), left)
        });
        Self::from_parts(members, children)
    }

    /// What this set has, without the other's fields and all that is within them.
    #[must_use]
    pub fn recursive_difference(&self, other: &Self) -> Self {
        let members = self.members.difference(&other.members).cloned().collect();
        let within = self.children.iter().filter(|(element, _)| !other.members.contains(*element));
        let children = within.map(|(element, set)| {
            let left = match other.children.get(element) {
                Some(gone) => set.recursive_difference(gone),
                None => set.clone(),
            };
            (element.clone(), left)
        });
        Self::from_parts(members, children)
    }

    /// All members in upstream's order: those of a level go before those within them.
    pub fn paths(&self) -> Vec<Path> {
        let mut found = Vec::new();
        self.walk(&mut Vec::new(), &mut found);
        found
    }

    fn walk(&self, prefix: &mut Vec<Element>, found: &mut Vec<Path>) {
        for member in &self.members {
            let mut path = prefix.clone();
            path.push(member.clone());
            found.push(Path(path));
        }
        for (element, set) in &self.children {
            prefix.push(element.clone());
            set.walk(prefix, found);
            prefix.pop();
        }
    }
}
