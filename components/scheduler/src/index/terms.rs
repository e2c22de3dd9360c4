//! What pods on nodes wish of others: how many have each wish in each place.

use super::{
    NodeId,
    class::add,
    column::{Column, Columns, Place},
};
use crate::objects::{affinity::Term, pod::Pod};
use std::collections::BTreeMap;

/// How much a wish is one.
#[derive(Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Debug)]
pub enum Kind {
    /// None of the pods may be near.
    Never,
    /// Some of them had to be near when it was placed.
    Required,
    /// The nearer the better, with this weight; the worse where it is below zero.
    Preferred(i64),
}

#[derive(Clone, PartialEq, Eq, PartialOrd, Ord, Debug)]
pub(super) struct Key {
    kind: Kind,
    pub(super) term: Term,
}

/// The wishes of one pod.
pub(super) fn wishes(pod: &Pod) -> Vec<Key> {
    let of = |kind: Kind| move |term: &Term| Key { kind, term: term.clone() };
    let affinity = &pod.affinity;
    let mut all: Vec<Key> = affinity.required_anti.iter().map(of(Kind::Never)).collect();
    all.extend(affinity.required.iter().map(of(Kind::Required)));
    let preferred = |(term, weight): &(Term, i64)| of(Kind::Preferred(*weight))(term);
    all.extend(affinity.preferred.iter().map(preferred));
    all
}

/// A wish's number.
pub(super) type WishId = usize;

#[derive(Debug)]
struct Entry {
    key: Key,
    owners: BTreeMap<NodeId, i64>,
    places: Vec<i64>,
}

impl Entry {
    fn count(&mut self, id: NodeId, amount: i64, columns: &Columns) {
        if let Some(place) = columns.place(&self.key.term.topology_key, id) {
            if self.places.len() <= place {
                self.places.resize(place + 1, 0);
            }
            self.places[place] += amount;
        }
    }
}

/// All wishes.
#[derive(Debug, Default)]
pub(super) struct Wishes {
    ids: BTreeMap<Key, WishId>,
    all: Vec<Entry>,
    /// Wishes that no pod has.
    idle: usize,
}

impl Wishes {
    /// Counts a pod's wish; gives its number where it is new.
    pub(super) fn count(
        &mut self,
        key: &Key,
        id: NodeId,
        amount: i64,
        columns: &Columns,
    ) -> Option<WishId> {
        let (number, new) = match self.ids.get(key) {
            Some(number) => (*number, false),
            None => (self.insert(key), true),
        };
        let entry = &mut self.all[number];
        let idle = entry.owners.is_empty();
        add(&mut entry.owners, id, amount);
        entry.count(id, amount, columns);
        match (idle, entry.owners.is_empty()) {
            (true, false) => self.idle -= 1,
            (false, true) => self.idle += 1,
            _ => {}
        }
        new.then_some(number)
    }

    fn insert(&mut self, key: &Key) -> WishId {
        let number = self.all.len();
        self.ids.insert(key.clone(), number);
        let (owners, places) = (BTreeMap::new(), Vec::new());
        self.all.push(Entry { key: key.clone(), owners, places });
        self.idle += 1;
        number
    }

    /// Counts what is wished on a node in, or out.
    pub(super) fn node(&mut self, id: NodeId, into: bool, columns: &Columns) {
        for entry in &mut self.all {
            if let Some(owners) = entry.owners.get(&id).copied() {
                entry.count(id, if into { owners } else { -owners }, columns);
            }
        }
    }

    /// Wishes that are about some pods.
    pub(super) fn about(&self, wanted: impl Fn(&Term) -> bool) -> Vec<WishId> {
        let all = self.all.iter().enumerate();
        all.filter(|(_, entry)| wanted(&entry.key.term)).map(|(id, _)| id).collect()
    }

    pub(super) fn views<'a>(&'a self, ids: &[WishId], columns: &'a Columns) -> Vec<Wish<'a>> {
        let view = |id: &WishId| {
            let entry = &self.all[*id];
            let column = columns.get(&entry.key.term.topology_key)?;
            let there = !entry.owners.is_empty();
            there.then_some(Wish { kind: entry.key.kind, entry, column })
        };
        ids.iter().filter_map(view).collect()
    }

    pub(super) fn idle(&self) -> usize {
        self.idle
    }

    /// Numbers change: classes must find theirs anew.
    pub(super) fn forget_idle(&mut self) {
        self.all.retain(|entry| !entry.owners.is_empty());
        let numbered = self.all.iter().enumerate();
        self.ids = numbered.map(|(id, entry)| (entry.key.clone(), id)).collect();
        self.idle = 0;
    }
}

/// One wish, and how many pods have it in each place.
#[derive(Clone, Copy, Debug)]
pub struct Wish<'a> {
    /// How much it is one.
    pub kind: Kind,
    entry: &'a Entry,
    column: &'a Column,
}

impl Wish<'_> {
    /// What is wished.
    pub fn term(&self) -> &Term {
        &self.entry.key.term
    }

    /// Where a node is, by the wish's label.
    pub fn place(&self, id: NodeId) -> Option<Place> {
        self.column.place(id)
    }

    /// How many pods in a place have the wish.
    pub fn pods(&self, place: Place) -> i64 {
        self.entry.places.get(place).copied().unwrap_or(0)
    }
}
