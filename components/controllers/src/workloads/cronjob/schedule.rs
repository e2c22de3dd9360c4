//! When a schedule of cron is due.
//!
//! Upstream: github.com/robfig/cron/v3 (parser.go, spec.go). One thing is better here: a time of
//! day that comes twice, when clocks go back, is due once, unless the schedule names every hour.

use jiff::{
    Timestamp, civil,
    tz::{AmbiguousOffset, TimeZone},
};
use std::collections::BTreeSet;

/// How many days ahead a next time is looked for: five years.
const DAYS_MAX: u32 = 5 * 366;

/// A schedule.
#[derive(Clone, Debug)]
pub(super) enum Schedule {
    /// So many seconds after the last time.
    Every(i64),
    Fields(Fields),
}

/// Five fields of cron.
#[derive(Clone, Debug)]
pub(super) struct Fields {
    minutes: BTreeSet<i8>,
    hours: BTreeSet<i8>,
    days: BTreeSet<i8>,
    months: BTreeSet<i8>,
    weekdays: BTreeSet<i8>,
    /// A field that says `*` leaves the choice of days to the other one.
    any_day: bool,
    any_weekday: bool,
    every_hour: bool,
}

const MONTHS: [&str; 12] =
    ["jan", "feb", "mar", "apr", "may", "jun", "jul", "aug", "sep", "oct", "nov", "dec"];
const WEEKDAYS: [&str; 7] = ["sun", "mon", "tue", "wed", "thu", "fri", "sat"];

impl Schedule {
    /// Reads a schedule; none: it is none.
    pub(super) fn parse(text: &str) -> Option<Self> {
        let text = match text.trim() {
            "@yearly" | "@annually" => "0 0 1 1 *",
            "@monthly" => "0 0 1 * *",
            "@weekly" => "0 0 * * 0",
            "@daily" | "@midnight" => "0 0 * * *",
            "@hourly" => "0 * * * *",
            other => other,
        };
        if let Some(every) = text.strip_prefix("@every ") {
            return duration(every).map(|seconds| Self::Every(seconds.max(1)));
        }
        let fields: Vec<&str> = text.split_whitespace().collect();
        let [minute, hour, day, month, weekday] = fields[..] else { return None };
        let any = |field: &str| field.starts_with('*') || field.starts_with('?');
        Some(Self::Fields(Fields {
            minutes: set(minute, 0, 59, &[], 0)?,
            hours: set(hour, 0, 23, &[], 0)?,
            days: set(day, 1, 31, &[], 0)?,
            months: set(month, 1, 12, &MONTHS, 1)?,
            weekdays: set(weekday, 0, 6, &WEEKDAYS, 0)?,
            any_day: any(day),
            any_weekday: any(weekday),
            every_hour: matches!(hour, "*" | "?" | "*/1"),
        }))
    }

    /// The first time after `after`, in seconds since 1970.
    pub(super) fn next(&self, after: i64, zone: &TimeZone) -> Option<i64> {
        match self {
            Self::Every(seconds) => Some(after + seconds),
            Self::Fields(fields) => fields.next(after, zone),
        }
    }
}

impl Fields {
    fn next(&self, after: i64, zone: &TimeZone) -> Option<i64> {
        let start = Timestamp::from_second(after).ok()?.to_zoned(zone.clone()).date();
        // A day earlier: what is a repeated hour now may have begun yesterday.
        let mut day = start.yesterday().ok()?;
        for _ in 0..DAYS_MAX {
            if self.on(day) {
                let first = self.times(day, zone).into_iter().find(|time| *time > after);
                if first.is_some() {
                    return first;
                }
            }
            day = day.tomorrow().ok()?;
        }
        None
    }

    fn on(&self, day: civil::Date) -> bool {
        let of_month = self.days.contains(&day.day());
        let of_week = self.weekdays.contains(&day.weekday().to_sunday_zero_offset());
        let fits = match self.any_day || self.any_weekday {
            true => of_month && of_week,
            false => of_month || of_week,
        };
        fits && self.months.contains(&day.month())
    }

    /// All times of a day, in order.
    fn times(&self, day: civil::Date, zone: &TimeZone) -> Vec<i64> {
        let mut times = Vec::new();
        for hour in &self.hours {
            for minute in &self.minutes {
                let Ok(time) = civil::Time::new(*hour, *minute, 0, 0) else { continue };
                let time = day.to_datetime(time);
                match zone.to_ambiguous_timestamp(time).offset() {
                    AmbiguousOffset::Unambiguous { offset } => {
                        times.extend(offset.to_timestamp(time).ok());
                    }
                    // The clock jumps over it.
                    AmbiguousOffset::Gap { .. } => {}
                    AmbiguousOffset::Fold { before, after } => {
                        times.extend(before.to_timestamp(time).ok());
                        if self.every_hour {
                            times.extend(after.to_timestamp(time).ok());
                        }
                    }
                }
            }
        }
        let mut times: Vec<i64> = times.into_iter().map(Timestamp::as_second).collect();
        times.sort_unstable();
        times
    }
}

