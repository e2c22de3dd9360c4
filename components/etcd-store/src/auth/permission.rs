//! What one user may read and write by all roles together, as few disjoint ranges
//! (server/auth/range_perm_cache.go).

use bytes::Bytes;
use etcd_api::authpb::{Permission, Role, permission::Type};

/// From a key up to, not including, another; without an end it has none.
type Range = (Bytes, Option<Bytes>);

/// Sorted ranges that neither overlap nor touch.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
struct Ranges(Vec<Range>);

impl Ranges {
    fn new(mut ranges: Vec<Range>) -> Self {
        ranges.sort_by(|(a, _), (b, _)| a.cmp(b));
        let mut merged: Vec<Range> = Vec::new();
        for (start, end) in ranges {
            match merged.last_mut() {
                Some((_, last)) if reaches(last, &start) => {
                    if !covers_end(last, &end) {
                        *last = end;
                    }
                }
                _ => merged.push((start, end)),
            }
        }
        Self(merged)
    }

    fn cover(&self, (start, end): &Range) -> bool {
        let after = self.0.partition_point(|(other, _)| other <= start);
        let candidate = after.checked_sub(1).and_then(|place| self.0.get(place));
        candidate.is_some_and(|(_, last)| reaches(last, start) && covers_end(last, end))
    }
}

/// True when a range that ends there leaves no gap before `start`.
fn reaches(end: &Option<Bytes>, start: &Bytes) -> bool {
    end.as_ref().is_none_or(|end| start <= end)
}

fn covers_end(outer: &Option<Bytes>, inner: &Option<Bytes>) -> bool {
    match (outer, inner) {
        (None, _) => true,
        (Some(_), None) => false,
        (Some(outer), Some(inner)) => inner <= outer,
    }
}

/// The ranges a user may read, and those it may write.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub(super) struct Merged {
    read: Ranges,
    write: Ranges,
}

impl Merged {
    pub(super) fn of<'a>(roles: impl Iterator<Item = &'a Role>) -> Self {
        let all: Vec<&Permission> = roles.flat_map(|role| &role.key_permission).collect();
        let with = |without: Type| {
            let held = all.iter().filter(|permission| permission.perm_type() != without);
            Ranges::new(held.map(|held| range(&held.key, &held.range_end)).collect())
        };
        Self { read: with(Type::Write), write: with(Type::Read) }
    }

    pub(super) fn may_read(&self, key: &Bytes, range_end: &Bytes) -> bool {
        self.read.cover(&range(key, range_end))
    }

    pub(super) fn may_write(&self, key: &Bytes, range_end: &Bytes) -> bool {
        self.write.cover(&range(key, range_end))
    }
}

/// A range as the API writes it: no end is the key alone, and a zero byte is no end at all.
fn range(key: &Bytes, range_end: &Bytes) -> Range {
    let end = match &range_end[..] {
        [] => Some(Bytes::from([&key[..], &[0]].concat())),
        [0] => None,
        _ => Some(range_end.clone()),
    };
    (key.clone(), end)
}

/// True when a permission on the range makes sense, that is when it is not empty.
pub(super) fn is_valid_range(key: &Bytes, range_end: &Bytes) -> bool {
    let (start, end) = range(key, range_end);
    !key.is_empty() && end.is_none_or(|end| start < end)
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;

    /// Keys of up to two letters of three, so that ranges meet, touch and miss each other.
    fn key() -> impl Strategy<Value = Bytes> {
        prop::collection::vec(1..4u8, 1..3).prop_map(Bytes::from)
    }

    fn end() -> impl Strategy<Value = Bytes> {
        prop_oneof![Just(Bytes::new()), Just(Bytes::from_static(&[0])), key()]
    }

    fn permission() -> impl Strategy<Value = Permission> {
        (key(), end(), 0..3i32)
            .prop_filter("valid", |(key, end, _)| is_valid_range(key, end))
            .prop_map(|(key, range_end, perm_type)| Permission { perm_type, key, range_end })
    }

    fn contains((start, end): &Range, key: &Bytes) -> bool {
        start <= key && end.as_ref().is_none_or(|end| key < end)
    }

    /// Every boundary a range of such keys can have, and the keys right after them.
    fn universe() -> Vec<Bytes> {
        let mut keys: Vec<Vec<u8>> = (1..4u8).map(|a| vec![a]).collect();
        keys.extend((1..4u8).flat_map(|a| (1..4u8).map(move |b| vec![a, b])));
        let after: Vec<_> = keys.iter().map(|key| [&key[..], &[0]].concat()).collect();
        keys.into_iter().chain(after).chain([vec![9]]).map(Bytes::from).collect()
    }

    proptest! {
        #[test]
        fn a_range_is_allowed_when_each_of_its_keys_is(
            permissions in prop::collection::vec(permission(), 0..6),
            asked in (key(), end()),
        ) {
            prop_assume!(is_valid_range(&asked.0, &asked.1));
            let role = Role { name: Bytes::new(), key_permission: permissions.clone() };
            let merged = Merged::of([&role].into_iter());
            let wanted = range(&asked.0, &asked.1);
            let naive = |not: Type| universe().iter().filter(|key| contains(&wanted, key)).all(|key| {
                let held = permissions.iter().filter(|held| held.perm_type() != not);
                held.map(|held| range(&held.key, &held.range_end)).any(|held| contains(&held, key))
            });
            prop_assert_eq!(merged.may_read(&asked.0, &asked.1), naive(Type::Write));
            prop_assert_eq!(merged.may_write(&asked.0, &asked.1), naive(Type::Read));
        }
    }

    #[test]
    fn empty_ranges_are_no_permissions() {
        let valid = |key: &'static [u8], end: &'static [u8]| {
            is_valid_range(&Bytes::from_static(key), &Bytes::from_static(end))
        };
        assert!(valid(b"a", b"") && valid(b"a", b"b") && valid(b"z", b"\0") && valid(b"\0", b"\0"));
        assert!(!valid(b"", b"") && !valid(b"", b"a") && !valid(b"b", b"a") && !valid(b"a", b"a"));
    }
}
