//! Amounts of resources such as `100m` or `1.5Gi`: read, compared, added and written the way
//! upstream writes them.
//!
//! Upstream: `apimachinery/pkg/api/resource/quantity.go`. An amount is exact to a billionth; what is
//! finer is rounded away from zero, so that who asks for something gets something.

use std::{cmp::Ordering, fmt};
use thiserror::Error;

/// Billionths in one.
const NANO: i128 = 1_000_000_000;
/// The largest amount, in billionths. Upstream's decimals grow without end; nobody owns so much.
const NANOS_MAX: i128 = i128::MAX / 4;
/// Binary amounts end here, as upstream's.
const BINARY_MAX: i128 = i64::MAX as i128 * NANO;
/// Suffixes of powers of a thousand, from 10⁻⁹ up.
const DECIMAL: [&str; 10] = ["n", "u", "m", "", "k", "M", "G", "T", "P", "E"];
/// Suffixes of powers of 1024, from 1024 up.
const BINARY: [&str; 6] = ["Ki", "Mi", "Gi", "Ti", "Pi", "Ei"];

/// Why a text is no quantity, in upstream's words.
#[derive(Clone, Copy, PartialEq, Eq, Debug, Error)]
pub enum QuantityError {
    /// Its form is wrong.
    #[error(
        "quantities must match the regular expression \
         '^([+-]?[0-9.]+)([eEinumkKMGTP]*[-+]?[0-9]*)$'"
    )]
    Format,
    /// What follows the number is no suffix.
    #[error("unable to parse quantity's suffix")]
    Suffix,
}

/// How an amount is written.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
enum Format {
    DecimalSi,
    BinarySi,
    DecimalExponent,
}

/// An amount, and how it was written.
///
/// Two are equal where their amounts are: `1` and `1000m`.
#[derive(Clone, Copy, Debug)]
pub struct Quantity {
    nanos: i128,
    format: Format,
}

impl Quantity {
    /// Nothing.
    pub const ZERO: Self = Self { nanos: 0, format: Format::DecimalSi };

    /// A whole number, written decimally.
    pub fn whole(value: i64) -> Self {
        Self { nanos: i128::from(value) * NANO, format: Format::DecimalSi }
    }

    /// A whole number of thousandths, written decimally.
    pub fn milli(value: i64) -> Self {
        Self { nanos: i128::from(value) * (NANO / 1000), format: Format::DecimalSi }
    }

    /// Reads `1`, `0.5`, `100m`, `1.5Gi`, `12e6`.
    ///
    /// # Errors
    /// What upstream says of a text that is none.
    pub fn parse(text: &str) -> Result<Self, QuantityError> {
        let parts = Parts::of(text)?;
        let (scale, format) = parts.scale()?;
        let nanos = match scale {
            Scale::Ten(exponent) => decimal(&parts, exponent.saturating_add(9)),
            Scale::Two(bits) => {
                let (whole, fraction) = (decimal(&parts, 9), 1_i128 << bits);
                whole.saturating_mul(fraction).min(BINARY_MAX)
            }
        };
        // Less than one is written decimally, so that nothing is rounded.
        let small = nanos > 0 && nanos < NANO;
        let format = if small && format == Format::BinarySi { Format::DecimalSi } else { format };
        let nanos = nanos.min(NANOS_MAX);
        Ok(Self { nanos: if parts.negative { -nanos } else { nanos }, format })
    }

    /// The whole part, rounded away from zero; the ends of the range for what lies beyond.
    pub fn value(&self) -> i64 {
        self.in_units_of(NANO)
    }

    /// The amount, if it is an integer of 64 bits.
    pub fn whole_value(&self) -> Option<i64> {
        (self.nanos % NANO == 0).then(|| i64::try_from(self.nanos / NANO).ok()).flatten()
    }

    /// The nearest double, or one beside it.
    pub fn approximate(&self) -> f64 {
        // An integer is not divided as a double: that would round twice.
        match self.nanos % NANO {
            0 => (self.nanos / NANO) as f64,
            _ => self.nanos as f64 / NANO as f64,
        }
    }

    /// In thousandths, rounded away from zero.
    pub fn milli_value(&self) -> i64 {
        self.in_units_of(NANO / 1000)
    }

    fn in_units_of(self, unit: i128) -> i64 {
        let (whole, rest) = (self.nanos / unit, self.nanos % unit);
        let rounded = whole + rest.signum();
        i64::try_from(rounded).unwrap_or(if rounded < 0 { i64::MIN } else { i64::MAX })
    }

    /// Minus one, zero or one.
    pub fn sign(&self) -> i32 {
        match self.nanos.cmp(&0) {
            Ordering::Less => -1,
            Ordering::Equal => 0,
            Ordering::Greater => 1,
        }
    }

    /// Whether there is nothing of it.
    pub fn is_zero(&self) -> bool {
        self.nanos == 0
    }

    /// The sum, written as this one is; as the other is where this one is nothing.
    #[must_use]
    pub fn plus(self, other: Self) -> Self {
        let format = if self.is_zero() { other.format } else { self.format };
        let nanos = (self.nanos + other.nanos).clamp(-NANOS_MAX, NANOS_MAX);
        Self { nanos, format }
    }

