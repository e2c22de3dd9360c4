//! Durations as Go writes them: `300ms`, `1h30m`, `10m0s`.

use std::time::Duration;

/// The text is not a Go duration.
#[derive(Debug, PartialEq, Eq)]
pub struct BadDuration(String);

impl std::fmt::Display for BadDuration {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        write!(f, "invalid duration {:?}: write it like 300ms, 10s or 1h30m", self.0)
    }
}

impl std::error::Error for BadDuration {}

/// Parses a duration. A bare `0` is zero; every other number needs a unit.
///
/// # Errors
/// [`BadDuration`] for anything else, negative durations included.
pub fn parse(text: &str) -> Result<Duration, BadDuration> {
    let nanos = scalars::duration::parse(text).and_then(|nanos| u64::try_from(nanos).ok());
    nanos.map(Duration::from_nanos).ok_or_else(|| BadDuration(text.into()))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn go_durations_are_read() {
        for (text, millis) in
            [("0", 0), ("300ms", 300), ("10s", 10_000), ("1h30m", 5_400_000), ("1.5s", 1_500)]
        {
            assert_eq!(parse(text), Ok(Duration::from_millis(millis)), "{text}");
        }
        for text in ["", "5", "-1s", "1x", "s", "1.2.3s"] {
            assert!(parse(text).is_err(), "{text}");
        }
    }
}
