//! Lengths of time as people write them: `250ms`, `8s`, `2m`.

use std::{fmt, str::FromStr, time::Duration};

/// A length of simulated time, in nanoseconds. Also a moment: the time since a run began.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, PartialOrd, Ord)]
pub struct Span(pub u64);

/// The units, longest first, so that printing finds the shortest whole number.
const UNITS: [(&str, u64); 6] = [
    ("h", 3_600_000_000_000),
    ("m", 60_000_000_000),
    ("s", 1_000_000_000),
    ("ms", 1_000_000),
    ("us", 1_000),
    ("ns", 1),
];

impl Span {
    /// That many milliseconds.
    pub const fn millis(millis: u64) -> Self {
        Self(millis * 1_000_000)
    }

    /// That many seconds.
    pub const fn secs(secs: u64) -> Self {
        Self(secs * 1_000_000_000)
    }

    /// Whole milliseconds, rounded down.
    pub const fn as_millis(self) -> u64 {
        self.0 / 1_000_000
    }

    /// As the standard library's type.
    pub const fn duration(self) -> Duration {
        Duration::from_nanos(self.0)
    }

    /// Half of it, in whole milliseconds where it is longer than one: for shrinking.
    #[must_use]
    pub fn halved(self) -> Self {
        let half = self.0 / 2;
        Self(if half >= 1_000_000 { half / 1_000_000 * 1_000_000 } else { half })
    }

    /// The sum, at most the longest there is.
    #[must_use]
    pub const fn plus(self, other: Self) -> Self {
        Self(self.0.saturating_add(other.0))
    }
}

impl fmt::Display for Span {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        if self.0 == 0 {
            return f.write_str("0s");
        }
        let whole = UNITS.iter().find(|(_, nanos)| self.0.is_multiple_of(*nanos));
        let (unit, nanos) = whole.expect("every count is a multiple of one nanosecond");
        write!(f, "{}{unit}", self.0 / nanos)
    }
}

/// A text that is not a length of time.
#[derive(Debug, thiserror::Error)]
#[error("'{0}' is not a length of time; write it like 250ms, 8s, 1.5s, 2m or 1h")]
pub struct NotASpan(String);

impl FromStr for Span {
    type Err = NotASpan;

    fn from_str(text: &str) -> Result<Self, NotASpan> {
        let wrong = || NotASpan(text.to_owned());
        let split = text.find(|c: char| c.is_ascii_alphabetic()).ok_or_else(wrong)?;
        let (number, unit) = text.split_at(split);
        let (_, nanos) = UNITS.iter().find(|(name, _)| *name == unit).ok_or_else(wrong)?;
        let (whole, part) = number.split_once('.').unwrap_or((number, "0"));
        let digits = |text: &str| !text.is_empty() && text.bytes().all(|b| b.is_ascii_digit());
        if !digits(whole) || !digits(part) || part.len() > 9 {
            return Err(wrong());
        }
        let whole: u64 = whole.parse().map_err(|_| wrong())?;
        let scale = 10_u64.pow(u32::try_from(part.len()).map_err(|_| wrong())?);
        let part: u64 = part.parse().map_err(|_| wrong())?;
        let part = u128::from(part) * u128::from(*nanos) / u128::from(scale);
        let part = u64::try_from(part).map_err(|_| wrong())?;
        let total = whole.checked_mul(*nanos).and_then(|whole| whole.checked_add(part));
        total.map(Self).ok_or_else(wrong)
    }
}

/// A length of time with a sign, for clocks: `-3s` is three seconds behind.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct Shift {
    /// How far.
    pub by: Span,
    /// True when the clock falls behind.
    pub back: bool,
}

impl Shift {
    /// Nanoseconds, negative when behind; at most the longest that fits.
    pub fn nanos(self) -> i64 {
        let by = i64::try_from(self.by.0).unwrap_or(i64::MAX);
        if self.back { -by } else { by }
    }
}

impl fmt::Display for Shift {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{}{}", if self.back { "-" } else { "" }, self.by)
    }
}

impl FromStr for Shift {
    type Err = NotASpan;

    fn from_str(text: &str) -> Result<Self, NotASpan> {
        let back = text.starts_with('-');
        let by = text.strip_prefix(['-', '+']).unwrap_or(text).parse()?;
        Ok(Self { by, back })
    }
}

/// A probability in whole percent: `20%`.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, PartialOrd, Ord)]
pub struct Percent(pub u8);

impl Percent {
    /// Between zero and one.
    pub fn probability(self) -> f64 {
        f64::from(self.0) / 100.0
    }
}

impl fmt::Display for Percent {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{}%", self.0)
    }
}

/// A text that is not a percentage.
#[derive(Debug, thiserror::Error)]
#[error("'{0}' is not a percentage; write it like 20%, from 0% to 100%")]
pub struct NotAPercent(String);

impl FromStr for Percent {
    type Err = NotAPercent;

    fn from_str(text: &str) -> Result<Self, NotAPercent> {
        let number = text.strip_suffix('%').and_then(|number| number.parse().ok());
        match number {
            Some(percent @ 0..=100) => Ok(Self(percent)),
            Some(_) | None => Err(NotAPercent(text.to_owned())),
        }
    }
}

/// Makes types with `Display` and `FromStr` a plain text in a scenario file.
#[macro_export]
macro_rules! as_text {
    ($($name:ty),*) => { $(
        impl ::serde::Serialize for $name {
            fn serialize<S: ::serde::Serializer>(&self, to: S) -> Result<S::Ok, S::Error> {
                to.collect_str(self)
            }
        }
        impl<'de> ::serde::Deserialize<'de> for $name {
            fn deserialize<D: ::serde::Deserializer<'de>>(from: D) -> Result<Self, D::Error> {
                let text = <String as ::serde::Deserialize>::deserialize(from)?;
                text.parse().map_err(<D::Error as ::serde::de::Error>::custom)
            }
        }
    )* };
}
crate::as_text!(Span, Shift, Percent);

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;

    proptest! {
        #[test]
        fn what_is_printed_is_read_back(nanos: u64, back: bool) {
            let span = Span(nanos);
            prop_assert_eq!(span.to_string().parse::<Span>().unwrap(), span);
            let shift = Shift { by: span, back };
            prop_assert_eq!(shift.to_string().parse::<Shift>().unwrap(), shift);
        }
    }

    #[test]
    fn people_write_fractions_and_get_the_shortest_form_back() {
        let printed = |text: &str| text.parse::<Span>().map(|span| span.to_string()).ok();
        assert_eq!(printed("1.5s").as_deref(), Some("1500ms"));
        assert_eq!(printed("60s").as_deref(), Some("1m"));
        assert_eq!(printed("0ms").as_deref(), Some("0s"));
        for wrong in ["", "8", "s", "8 s", "-8s", "1.s", "8sec", "99999999999h", "1e3s"] {
            assert_eq!(printed(wrong), None, "{wrong}");
        }
    }

    #[test]
    fn percentages_end_at_a_hundred() {
        assert_eq!("100%".parse::<Percent>().unwrap(), Percent(100));
        for wrong in ["101%", "20", "-1%", "%"] {
            assert!(wrong.parse::<Percent>().is_err(), "{wrong}");
        }
    }
}
