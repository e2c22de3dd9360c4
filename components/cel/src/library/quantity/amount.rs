//! Amounts, in thousand millionths.

/// One, in thousand millionths.
const ONE: i128 = 1_000_000_000;
/// Larger amounts are read as this (apimachinery `maxAllowed`).
const MAX: i128 = i64::MAX as i128 * ONE;
/// Digits that can matter; more of them before the point are beyond the largest amount anyway.
const DIGITS_MAX: usize = 400;

const WRONG: &str = "quantities must match the regular expression \
                     '^([+-]?[0-9.]+)([eEinumkKMGTP]*[-+]?[0-9]*)$'";
const WRONG_NUMBER: &str = "unable to parse numeric part of quantity";
const WRONG_SUFFIX: &str = "unable to parse quantity's suffix";

/// An amount of a resource.
#[derive(Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Debug)]
pub(crate) struct Amount(i128);

impl Amount {
    pub(super) fn of(whole: i64) -> Self {
        Self(i128::from(whole) * ONE)
    }

    pub(super) fn parse(text: &str) -> Result<Self, &'static str> {
        if text.is_empty() {
            return Err("quantities must match the regular expression \
                        '^([+-]?[0-9.]+)([eEinumkKMGTP]*[-+]?[0-9]*)$'");
        }
        let unsigned = text.strip_prefix(['+', '-']).unwrap_or(text);
        let end = unsigned.find(|it: char| !it.is_ascii_digit() && it != '.');
        let (number, suffix) = unsigned.split_at(end.unwrap_or(unsigned.len()));
        if number.is_empty() {
            return Err(WRONG);
        }
        let letters = suffix.trim_start_matches(|it| "eEinumkKMGTP".contains(it));
        let digits = letters.strip_prefix(['+', '-']).unwrap_or(letters);
        if !digits.bytes().all(|it| it.is_ascii_digit()) {
            return Err(WRONG);
        }
        let (whole, fraction) = number.split_once('.').unwrap_or((number, ""));
        if fraction.contains('.') || (whole.is_empty() && fraction.is_empty()) {
            return Err(WRONG_NUMBER);
        }
        let scale = scale(suffix).ok_or(WRONG_SUFFIX)?;
        let amount = scaled(whole, fraction, scale).min(MAX);
        Ok(Self(if text.starts_with('-') { -amount } else { amount }))
    }

    pub(super) fn plus(self, other: Self) -> Self {
        Self(self.0.saturating_add(other.0))
    }

    pub(super) fn minus(self, other: Self) -> Self {
        Self(self.0.saturating_sub(other.0))
    }

    pub(super) fn sign(self) -> i64 {
        i64::try_from(self.0.signum()).unwrap_or_default()
    }

    /// Itself, if it is an integer of 64 bits.
    pub(super) fn whole(self) -> Option<i64> {
        (self.0 % ONE == 0).then(|| i64::try_from(self.0 / ONE).ok()).flatten()
    }

    pub(super) fn approximate(self) -> f64 {
        match self.whole() {
            Some(whole) => whole as f64,
            None => self.0 as f64 / ONE as f64,
        }
    }
}

/// What a suffix multiplies by: powers of two, or of ten.
enum Scale {
    Binary(u32),
    Decimal(i32),
}

fn scale(suffix: &str) -> Option<Scale> {
    Some(match suffix {
        "Ki" => Scale::Binary(10),
        "Mi" => Scale::Binary(20),
        "Gi" => Scale::Binary(30),
        "Ti" => Scale::Binary(40),
        "Pi" => Scale::Binary(50),
        "Ei" => Scale::Binary(60),
        "n" => Scale::Decimal(-9),
        "u" => Scale::Decimal(-6),
        "m" => Scale::Decimal(-3),
        "" => Scale::Decimal(0),
        "k" => Scale::Decimal(3),
        "M" => Scale::Decimal(6),
        "G" => Scale::Decimal(9),
        "T" => Scale::Decimal(12),
        "P" => Scale::Decimal(15),
        "E" => Scale::Decimal(18),
        _ => {
            let exponent = suffix.strip_prefix(['e', 'E'])?;
            Scale::Decimal(exponent.parse::<i32>().ok()?)
        }
    })
}

/// Rounded away from zero; beyond the largest amount where it does not fit.
fn scaled(whole: &str, fraction: &str, scale: Scale) -> i128 {
    let digits: String = whole.chars().chain(fraction.chars()).take(DIGITS_MAX).collect();
    let digits = digits.trim_start_matches('0');
    if digits.is_empty() {
        return 0;
    }
    let (binary, decimal) = match scale {
        Scale::Binary(power) => (power, 0),
        Scale::Decimal(power) => (0, power),
    };
    // The number is `digits` times ten to the power of `tens`, in thousand millionths.
    let behind = i32::try_from(fraction.len().min(DIGITS_MAX)).unwrap_or(i32::MAX);
    let tens = decimal.saturating_sub(behind).saturating_add(9);
    // Digits that end up far below the point only round up.
    let kept = digits.len().min(30);
    let cut = digits.len() - kept;
    let lost = digits.get(kept..).unwrap_or_default().bytes().any(|it| it != b'0');
    let tens = tens.saturating_add(i32::try_from(cut).unwrap_or(i32::MAX));
    let number: i128 = digits.get(..kept).and_then(|it| it.parse().ok()).unwrap_or(i128::MAX);
    let number = number.checked_mul(1 << binary).unwrap_or(i128::MAX);
    let power = 10_i128.checked_pow(tens.unsigned_abs());
    match (tens >= 0, power) {
        (true, Some(power)) => number.checked_mul(power).unwrap_or(i128::MAX),
        (true, None) => i128::MAX,
        (false, Some(power)) => {
            let rest = number % power != 0 || lost;
            number / power + i128::from(rest)
        }
        (false, None) => 1,
    }
}
