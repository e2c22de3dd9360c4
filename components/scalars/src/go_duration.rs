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
    if text == "0" {
        return Ok(Duration::ZERO);
    }
    let bad = || BadDuration(text.into());
    let mut rest = text;
    let mut total = Duration::ZERO;
    while !rest.is_empty() {
        let number_end = rest.find(|c: char| !c.is_ascii_digit() && c != '.').ok_or_else(bad)?;
        let number: f64 = rest[..number_end].parse().map_err(|_| bad())?;
        rest = &rest[number_end..];
        let unit_end = rest.find(|c: char| c.is_ascii_digit() || c == '.').unwrap_or(rest.len());
        let seconds = unit_seconds(&rest[..unit_end]).ok_or_else(bad)?;
        total += Duration::try_from_secs_f64(number * seconds).map_err(|_| bad())?;
        rest = &rest[unit_end..];
    }
    if text.is_empty() { Err(bad()) } else { Ok(total) }
}

fn unit_seconds(unit: &str) -> Option<f64> {
    Some(match unit {
        "ns" => 1e-9,
        "us" | "µs" => 1e-6,
        "ms" => 1e-3,
        "s" => 1.0,
        "m" => 60.0,
        "h" => 3600.0,
        _ => return None,
    })
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
