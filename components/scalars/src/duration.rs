//! Spans as Go writes them: `300ms`, `1h30m`, `-1.5s`.

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

/// The nanoseconds of a span; none of a text that Go's `time.ParseDuration` refuses. A bare `0` is
/// zero; every other number needs a unit.
pub fn parse(text: &str) -> Option<i64> {
    let (sign, mut rest) = match text.strip_prefix('-') {
        Some(rest) => (-1, rest),
        None => (1, text.strip_prefix('+').unwrap_or(text)),
    };
    if rest == "0" {
        return Some(0);
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
    i64::try_from(sign * total).ok()
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

#[cfg(test)]
mod tests {
    use super::parse;

    #[test]
    fn spans_are_read_as_go_reads_them() {
        for (text, nanos) in [
            ("0", 0),
            ("300ms", 300_000_000),
            ("1h30m", 5_400_000_000_000),
            ("1.5s", 1_500_000_000),
            ("-.5us", -500),
            ("+3ns", 3),
            ("9223372036854775807ns", i64::MAX),
        ] {
            assert_eq!(parse(text), Some(nanos), "{text}");
        }
        for text in ["", "5", "1x", "s", "1.2.3s", "-", "1e3s", "9223372036854775808ns"] {
            assert_eq!(parse(text), None, "{text}");
        }
    }
}
