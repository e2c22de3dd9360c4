//! Jobs by the clock: when, in which zone, and what becomes of the job before.

use super::{jobs, schedule};
use crate::validation::{error::Errors, field::Field};

/// A job's name is the cron job's with eleven bytes more.
const NAME_BYTES_MAX: usize = 52;

pub(super) fn whole(object: &Field<'_>, errors: &mut Errors) {
    let spec = object.get("spec");
    let when = spec.get("schedule");
    if when.need(errors)
        && let Err(why) = schedule::parse(when.text())
    {
        errors.push(when.invalid(why));
    }
    for name in ["startingDeadlineSeconds", "successfulJobsHistoryLimit", "failedJobsHistoryLimit"]
    {
        spec.get(name).not_negative(errors);
    }
    spec.get("concurrencyPolicy").need_one_of(&["Allow", "Forbid", "Replace"], errors);
    let job = spec.down(&["jobTemplate", "spec"]);
    jobs::spec(&job, errors);
    let selector = job.get("selector");
    if selector.is_set() {
        errors.push(selector.invalid("`selector` will be auto-generated"));
    }
    let manual = job.get("manualSelector");
    if manual.is_true() {
        errors.push(manual.not_supported(&["nil", "false"]));
    }
}

pub(super) fn born(object: &Field<'_>, errors: &mut Errors) {
    let (name, spec) = (object.down(&["metadata", "name"]), object.get("spec"));
    if name.len() > NAME_BYTES_MAX {
        errors.push(name.invalid("must be no more than 52 characters"));
    }
    zone_in_schedule(&spec, false, errors);
    zone(&spec.get("timeZone"), errors);
}

pub(super) fn change(new: &Field<'_>, old: &Field<'_>, errors: &mut Errors) {
    let (spec, was) = (new.get("spec"), old.get("spec"));
    zone_in_schedule(&spec, was.get("schedule").text().contains("TZ"), errors);
    if spec.get("timeZone").value != was.get("timeZone").value {
        zone(&spec.get("timeZone"), errors);
    }
}

/// A zone in the schedule itself is only for those who have one there already.
fn zone_in_schedule(spec: &Field<'_>, allowed: bool, errors: &mut Errors) {
    let when = spec.get("schedule");
    if !when.text().contains("TZ") {
        return;
    }
    if !allowed {
        let why = "cannot use TZ or CRON_TZ in schedule, use timeZone field instead";
        errors.push(when.invalid(why));
    } else if spec.get("timeZone").is_set() {
        let why = "cannot use both timeZone field and TZ or CRON_TZ in schedule";
        errors.push(when.invalid(why));
    }
}

/// A name of the time zone database.
///
/// Which names that has is known to who computes with them; here only the form is checked.
fn zone(zone: &Field<'_>, errors: &mut Errors) {
    if !zone.is_set() {
        return;
    }
    let text = zone.text();
    if text.is_empty() {
        errors.push(zone.invalid("timeZone must be nil or non-empty string"));
        return;
    }
    let plain = |byte: u8| byte.is_ascii_alphanumeric() || b".-_+".contains(&byte);
    let part = |part: &str| {
        let right = (1..=14).contains(&part.len()) && part.bytes().all(plain);
        right && part != "." && part != ".." && !part.starts_with('-')
    };
    if !text.split('/').all(part) {
        errors.push(zone.invalid(format!("unknown time zone {text}")));
    } else if text.eq_ignore_ascii_case("local") {
        let why = "timeZone must be an explicit time zone as defined in \
                   https://www.iana.org/time-zones";
        errors.push(zone.invalid(why));
    }
}
