//! Moments as Kubernetes writes them: RFC 3339 in UTC, with whole seconds or with microseconds.
//!
//! Upstream: `apimachinery/pkg/apis/meta/v1/time.go`, `micro_time.go`; the texts of errors are those
//! of Go's `time.Parse`.

use std::fmt;

/// Of every day: leap seconds are not told.
pub const SECONDS_A_DAY: i64 = 86_400;

/// A moment, counted from 1970.
#[derive(Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Debug)]
pub struct Moment {
    /// Seconds since 1970, in UTC.
    pub seconds: i64,
    /// The rest, in nanoseconds; less than a second.
    pub nanos: u32,
}

impl Moment {
    /// Reads RFC 3339, with or without a fraction of a second.
    ///
    /// # Errors
    /// What Go says of a text that is none.
    pub fn parse(text: &str) -> Result<Self, String> {
        Reader { text, rest: text, layout: "2006-01-02T15:04:05Z07:00" }.moment(None)
    }

    /// Reads RFC 3339 with six digits of a second's fraction.
    ///
    /// # Errors
    /// What Go says of a text that is none.
    pub fn parse_micro(text: &str) -> Result<Self, String> {
        Reader { text, rest: text, layout: "2006-01-02T15:04:05.000000Z07:00" }.moment(Some(6))
    }

    /// `2006-01-02T15:04:05Z`.
    pub fn to_second(self) -> String {
        format!("{}Z", Civil(self.seconds))
    }

    /// `2006-01-02T15:04:05.000000Z`.
    pub fn to_micro(self) -> String {
        format!("{}.{:06}Z", Civil(self.seconds), self.nanos / 1000)
    }
}

/// Seconds since 1970 as date and time of day.
struct Civil(i64);

impl fmt::Display for Civil {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let (year, month, day) = date(self.0.div_euclid(SECONDS_A_DAY));
        let second = self.0.rem_euclid(SECONDS_A_DAY);
        let (hour, minute, second) = (second / 3600, second / 60 % 60, second % 60);
        write!(f, "{year:04}-{month:02}-{day:02}T{hour:02}:{minute:02}:{second:02}")
    }
}

/// Days since 1970 of a date. Years are counted from March, so that leap days end them.
pub fn days(year: i64, month: i64, day: i64) -> i64 {
    let year = if month <= 2 { year - 1 } else { year };
    let (era, of_era) = (year.div_euclid(400), year.rem_euclid(400));
    let of_year = (153 * ((month + 9) % 12) + 2) / 5 + day - 1;
    era * 146_097 + of_era * 365 + of_era / 4 - of_era / 100 + of_year - 719_468
}

/// Year, month and day of a day since 1970; months and days are counted from one.
pub fn date(days: i64) -> (i64, i64, i64) {
    let days = days + 719_468;
    let (era, of_era) = (days.div_euclid(146_097), days.rem_euclid(146_097));
    let year = (of_era - of_era / 1460 + of_era / 36_524 - of_era / 146_096) / 365;
    let of_year = of_era - (365 * year + year / 4 - year / 100);
    let month = (5 * of_year + 2) / 153;
    let day = of_year - (153 * month + 2) / 5 + 1;
    let month = if month < 10 { month + 3 } else { month - 9 };
    (year + era * 400 + i64::from(month <= 2), month, day)
}

fn days_of(year: i64, month: i64) -> i64 {
    let leap = (year % 4 == 0 && year % 100 != 0) || year % 400 == 0;
    match month {
        2 => 28 + i64::from(leap),
        4 | 6 | 9 | 11 => 30,
        _ => 31,
    }
}

struct Reader<'a> {
    text: &'a str,
    rest: &'a str,
    layout: &'static str,
}

