//! Ids for requests in flight, unique over members and restarts.
//!
//! Upstream: pkg/idutil/id.go. Two bytes of the member's id, five of the start time in
//! milliseconds, one of count; counting on overflows into the time, which stays unique because a
//! member does not make 256 requests in every millisecond of its life.

use host::Timestamp;
use std::sync::atomic::{AtomicU64, Ordering};

const TIME_BITS: u32 = 40;
const COUNT_BITS: u32 = 8;

/// Hands out request ids.
#[derive(Debug)]
pub(crate) struct RequestIds {
    prefix: u64,
    suffix: AtomicU64,
}

impl RequestIds {
    /// Ids of the member `member`, started at `now`.
    pub(crate) fn new(member: u64, now: Timestamp) -> Self {
        let millis = (now.0 / 1_000_000) & ((1 << TIME_BITS) - 1);
        Self {
            prefix: (member & 0xffff) << (TIME_BITS + COUNT_BITS),
            suffix: AtomicU64::new(millis << COUNT_BITS),
        }
    }

    /// The next id; never zero.
    pub(crate) fn next(&self) -> u64 {
        let suffix = self.suffix.fetch_add(1, Ordering::Relaxed) + 1;
        self.prefix | (suffix & ((1 << (TIME_BITS + COUNT_BITS)) - 1))
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn ids_differ_by_member_time_and_count() {
        let start = Timestamp(1_700_000_000_000_000_000);
        let ids = RequestIds::new(0xabcd_1234, start);
        let (first, second) = (ids.next(), ids.next());
        assert_eq!(first >> 48, 0x1234);
        assert_eq!(second, first + 1);
        let later = RequestIds::new(0xabcd_1234, Timestamp(start.0 + 1_000_000));
        assert!(later.next() > second);
    }
}
