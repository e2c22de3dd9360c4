//! What is remembered for a while, and never more of it than fits.
//!
//! Pure: it is told what time it is.

use host::Instant;
use std::{
    collections::{BTreeMap, BTreeSet},
    time::Duration,
};

/// Values by key, each until its time; beyond the limit what ends first is forgotten first.
#[derive(Debug)]
pub(crate) struct Expiring<K, V> {
    values: BTreeMap<K, (Instant, V)>,
    ends: BTreeSet<(Instant, K)>,
    max: usize,
}

impl<K: Ord + Clone, V: Clone> Expiring<K, V> {
    /// Keeps so many at most.
    pub(crate) fn new(max: usize) -> Self {
        Self { values: BTreeMap::new(), ends: BTreeSet::new(), max }
    }

    /// What is known.
    pub(crate) fn get(&self, key: &K, now: Instant) -> Option<V> {
        let (end, value) = self.values.get(key)?;
        (now < *end).then(|| value.clone())
    }

    /// Remembers it for so long; no time: not at all.
    pub(crate) fn put(&mut self, key: K, value: V, now: Instant, lasts: Duration) {
        if lasts.is_zero() {
            return;
        }
        let end = now + lasts;
        if let Some((before, _)) = self.values.insert(key.clone(), (end, value)) {
            self.ends.remove(&(before, key.clone()));
        }
        self.ends.insert((end, key));
        while self.ends.first().is_some_and(|(end, _)| self.values.len() > self.max || *end <= now)
        {
            if let Some((_, key)) = self.ends.pop_first() {
                self.values.remove(&key);
            }
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_is_old_or_too_much_is_forgotten() {
        let at = |seconds: u64| Instant(seconds * 1_000_000_000);
        let lasts = Duration::from_secs;
        let mut known = Expiring::new(2);
        known.put("a", 1, at(0), lasts(10));
        known.put("never", 1, at(0), lasts(0));
        assert_eq!((known.get(&"a", at(9)), known.get(&"a", at(10))), (Some(1), None));
        assert_eq!(known.get(&"never", at(0)), None);
        known.put("b", 2, at(1), lasts(30));
        known.put("a", 3, at(2), lasts(20));
        known.put("c", 4, at(3), lasts(40));
        assert_eq!(["a", "b", "c"].map(|key| known.get(&key, at(4))), [None, Some(2), Some(4)]);
        known.put("d", 5, at(50), lasts(1));
        assert_eq!((known.values.len(), known.ends.len()), (1, 1));
    }
}
