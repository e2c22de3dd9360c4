//! Who watches a key: watches by key, and ranges in an array searched as a tree.

use crate::keys::KeyRange;
use bytes::Bytes;
use std::collections::{BTreeMap, BTreeSet};

/// A watch's place in the hub.
pub(super) type Slot = usize;

/// All watches of the hub, synced or not.
#[derive(Debug, Default)]
pub(super) struct Groups {
    keys: BTreeMap<Bytes, BTreeSet<Slot>>,
    ranges: BTreeMap<KeyRange, BTreeSet<Slot>>,
    /// The distinct ranges, for searching; stale after a change until the next search.
    tree: Option<Vec<Node>>,
}

/// A range within the array that is sorted by start; the middle of a part is the root of its tree.
#[derive(Debug)]
struct Node {
    range: KeyRange,
    /// The greatest limit in the node's part; `None` for infinity.
    reach: Option<Bytes>,
}

impl Groups {
    pub(super) fn insert(&mut self, range: &KeyRange, slot: Slot) {
        match range.single() {
            Some(key) => drop(self.keys.entry(key.clone()).or_default().insert(slot)),
            None => {
                let group = self.ranges.entry(range.clone()).or_insert_with(|| {
                    self.tree = None;
                    BTreeSet::new()
                });
                group.insert(slot);
            }
        }
    }

    pub(super) fn remove(&mut self, range: &KeyRange, slot: Slot) {
        if let Some(key) = range.single() {
            if let Some(group) = self.keys.get_mut(key) {
                group.remove(&slot);
                if group.is_empty() {
                    self.keys.remove(key);
                }
            }
        } else if let Some(group) = self.ranges.get_mut(range) {
            group.remove(&slot);
            if group.is_empty() {
                self.ranges.remove(range);
                self.tree = None;
            }
        }
    }

    /// Calls `each` with the watches of a key.
    pub(super) fn find(&mut self, key: &[u8], mut each: impl FnMut(Slot)) {
        if let Some(group) = self.keys.get(key) {
            group.iter().copied().for_each(&mut each);
        }
        let tree = self.tree.get_or_insert_with(|| build(self.ranges.keys()));
        let ranges = &self.ranges;
        stab(tree, key, &mut |range| {
            ranges.get(range).into_iter().flatten().copied().for_each(&mut each);
        });
    }
}

fn build<'a>(ranges: impl Iterator<Item = &'a KeyRange>) -> Vec<Node> {
    let mut tree: Vec<Node> =
        ranges.map(|range| Node { range: range.clone(), reach: range.limit().cloned() }).collect();
    spread(&mut tree);
    tree
}

/// Computes every node's reach; returns that of the whole part, which must not be empty.
fn spread(part: &mut [Node]) -> Option<Bytes> {
    let middle = part.len() / 2;
    let (left, rest) = part.split_at_mut(middle);
    let [root, right @ ..] = rest else { return Some(Bytes::new()) };
    for child in [left, right] {
        if !child.is_empty() {
            let reach = spread(child);
            root.reach = match (root.reach.take(), reach) {
                (Some(a), Some(b)) => Some(a.max(b)),
                _ => None,
            };
        }
    }
    root.reach.clone()
}

fn stab(part: &[Node], key: &[u8], each: &mut impl FnMut(&KeyRange)) {
    let (left, rest) = part.split_at(part.len() / 2);
    let [root, right @ ..] = rest else { return };
    if root.reach.as_ref().is_some_and(|reach| &reach[..] <= key) {
        return;
    }
    stab(left, key, each);
    if root.range.contains(key) {
        each(&root.range);
    }
    if root.range.start()[..] <= *key {
        stab(right, key, each);
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;

    fn range() -> impl Strategy<Value = KeyRange> {
        let word = proptest::collection::vec(0_u8..5, 1..3);
        let end = prop_oneof![Just(vec![]), Just(vec![0]), word.clone()];
        (word, end).prop_map(|(key, end)| KeyRange::new(&key.into(), &end.into()))
    }

    proptest! {
        #[test]
        fn the_tree_finds_what_a_scan_finds(
            ranges in proptest::collection::vec(range(), 0..40),
            removed in proptest::collection::vec(any::<bool>(), 40),
            key in proptest::collection::vec(0_u8..5, 1..4),
        ) {
            let mut groups = Groups::default();
            for (slot, range) in ranges.iter().enumerate() {
                groups.insert(range, slot);
            }
            groups.find(b"warm", |_| ());
            let left = || ranges.iter().enumerate().filter(|(slot, _)| !removed[*slot]);
            for (slot, range) in ranges.iter().enumerate().filter(|(slot, _)| removed[*slot]) {
                groups.remove(range, slot);
            }
            let mut found = BTreeSet::new();
            groups.find(&key, |slot| assert!(found.insert(slot)));
            let expected: BTreeSet<_> =
                left().filter(|(_, range)| range.contains(&key)).map(|(slot, _)| slot).collect();
            prop_assert_eq!(found, expected);
        }
    }
}
