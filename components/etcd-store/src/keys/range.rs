//! Ranges of keys as the API writes them.

use bytes::Bytes;
use std::ops::Bound;

/// A range of an ordered map of keys.
type Bounds<'a> = (Bound<&'a [u8]>, Bound<&'a [u8]>);

/// A key, or the keys from `key` up to but excluding `end`; an `end` of one zero byte is infinity.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub struct KeyRange {
    key: Bytes,
    end: Bytes,
}

impl KeyRange {
    /// From the two fields of a request.
    pub fn new(key: &Bytes, end: &Bytes) -> Self {
        Self { key: key.clone(), end: end.clone() }
    }

    /// The key, when it is only one.
    pub fn single(&self) -> Option<&Bytes> {
        self.end.is_empty().then_some(&self.key)
    }

    /// Where the range begins.
    pub fn start(&self) -> &Bytes {
        &self.key
    }

    /// The first key beyond the range; `None` for infinity. Not for single keys.
    pub fn limit(&self) -> Option<&Bytes> {
        (self.end != b"\0"[..]).then_some(&self.end)
    }

    /// True for a key within.
    pub fn contains(&self, key: &[u8]) -> bool {
        match (self.single(), self.limit()) {
            (Some(single), _) => key == single,
            (None, None) => key >= &self.key[..],
            (None, Some(limit)) => key >= &self.key[..] && key < &limit[..],
        }
    }

    /// The range for an ordered map; `None` when nothing can be in it.
    pub(crate) fn bounds(&self) -> Option<Bounds<'_>> {
        let start = Bound::Included(&self.key[..]);
        match (self.single(), self.limit()) {
            (Some(_), _) => Some((start, Bound::Included(&self.key[..]))),
            (None, None) => Some((start, Bound::Unbounded)),
            (None, Some(limit)) if *limit > self.key => Some((start, Bound::Excluded(&limit[..]))),
            (None, Some(_)) => None,
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn ends_mean_what_the_api_says() {
        let range = |key: &'static str, end: &'static str| {
            KeyRange::new(&Bytes::from(key), &Bytes::from(end))
        };
        for (key, end, inside, outside) in [
            ("b", "", "b", "ba"),
            ("b", "d", "c", "d"),
            ("b", "\0", "zzz", "a"),
            ("\0", "\0", "x", ""),
        ] {
            assert!(range(key, end).contains(inside.as_bytes()), "{key} {end}");
            assert!(!range(key, end).contains(outside.as_bytes()), "{key} {end}");
            assert!(range(key, end).bounds().is_some());
        }
        assert!(range("d", "b").bounds().is_none());
        assert!(range("d", "d").bounds().is_none());
    }
}
