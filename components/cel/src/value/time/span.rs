//! Durations as Go has them: nanoseconds in 64 bits.

use std::fmt;

/// A span of time, which may be negative.
#[derive(Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Debug, Default)]
pub struct Duration {
    /// The whole of it.
    pub nanos: i64,
}

impl Duration {
    /// `1h30m`, `-1.5s`, `0`: as Go's `time.ParseDuration`.
    pub fn parse(text: &str) -> Option<Self> {
        scalars::duration::parse(text).map(|nanos| Self { nanos })
    }
}

impl fmt::Display for Duration {
    /// Seconds with as many digits as it needs, `1.5s`.
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let sign = if self.nanos < 0 { "-" } else { "" };
        let nanos = self.nanos.unsigned_abs();
        write!(f, "{sign}{}", nanos / 1_000_000_000)?;
        if !nanos.is_multiple_of(1_000_000_000) {
            let digits = format!("{:09}", nanos % 1_000_000_000);
            write!(f, ".{}", digits.trim_end_matches('0'))?;
        }
        f.write_str("s")
    }
}