    /// The difference, written as [`Quantity::plus`] writes.
    #[must_use]
    pub fn minus(self, other: Self) -> Self {
        self.plus(Self { nanos: -other.nanos, ..other })
    }
}

impl PartialEq for Quantity {
    fn eq(&self, other: &Self) -> bool {
        self.nanos == other.nanos
    }
}

impl Eq for Quantity {}

impl PartialOrd for Quantity {
    fn partial_cmp(&self, other: &Self) -> Option<Ordering> {
        Some(self.cmp(other))
    }
}

impl Ord for Quantity {
    fn cmp(&self, other: &Self) -> Ordering {
        self.nanos.cmp(&other.nanos)
    }
}

impl fmt::Display for Quantity {
    /// The canonical form: no fraction, and the largest suffix that allows it.
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let binary = self.format == Format::BinarySi
            && self.nanos.abs() >= 1024 * NANO
            && self.nanos % NANO == 0;
        if binary {
            return binary_form(self.nanos / NANO, f);
        }
        decimal_form(self.nanos, self.format == Format::DecimalExponent, f)
    }
}

fn binary_form(mut whole: i128, f: &mut fmt::Formatter<'_>) -> fmt::Result {
    let mut suffix = "";
    for larger in BINARY {
        if whole % 1024 != 0 {
            break;
        }
        (whole, suffix) = (whole / 1024, larger);
    }
    write!(f, "{whole}{suffix}")
}

fn decimal_form(nanos: i128, exponent: bool, f: &mut fmt::Formatter<'_>) -> fmt::Result {
    if nanos == 0 {
        return write!(f, "0");
    }
    let (mut mantissa, mut power) = (nanos, -9_i32);
    // Beyond 10¹⁸ there is no suffix, yet an exponent goes on.
    while mantissa % 1000 == 0 && (exponent || power < 18) {
        (mantissa, power) = (mantissa / 1000, power + 3);
    }
    if !exponent {
        let suffix = usize::try_from((power + 9) / 3).ok().and_then(|at| DECIMAL.get(at));
        return write!(f, "{mantissa}{}", suffix.copied().unwrap_or_default());
    }
    match power {
        0 => write!(f, "{mantissa}"),
        power => write!(f, "{mantissa}e{power}"),
    }
}

/// What a suffix multiplies by.
enum Scale {
    /// Ten to that power.
    Ten(i32),
    /// Two to that power.
    Two(u32),
}

/// A text taken apart.
struct Parts<'a> {
    negative: bool,
    whole: &'a str,
    fraction: &'a str,
    suffix: &'a str,
}

impl<'a> Parts<'a> {
    fn of(text: &'a str) -> Result<Self, QuantityError> {
        if text.is_empty() {
            return Err(QuantityError::Format);
        }
        let rest = text.strip_prefix(['+', '-']).unwrap_or(text);
        let (whole, rest) = split(rest, |it| it.is_ascii_digit());
        let pointed = rest.strip_prefix('.');
        let (fraction, suffix) = split(pointed.unwrap_or(rest), |it| it.is_ascii_digit());
        let fraction = if pointed.is_some() { fraction } else { "" };
        let (_, after) = split(suffix, |it| "eEinumkKMGTP".contains(it));
        let after = after.strip_prefix(['+', '-']).unwrap_or(after);
        if !after.bytes().all(|it| it.is_ascii_digit()) {
            return Err(QuantityError::Format);
        }
        let negative = text.starts_with('-');
        Ok(Self { negative, whole, fraction, suffix })
    }

    fn scale(&self) -> Result<(Scale, Format), QuantityError> {
        if let Some(at) = DECIMAL.iter().position(|known| *known == self.suffix) {
            let power = i32::try_from(at).unwrap_or_default() * 3 - 9;
            return Ok((Scale::Ten(power), Format::DecimalSi));
        }
        if let Some(at) = BINARY.iter().position(|known| *known == self.suffix) {
            let bits = u32::try_from(at).unwrap_or_default() * 10 + 10;
            return Ok((Scale::Two(bits), Format::BinarySi));
        }
        let power = self.suffix.strip_prefix(['e', 'E']).ok_or(QuantityError::Suffix)?;
        let power = power.parse().map_err(|_| QuantityError::Suffix)?;
        Ok((Scale::Ten(power), Format::DecimalExponent))
    }
}

/// The longest beginning that is made of such characters, and the rest.
fn split(text: &str, is: impl Fn(char) -> bool) -> (&str, &str) {
    text.split_at(text.find(|it| !is(it)).unwrap_or(text.len()))
}

