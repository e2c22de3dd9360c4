//! Days and hours, and offsets from UTC.

use super::Timestamp;
use jiff::tz::TimeZoneDatabase;
use scalars::time::{SECONDS_A_DAY, date, days};

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

impl Civil {
    /// Of seconds since 1970, offset included.
    pub(super) fn new(seconds: i64, nanos: u32) -> Self {
        let since_1970 = seconds.div_euclid(SECONDS_A_DAY);
        let of_day = seconds.rem_euclid(SECONDS_A_DAY);
        let (year, month, day) = date(since_1970);
        Self {
            year,
            month,
            day,
            hour: of_day / 3600,
            minute: of_day / 60 % 60,
            second: of_day % 60,
            nanos,
            // 1970 began on a Thursday.
            weekday: (since_1970 + 4).rem_euclid(7),
            day_of_year: since_1970 - days(year, 1, 1),
        }
    }
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
