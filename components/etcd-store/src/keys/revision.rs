//! Revisions: when a change happened, and the keys of table Key.

use bytes::Bytes;

/// The main revision counts transactions, the sub revision the changes within one.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct Revision {
    /// The transaction, from 2 on.
    pub main: i64,
    /// The change within it, from 0 on.
    pub sub: u32,
}

/// Bytes of a put's row key; a tombstone's has one more.
const LEN: usize = 17;
const TOMBSTONE: u8 = b't';

impl Revision {
    /// The row key: both numbers big-endian around `_`, so that rows sort by revision.
    pub fn row(self, tombstone: bool) -> Bytes {
        let mut row = [0; LEN + 1];
        row[..8].copy_from_slice(&self.main.to_be_bytes());
        row[8] = b'_';
        row[9..LEN].copy_from_slice(&u64::from(self.sub).to_be_bytes());
        row[LEN] = TOMBSTONE;
        Bytes::copy_from_slice(if tombstone { &row } else { &row[..LEN] })
    }

    /// Reads a row key: the revision, and whether it is a tombstone's.
    pub fn from_row(row: &[u8]) -> Option<(Self, bool)> {
        let (revision, mark) = row.split_at_checked(LEN)?;
        let main = i64::from_be_bytes(revision[..8].try_into().ok()?);
        let sub = u64::from_be_bytes(revision[9..].try_into().ok()?);
        let tombstone = match mark {
            [] => false,
            [TOMBSTONE] => true,
            _ => return None,
        };
        Some((Self { main, sub: u32::try_from(sub).ok()? }, tombstone))
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn rows_sort_as_revisions_and_read_back() {
        let revisions = [(1, 0), (1, 1), (1, 300), (2, 0), (256, 0), (i64::MAX, u32::MAX)];
        let mut last = Bytes::new();
        for (main, sub) in revisions {
            for tombstone in [false, true] {
                let row = Revision { main, sub }.row(tombstone);
                assert!(row > last);
                assert_eq!(Revision::from_row(&row), Some((Revision { main, sub }, tombstone)));
                last = row;
            }
        }
        for bad in [&b""[..], b"short", b"0123456789012345x7y", b"01234567890123456x"] {
            assert_eq!(Revision::from_row(bad), None);
        }
    }
}
