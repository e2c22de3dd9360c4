//! The parts of moments and spans.

use crate::{
    functions::Functions,
    types::Type,
    value::{EvalError, Outcome, Value, time::Civil},
};

pub(super) fn declare(f: &mut Functions) {
    use Type::{Duration, Int, String, Timestamp};
    macro_rules! part {
        ($name:literal, $id:literal, $id_zone:literal, $part:expr) => {
            f.member($name, $id, &[Timestamp], Int, |args| civil(args, $part));
            f.member($name, $id_zone, &[Timestamp, String], Int, |args| civil(args, $part));
        };
    }
    part!("getFullYear", "timestamp_to_year", "timestamp_to_year_with_tz", |it| it.year);
    part!("getMonth", "timestamp_to_month", "timestamp_to_month_with_tz", |it| it.month - 1);
    part!("getDayOfYear", "timestamp_to_day_of_year", "timestamp_to_day_of_year_with_tz", |it| {
        it.day_of_year
    });
    part!(
        "getDayOfMonth",
        "timestamp_to_day_of_month",
        "timestamp_to_day_of_month_with_tz",
        |it| it.day - 1
    );
    part!(
        "getDate",
        "timestamp_to_day_of_month_1_based",
        "timestamp_to_day_of_month_1_based_with_tz",
        |it| it.day
    );
    part!("getDayOfWeek", "timestamp_to_day_of_week", "timestamp_to_day_of_week_with_tz", |it| {
        it.weekday
    });
    part!("getHours", "timestamp_to_hours", "timestamp_to_hours_with_tz", |it| it.hour);
    part!("getMinutes", "timestamp_to_minutes", "timestamp_to_minutes_tz", |it| it.minute);
    part!("getSeconds", "timestamp_to_seconds", "timestamp_to_seconds_tz", |it| it.second);
    part!(
        "getMilliseconds",
        "timestamp_to_milliseconds",
        "timestamp_to_milliseconds_with_tz",
        |it| { i64::from(it.nanos / 1_000_000) }
    );
    macro_rules! span {
        ($name:literal, $id:literal, $unit:expr) => {
            f.member($name, $id, &[Duration], Int, |args| match args {
                [Value::Duration(it)] => Ok(Value::Int(it.nanos / $unit)),
                _ => Err(EvalError::no_overload()),
            });
        };
    }
    span!("getHours", "duration_to_hours", 3_600_000_000_000);
    span!("getMinutes", "duration_to_minutes", 60_000_000_000);
    span!("getSeconds", "duration_to_seconds", 1_000_000_000);
    span!("getMilliseconds", "duration_to_milliseconds", 1_000_000);
}

fn civil<'a>(args: &[Value<'a>], part: fn(Civil) -> i64) -> Outcome<'a> {
    let (at, zone) = match args {
        [Value::Timestamp(at)] => (at, ""),
        [Value::Timestamp(at), Value::String(zone)] => (at, &**zone),
        _ => return Err(EvalError::no_overload()),
    };
    let unknown = || EvalError::new(format!("unknown time zone {zone}"));
    Ok(Value::Int(part(at.civil(zone).ok_or_else(unknown)?)))
}
