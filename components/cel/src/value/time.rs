//! Moments and spans.
//!
//! Upstream: cel-go `common/types/timestamp.go`, `duration.go`; Go's `time` for the texts. Time zones
//! come from a database inside of the binary, never from the machine's.

mod calendar;
mod span;

use scalars::time::Moment;
use std::fmt;

pub use calendar::Civil;
pub use span::Duration;

/// The first second of the year 1 and the last of 9999 (protobuf's range).
const SECONDS_MIN: i64 = -62_135_596_800;
const SECONDS_MAX: i64 = 253_402_300_799;

/// A moment between the years 1 and 9999.
#[derive(Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Debug)]
pub struct Timestamp {
    /// Since 1970.
    pub seconds: i64,
    /// Below a thousand million.
    pub nanos: u32,
}

impl Timestamp {
    /// Go's zero time: the beginning of the year 1.
    pub const ZERO: Timestamp = Timestamp { seconds: SECONDS_MIN, nanos: 0 };

    /// None outside of the range.
    pub fn new(seconds: i64, nanos: u32) -> Option<Self> {
        (SECONDS_MIN..=SECONDS_MAX).contains(&seconds).then_some(Self { seconds, nanos })
    }

    /// RFC 3339, as Go reads it.
    pub fn parse(text: &str) -> Option<Self> {
        let Moment { seconds, nanos } = Moment::parse(text).ok()?;
        Self::new(seconds, nanos)
    }

    /// Later by a span, which may be negative; none outside of the range.
    pub fn plus(self, span: Duration) -> Option<Self> {
        let total = self.total_nanos() + i128::from(span.nanos);
        let seconds = i64::try_from(total.div_euclid(1_000_000_000)).ok()?;
        Self::new(seconds, u32::try_from(total.rem_euclid(1_000_000_000)).ok()?)
    }

    /// The span since another; none if Go's durations cannot hold it.
    pub fn since(self, other: Timestamp) -> Option<Duration> {
        let nanos = i64::try_from(self.total_nanos() - other.total_nanos()).ok()?;
        Some(Duration { nanos })
    }

    /// On the calendar and the clock, in a time zone.
    pub fn civil(self, zone: &str) -> Option<Civil> {
        let offset = calendar::zone_seconds(zone, self)?;
        Some(Civil::new(self.seconds + offset, self.nanos))
    }

    fn total_nanos(self) -> i128 {
        i128::from(self.seconds) * 1_000_000_000 + i128::from(self.nanos)
    }
}

impl fmt::Display for Timestamp {
    /// RFC 3339 with as many digits as it needs.
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let it = Civil::new(self.seconds, self.nanos);
        let (year, month, day) = (it.year, it.month, it.day);
        write!(
            f,
            "{year:04}-{month:02}-{day:02}T{:02}:{:02}:{:02}",
            it.hour, it.minute, it.second
        )?;
        if self.nanos > 0 {
            let digits = format!("{:09}", self.nanos);
            write!(f, ".{}", digits.trim_end_matches('0'))?;
        }
        f.write_str("Z")
    }
}