/// The number times ten to a power, rounded up; the largest amount where it is larger.
///
/// No digits at all are nothing, to upstream as well.
fn decimal(parts: &Parts<'_>, power: i32) -> i128 {
    let (mut amount, mut left, mut lost) = (0_i128, i64::from(power), false);
    for digit in parts.whole.bytes() {
        amount = amount.saturating_mul(10).saturating_add(i128::from(digit - b'0'));
    }
    let mut fraction = parts.fraction.bytes();
    // A negative power takes digits away before the fraction could add any.
    while left < 0 && amount != 0 {
        (lost, amount, left) = (lost || amount % 10 != 0, amount / 10, left + 1);
    }
    while left > 0 && (amount != 0 || fraction.len() > 0) && amount < NANOS_MAX {
        let digit = fraction.next().map_or(0, |digit| digit - b'0');
        (amount, left) = (amount.saturating_mul(10).saturating_add(i128::from(digit)), left - 1);
    }
    let beyond = fraction.any(|digit| digit != b'0') && amount < NANOS_MAX;
    amount.saturating_add(i128::from(lost || beyond))
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;

    #[test]
    fn canonical_forms() {
        let cases = [
            ("0", "0"),
            ("-0", "0"),
            ("+", "0"),
            (".", "0"),
            ("k", "0"),
            ("1", "1"),
            ("1000m", "1"),
            ("1500m", "1500m"),
            ("0.5", "500m"),
            ("1.5", "1500m"),
            ("-1.5", "-1500m"),
            (".5", "500m"),
            ("1.", "1"),
            ("100k", "100k"),
            ("1000k", "1M"),
            ("0.1Gi", "107374182400m"),
            ("1.5Gi", "1536Mi"),
            ("1024Mi", "1Gi"),
            ("1000Mi", "1000Mi"),
            ("1Ki", "1Ki"),
            ("0.5Ki", "512"),
            ("1023", "1023"),
            ("12e6", "12e6"),
            ("1E3", "1e3"),
            ("1e-3", "1e-3"),
            ("1E", "1E"),
            ("10E", "10E"),
            ("1000E", "1000E"),
            ("9Ei", "9223372036854775807"),
            ("1n", "1n"),
            ("0.1n", "1n"),
            ("-0.1n", "-1n"),
            ("1.0000000001", "1000000001n"),
            ("00012", "12"),
            ("3.001Ki", "3073024m"),
        ];
        for (text, canonical) in cases {
            let quantity = Quantity::parse(text).unwrap_or_else(|error| panic!("{text}: {error}"));
            assert_eq!(quantity.to_string(), canonical, "{text}");
        }
    }

    #[test]
    fn refusals() {
        use QuantityError::{Format, Suffix};
        let cases = [
            ("", Format),
            ("abc", Format),
            ("1.2.3", Format),
            ("1 Gi", Format),
            ("1Gi ", Format),
            ("--1", Suffix),
            ("1K", Suffix),
            ("1Kb", Format),
            ("1mm", Suffix),
            ("1e", Suffix),
            ("1i", Suffix),
            ("1m5", Suffix),
        ];
        for (text, error) in cases {
            assert_eq!(Quantity::parse(text).expect_err(text), error, "{text}");
        }
    }

    #[test]
    fn only_integers_are_whole() {
        let cases = [("50k", Some(50_000), 50e3), ("1.5", None, 1.5), ("100E", None, 1e20)];
        for (text, whole, approximate) in cases {
            let quantity = Quantity::parse(text).unwrap();
            assert_eq!((quantity.whole_value(), quantity.approximate()), (whole, approximate));
        }
    }

    #[test]
    fn values_round_away_from_zero() {
        let cases = [("1m", 1, 1), ("1500m", 2, 1500), ("-1500m", -2, -1500), ("1u", 1, 1)];
        for (text, value, milli) in cases {
            let quantity = Quantity::parse(text).unwrap();
            assert_eq!((quantity.value(), quantity.milli_value()), (value, milli), "{text}");
        }
    }

    #[test]
    fn sums_are_written_as_their_first() {
        let cases = [("1Gi", "1", "1073741825"), ("0", "1Gi", "1Gi"), ("1", "1Ki", "1025")];
        for (a, b, sum) in cases {
            let sum_of = Quantity::parse(a).unwrap().plus(Quantity::parse(b).unwrap());
            assert_eq!(sum_of.to_string(), sum, "{a} + {b}");
        }
    }

    proptest! {
        #[test]
        fn what_is_written_reads_the_same(text in "[+-]?[0-9]{1,12}(\\.[0-9]{0,12})?(n|u|m|k|M|G|T|P|E|Ki|Mi|Gi|Ti|Pi|Ei|e-?[0-9]|)") {
            let one = Quantity::parse(&text).unwrap();
            let again = Quantity::parse(&one.to_string()).unwrap();
            prop_assert_eq!(one, again);
            prop_assert_eq!(one.to_string(), again.to_string());
        }

        #[test]
        fn any_text_is_read_or_refused(text in "[-+.0-9eEinumkKMGTPx ]{0,40}") {
            let _ = Quantity::parse(&text).map(|it| it.to_string());
        }

        #[test]
        fn sums_and_differences_undo_each_other(a in any::<i64>(), b in any::<i64>()) {
            let (a, b) = (Quantity::milli(a), Quantity::milli(b));
            prop_assert_eq!(a.plus(b).minus(b), a);
            prop_assert_eq!(a < b, a.minus(b).sign() < 0);
        }
    }
}
