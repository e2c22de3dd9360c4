//! Days and hours, RFC 3339, and offsets from UTC.

use super::Timestamp;
use jiff::tz::TimeZoneDatabase;

/// A moment on the Gregorian calendar.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub struct Civil {
    pub year: i64,
    /// From 1.
    pub month: i64,
    /// From 1.
    pub day: i64,
    pub hour: i64,
    pub minute: i64,
    pub second: i64,
    pub nanos: u32,
    /// 0 is Sunday.
    pub weekday: i64,
    /// From 0.
    pub day_of_year: i64,
}

const DAY_SECONDS: i64 = 86_400;

impl Civil {
    /// Of seconds since 1970, offset included.
    pub(super) fn new(seconds: i64, nanos: u32) -> Self {
        let days = seconds.div_euclid(DAY_SECONDS);
        let of_day = seconds.rem_euclid(DAY_SECONDS);
        let (year, month, day) = date(days);
        Self {
            year,
            month,
            day,
            hour: of_day / 3600,
            minute: of_day / 60 % 60,
            second: of_day % 60,
            nanos,
            // 1970 began on a Thursday.
            weekday: (days + 4).rem_euclid(7),
            day_of_year: days - days_since_1970(year, 1, 1),
        }
    }
}

/// Days are counted from March, so that the leap day is a year's last one.
fn days_since_1970(year: i64, month: i64, day: i64) -> i64 {
    let year = if month <= 2 { year - 1 } else { year };
    let era = year.div_euclid(400);
    let of_era = year.rem_euclid(400);
    let of_year = (153 * ((month + 9) % 12) + 2) / 5 + day - 1;
    era * 146_097 + of_era * 365 + of_era / 4 - of_era / 100 + of_year - 719_468
}

fn date(days: i64) -> (i64, i64, i64) {
    let days = days + 719_468;
    let era = days.div_euclid(146_097);
    let of_era = days.rem_euclid(146_097);
    let year = (of_era - of_era / 1460 + of_era / 36_524 - of_era / 146_096) / 365;
    let of_year = of_era - (365 * year + year / 4 - year / 100);
    let from_march = (5 * of_year + 2) / 153;
    let day = of_year - (153 * from_march + 2) / 5 + 1;
    let month = if from_march < 10 { from_march + 3 } else { from_march - 9 };
    (year + era * 400 + i64::from(month <= 2), month, day)
}

/// RFC 3339 as Go reads it: any number of digits behind the point, `Z` or an offset.
pub(super) fn parse(text: &str) -> Option<Timestamp> {
    let bytes = text.as_bytes();
    let number = |from: usize, to: usize| -> Option<i64> {
        let digits = text.get(from..to).filter(|it| it.bytes().all(|it| it.is_ascii_digit()))?;
        digits.parse().ok()
    };
    for (at, mark) in [(4, b'-'), (7, b'-'), (10, b'T'), (13, b':'), (16, b':')] {
        bytes.get(at).filter(|it| **it == mark)?;
    }
    let (year, month, day) = (number(0, 4)?, number(5, 7)?, number(8, 10)?);
    let (hour, minute, second) = (number(11, 13)?, number(14, 16)?, number(17, 19)?);
    let possible = (1..=12).contains(&month) && hour < 24 && minute < 60 && second < 60;
    let days = days_since_1970(year, month, day);
    if !possible || date(days) != (year, month, day) {
        return None;
    }
    let (nanos, zone) = fraction(text.get(19..)?)?;
    let offset = if zone == "Z" { 0 } else { offset_seconds(zone)? };
    Timestamp::new(days * DAY_SECONDS + hour * 3600 + minute * 60 + second - offset, nanos)
}

/// Nanoseconds behind a point, and what follows.
fn fraction(text: &str) -> Option<(u32, &str)> {
    let Some(rest) = text.strip_prefix('.') else { return Some((0, text)) };
    let digits = rest.bytes().take_while(u8::is_ascii_digit).count();
    let (digits, zone) = rest.split_at_checked(digits).filter(|it| !it.0.is_empty())?;
    let nanos: String = digits.chars().chain("000000000".chars()).take(9).collect();
    Some((nanos.parse().ok()?, zone))
}

/// `+01:30` in seconds.
fn offset_seconds(text: &str) -> Option<i64> {
    let (sign, rest) = match text.strip_prefix('-') {
        Some(rest) => (-1, rest),
        None => (1, text.strip_prefix('+').unwrap_or(text)),
    };
    let (hours, minutes) = rest.split_once(':')?;
    let part = |it: &str, end: i64| -> Option<i64> {
        let plain = (1..=2).contains(&it.len()) && it.bytes().all(|it| it.is_ascii_digit());
        it.parse().ok().filter(|it| plain && *it < end)
    };
    Some(sign * (part(hours, 24)? * 3600 + part(minutes, 60)? * 60))
}

/// The offset at a moment of a time zone given to `getHours` and its like: an offset, or a name that
/// the bundled database knows.
pub(super) fn zone_seconds(zone: &str, at: Timestamp) -> Option<i64> {
    if zone.is_empty() || zone == "UTC" {
        return Some(0);
    }
    if zone.contains(':') {
        return offset_seconds(zone);
    }
    let zone = TimeZoneDatabase::bundled().get(zone).ok()?;
    let at = jiff::Timestamp::new(at.seconds, i32::try_from(at.nanos).ok()?).ok()?;
    Some(i64::from(zone.to_offset(at).seconds()))
}