impl Reader<'_> {
    fn moment(mut self, fraction: Option<usize>) -> Result<Moment, String> {
        let year = self.number(4, "2006")?;
        self.sign("-")?;
        let month = self.number(2, "01")?;
        self.within(month, 1, 12, "month")?;
        self.sign("-")?;
        let day = self.number(2, "02")?;
        self.sign("T")?;
        let hour = self.number(2, "15")?;
        self.within(hour, 0, 23, "hour")?;
        self.sign(":")?;
        let minute = self.number(2, "04")?;
        self.within(minute, 0, 59, "minute")?;
        self.sign(":")?;
        let second = self.number(2, "05")?;
        self.within(second, 0, 59, "second")?;
        let nanos = self.fraction(fraction)?;
        let offset = self.offset()?;
        self.within(day, 1, days_of(year, month), "day")?;
        let seconds = days(year, month, day) * SECONDS_A_DAY + hour * 3600 + minute * 60 + second;
        Ok(Moment { seconds: seconds - offset, nanos })
    }

    fn cannot(&self, element: &str) -> String {
        let (text, layout, rest) = (self.text, self.layout, self.rest);
        format!("parsing time {text:?} as {layout:?}: cannot parse {rest:?} as {element:?}")
    }

    fn within(&self, value: i64, least: i64, most: i64, name: &str) -> Result<(), String> {
        match (least..=most).contains(&value) {
            true => Ok(()),
            false => Err(format!("parsing time {:?}: {name} out of range", self.text)),
        }
    }

    fn number(&mut self, digits: usize, element: &str) -> Result<i64, String> {
        let head = self.rest.get(..digits).filter(|it| it.bytes().all(|it| it.is_ascii_digit()));
        let number = head.and_then(|head| head.parse().ok()).ok_or_else(|| self.cannot(element))?;
        self.rest = &self.rest[digits..];
        Ok(number)
    }

    fn sign(&mut self, sign: &str) -> Result<(), String> {
        self.rest = self.rest.strip_prefix(sign).ok_or_else(|| self.cannot(sign))?;
        Ok(())
    }

    /// Nanoseconds; of any number of digits where none is asked for.
    fn fraction(&mut self, digits: Option<usize>) -> Result<u32, String> {
        let element = ".000000";
        let Some(rest) = self.rest.strip_prefix(['.', ',']) else {
            return if digits.is_some() { Err(self.cannot(element)) } else { Ok(0) };
        };
        let found = rest.bytes().take_while(u8::is_ascii_digit).count();
        if found == 0 || digits.is_some_and(|digits| found != digits) {
            return Err(self.cannot(if digits.is_some() { element } else { "Z07:00" }));
        }
        let nanos = rest.bytes().take(found).chain(std::iter::repeat(b'0')).take(9);
        let nanos = nanos.fold(0_u32, |sum, digit| sum * 10 + u32::from(digit - b'0'));
        self.rest = &rest[found..];
        Ok(nanos)
    }

    /// Seconds east of Greenwich; nothing may follow.
    fn offset(&mut self) -> Result<i64, String> {
        let zone = self.rest;
        let bytes = zone.as_bytes();
        let two = |at: usize| zone.get(at..at + 2).and_then(|text| text.parse::<i64>().ok());
        let numeric = bytes.get(3) == Some(&b':') && matches!(bytes.first(), Some(b'+' | b'-'));
        let (offset, length) = match (bytes.first(), two(1), two(4)) {
            (Some(b'Z'), _, _) => (0, 1),
            (Some(sign), Some(hours), Some(minutes)) if numeric && hours <= 24 && minutes < 60 => {
                let seconds = hours * 3600 + minutes * 60;
                (if *sign == b'-' { -seconds } else { seconds }, 6)
            }
            _ => return Err(self.cannot("Z07:00")),
        };
        self.rest = &zone[length..];
        match self.rest.is_empty() {
            true => Ok(offset),
            false => Err(format!("parsing time {:?}: extra text: {:?}", self.text, self.rest)),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;

    #[test]
    fn moments_are_told_in_utc() {
        let cases = [
            ("1970-01-01T00:00:00Z", 0, "1970-01-01T00:00:00Z"),
            ("2024-02-29T12:30:45Z", 1_709_209_845, "2024-02-29T12:30:45Z"),
            ("2024-01-01T00:30:00+01:00", 1_704_065_400, "2023-12-31T23:30:00Z"),
            ("2024-01-01T00:00:00.999Z", 1_704_067_200, "2024-01-01T00:00:00Z"),
            ("0001-01-01T00:00:00Z", -62_135_596_800, "0001-01-01T00:00:00Z"),
        ];
        for (text, seconds, told) in cases {
            let moment = Moment::parse(text).unwrap_or_else(|error| panic!("{text}: {error}"));
            assert_eq!((moment.seconds, moment.to_second().as_str()), (seconds, told), "{text}");
        }
        let micro = Moment::parse_micro("2024-01-01T00:00:00.123456+00:00").unwrap();
        assert_eq!(micro.to_micro(), "2024-01-01T00:00:00.123456Z");
    }

    #[test]
    fn refusals_are_gos() {
        let cases = [
            ("abc", "as \"2006-01-02T15:04:05Z07:00\": cannot parse \"abc\" as \"2006\""),
            ("2024", "as \"2006-01-02T15:04:05Z07:00\": cannot parse \"\" as \"-\""),
            ("2024-13-01T00:00:00Z", "month out of range"),
            ("2023-02-29T00:00:00Z", "day out of range"),
            ("2024-01-01T24:00:00Z", "hour out of range"),
            ("2024-01-01T00:00:00", "cannot parse \"\" as \"Z07:00\""),
            ("2024-01-01T00:00:00Zx", "extra text: \"x\""),
        ];
        for (text, end) in cases {
            let error = Moment::parse(text).expect_err(text);
            assert!(error.starts_with(&format!("parsing time \"{text}\"")), "{error}");
            assert!(error.ends_with(end), "{error}");
        }
        assert!(Moment::parse_micro("2024-01-01T00:00:00Z").is_err());
    }

    proptest! {
        #[test]
        fn what_is_told_reads_the_same(seconds in -62_135_596_800_i64..253_402_300_800, nanos in 0_u32..1_000_000) {
            let moment = Moment { seconds, nanos: nanos * 1000 };
            prop_assert_eq!(Moment::parse_micro(&moment.to_micro()), Ok(moment));
            prop_assert_eq!(Moment::parse(&moment.to_second()), Ok(Moment { nanos: 0, ..moment }));
        }

        #[test]
        fn any_text_is_read_or_refused(text in "[-+:.TZ0-9é]{0,40}") {
            let _ = (Moment::parse(&text), Moment::parse_micro(&text));
        }
    }
}
