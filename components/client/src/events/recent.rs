//! A map that keeps what was used last.

use std::collections::BTreeMap;

/// At most so many values; the one that was not used for longest goes first.
#[derive(Debug)]
pub(super) struct Recent<V> {
    values: BTreeMap<String, (u64, V)>,
    uses: BTreeMap<u64, String>,
    clock: u64,
    max: usize,
}

impl<V> Recent<V> {
    pub(super) fn new(max: usize) -> Self {
        Self { values: BTreeMap::new(), uses: BTreeMap::new(), clock: 0, max: max.max(1) }
    }

    /// The value of a key, made if there is none.
    pub(super) fn entry(&mut self, key: &str, make: impl FnOnce() -> V) -> &mut V {
        self.clock += 1;
        let clock = self.clock;
        if !self.values.contains_key(key)
            && self.values.len() >= self.max
            && let Some((_, oldest)) = self.uses.pop_first()
        {
            self.values.remove(&oldest);
        }
        let entry = self.values.entry(key.to_owned()).or_insert_with(|| (clock, make()));
        self.uses.remove(&entry.0);
        self.uses.insert(clock, key.to_owned());
        entry.0 = clock;
        &mut entry.1
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_was_not_used_for_longest_is_forgotten() {
        let mut recent = Recent::new(2);
        for (key, expected) in [("a", 1), ("b", 1), ("a", 2), ("c", 1), ("a", 3), ("b", 1)] {
            let count = recent.entry(key, || 0);
            *count += 1;
            assert_eq!(*count, expected, "{key}");
        }
        assert_eq!((recent.values.len(), recent.uses.len()), (2, 2));
    }
}
