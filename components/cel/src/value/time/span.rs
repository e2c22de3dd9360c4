//! Durations as Go has them: nanoseconds in 64 bits.

use std::fmt;

/// A span of time, which may be negative.
#[derive(Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Debug, Default)]
pub struct Duration {
    /// The whole of it.
    pub nanos: i64,
}

/// Go's units, in nanoseconds.
const UNITS: [(&str, i128); 8] = [
    ("ns", 1),
    ("us", 1_000),
    ("µs", 1_000),
    ("μs", 1_000),
    ("ms", 1_000_000),
    ("s", 1_000_000_000),
    ("m", 60_000_000_000),
    ("h", 3_600_000_000_000),
];

/// Digits behind a point that can matter: an hour's nanoseconds have thirteen.
const FRACTION_DIGITS_MAX: usize = 18;

impl Duration {
    /// `1h30m`, `-1.5s`, `0`: as Go's `time.ParseDuration`.
    pub fn parse(text: &str) -> Option<Self> {
        let (sign, mut rest) = match text.strip_prefix('-') {
            Some(rest) => (-1, rest),
            None => (1, text.strip_prefix('+').unwrap_or(text)),
        };
        if rest == "0" {
            return Some(Self::default());
        }
        if rest.is_empty() {
            return None;
        }
        let mut total = 0_i128;
        while !rest.is_empty() {
            let (nanos, after) = part(rest)?;
            total = total.checked_add(nanos).filter(|it| *it <= i128::from(i64::MAX) + 1)?;
            rest = after;
        }
        Some(Self { nanos: i64::try_from(sign * total).ok()? })
    }
}

/// A number with its unit.
fn part(text: &str) -> Option<(i128, &str)> {
    let (whole, rest) = digits(text);
    let (fraction, rest) = match rest.strip_prefix('.') {
        Some(rest) => digits(rest),
        None => ("", rest),
    };
    if whole.is_empty() && fraction.is_empty() {
        return None;
    }
    let unit = rest.find(|it: char| it == '.' || it.is_ascii_digit()).unwrap_or(rest.len());
    let (name, rest) = rest.split_at_checked(unit)?;
    let scale = UNITS.iter().find(|it| it.0 == name)?.1;
    let whole: i128 = if whole.is_empty() { 0 } else { whole.parse().ok()? };
    let fraction = fraction.get(..FRACTION_DIGITS_MAX).unwrap_or(fraction);
    let parts = 10_i128.pow(u32::try_from(fraction.len()).ok()?);
    let behind: i128 = if fraction.is_empty() { 0 } else { fraction.parse().ok()? };
    Some((whole.checked_mul(scale)?.checked_add(behind * scale / parts)?, rest))
}

fn digits(text: &str) -> (&str, &str) {
    let count = text.bytes().take_while(u8::is_ascii_digit).count();
    text.split_at(count)
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