/// The numbers of a field: `1,3-5,*/10`, or names.
fn set(text: &str, least: i8, most: i8, names: &[&str], offset: i8) -> Option<BTreeSet<i8>> {
    let mut all = BTreeSet::new();
    for part in text.split(',') {
        let (range, step) = match part.split_once('/') {
            Some((range, step)) => (range, step.parse::<i8>().ok().filter(|step| *step > 0)?),
            None => (part, 1),
        };
        let number = |text: &str| {
            let named = names.iter().position(|name| text.eq_ignore_ascii_case(name));
            let named = named.and_then(|at| i8::try_from(at).ok()).map(|at| at + offset);
            named.or_else(|| text.parse().ok())
        };
        let (first, last) = match range.split_once('-') {
            _ if range == "*" || range == "?" => (least, most),
            Some((first, last)) => (number(first)?, number(last)?),
            // `5/15` is from there to the end.
            None if part.contains('/') => (number(range)?, most),
            None => (number(range)?, number(range)?),
        };
        if first < least || last > most || first > last {
            return None;
        }
        let step = usize::try_from(step).ok()?;
        all.extend((first..=last).step_by(step));
    }
    Some(all)
}

/// Seconds of a duration as Go writes it: `1h30m`.
fn duration(text: &str) -> Option<i64> {
    let (mut seconds, mut number) = (0.0, String::new());
    let mut rest = text.trim().chars().peekable();
    while let Some(next) = rest.next() {
        if next.is_ascii_digit() || next == '.' {
            number.push(next);
            continue;
        }
        let value: f64 = number.parse().ok()?;
        number.clear();
        let milli = next == 'm' && rest.next_if_eq(&'s').is_some();
        seconds += value
            * match next {
                'h' => 3600.0,
                'm' if milli => 0.001,
                'm' => 60.0,
                's' => 1.0,
                _ => return None,
            };
    }
    #[allow(clippy::cast_possible_truncation, reason = "whole seconds are wanted")]
    number.is_empty().then_some(seconds as i64)
}

#[cfg(test)]
mod tests {
    use super::*;
    use api::time::Moment;

    fn following(schedule: &str, zone: &str, from: &str, count: usize) -> Vec<String> {
        let schedule = Schedule::parse(schedule).unwrap();
        let zone = TimeZone::get(zone).unwrap();
        let mut at = Moment::parse(from).unwrap().seconds;
        let mut all = Vec::new();
        for _ in 0..count {
            let Some(next) = schedule.next(at, &zone) else { break };
            at = next;
            all.push(Moment { seconds: at, nanos: 0 }.to_second());
        }
        all
    }

    #[test]
    fn times_come_in_order() {
        for (schedule, from, expected) in [
            ("*/20 * * * *", "2026-01-01T00:05:00Z", "2026-01-01T00:20:00Z"),
            ("0 12 1 * *", "2026-01-01T12:00:00Z", "2026-02-01T12:00:00Z"),
            ("30 4 * * mon-fri", "2026-01-02T05:00:00Z", "2026-01-05T04:30:00Z"),
            ("0 0 13 * fri", "2026-02-01T00:00:00Z", "2026-02-06T00:00:00Z"),
            ("0 0 29 2 *", "2026-01-01T00:00:00Z", "2028-02-29T00:00:00Z"),
            ("@every 1h30m", "2026-01-01T00:00:00Z", "2026-01-01T01:30:00Z"),
        ] {
            assert_eq!(following(schedule, "UTC", from, 1), [expected], "{schedule}");
        }
        assert!(following("0 0 31 2 *", "UTC", "2026-01-01T00:00:00Z", 1).is_empty());
        for bad in ["* * * *", "60 * * * *", "* * 0 * *", "5-1 * * * *", "*/0 * * * *", "@x"] {
            assert!(Schedule::parse(bad).is_none(), "{bad}");
        }
    }

    #[test]
    fn an_hour_that_comes_twice_is_due_once_and_one_that_is_left_out_is_not() {
        let zone = "Europe/Berlin";
        let back = following("30 2 * * *", zone, "2026-10-24T12:00:00Z", 2);
        assert_eq!(back, ["2026-10-25T00:30:00Z", "2026-10-26T01:30:00Z"]);
        let every = following("30 * * * *", zone, "2026-10-25T00:00:00Z", 3);
        assert_eq!(every, ["2026-10-25T00:30:00Z", "2026-10-25T01:30:00Z", "2026-10-25T02:30:00Z"]);
        let forth = following("30 2 * * *", zone, "2026-03-28T12:00:00Z", 1);
        assert_eq!(forth, ["2026-03-30T00:30:00Z"]);
    }
}
