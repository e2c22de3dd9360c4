//! Events, as the core group and as the group of events have them.
//!
//! Upstream: pkg/apis/core/validation/events.go. Stored events have the core group's fields; those of
//! the other group are called `regarding`, `note` and `deprecated…` by clients.

use super::{error::Errors, field::Field, kind::Kind};
use crate::names;

const INSTANCE_BYTES_MAX: usize = 128;
const ACTION_BYTES_MAX: usize = 128;
const REASON_BYTES_MAX: usize = 128;
const NOTE_BYTES_MAX: usize = 1024;
/// Members that a change through the newer group keeps.
const KEPT: [&str; 9] = [
    "regarding",
    "reason",
    "note",
    "type",
    "eventTime",
    "action",
    "related",
    "reportingController",
    "reportingInstance",
];

/// Of the core group.
pub(super) const OLD: &[Kind] = &[Kind::namespaced("Event").named(names::path_segment).whole(old)];
/// Of the newer group.
pub(super) const KINDS: &[Kind] =
    &[Kind::namespaced("Event").whole(new).born(born).changed(change)];

fn old(event: &Field<'_>, errors: &mut Errors) {
    let names =
        Names { about: "involvedObject", note: "message", controller: "reportingComponent" };
    common(event, &names, errors);
}

fn new(event: &Field<'_>, errors: &mut Errors) {
    let names = Names { about: "regarding", note: "note", controller: "reportingController" };
    common(event, &names, errors);
}

/// How a group calls some members.
struct Names {
    about: &'static str,
    note: &'static str,
    controller: &'static str,
}

/// What holds of events of both groups. Messages have the names of the core group's Go fields.
fn common(event: &Field<'_>, names: &Names, errors: &mut Errors) {
    let own = event.down(&["metadata", "namespace"]).text();
    let of = event.get(names.about).get("namespace").renamed("involvedObject.namespace");
    let timed = event.get("eventTime").is_set();
    let matches = match (timed, of.is_empty()) {
        (_, true) => ["", "default"].contains(&own) || (timed && own == "kube-system"),
        (false, false) => of.text() == own,
        (true, false) => true,
    };
    if !matches {
        errors.push(of.invalid_as(of.text(), "does not match event.namespace"));
    }
    if timed {
        of_reporter(event, names, errors);
    }
}

fn of_reporter(event: &Field<'_>, names: &Names, errors: &mut Errors) {
    let controller = event.get(names.controller).renamed("reportingController");
    controller.need(errors);
    controller.check(names::qualified_name, errors);
    let limited = [
        (event.get("reportingInstance"), INSTANCE_BYTES_MAX, true),
        (event.get("action"), ACTION_BYTES_MAX, true),
        (event.get("reason"), REASON_BYTES_MAX, true),
        (event.get(names.note).renamed("message"), NOTE_BYTES_MAX, false),
    ];
    for (field, most, needed) in limited {
        if needed {
            field.need(errors);
        }
        if field.len() > most {
            errors.push(field.invalid_as("", format!("can have at most {most} characters")));
        }
    }
}

fn born(event: &Field<'_>, errors: &mut Errors) {
    series(event, errors);
    event.get("eventTime").need(errors);
    let kind = event.get("type");
    if !["Normal", "Warning"].contains(&kind.text()) {
        errors.push(kind.invalid_as("", format!("has invalid value: {}", kind.text())));
    }
    for (name, told) in [
        ("deprecatedFirstTimestamp", "firstTimestamp"),
        ("deprecatedLastTimestamp", "lastTimestamp"),
        ("deprecatedCount", "count"),
        ("deprecatedSource", "source"),
    ] {
        let field = event.get(name);
        let set = !field.is_empty() && field.integer() != Some(0);
        if set {
            errors.push(field.renamed(told).invalid_as("", "needs to be unset"));
        }
    }
}

/// That an event happened several times.
fn series(event: &Field<'_>, errors: &mut Errors) {
    let series = event.get("series");
    if !series.is_set() {
        return;
    }
    if series.get("count").number() < 2 {
        errors.push(series.get("count").invalid_as("", "should be at least 2"));
    }
    series.get("lastObservedTime").need(errors);
}

fn change(new: &Field<'_>, old: &Field<'_>, errors: &mut Errors) {
    if new.get("series").value != old.get("series").value {
        series(new, errors);
    }
    for name in KEPT {
        new.get(name).unchanged(&old.get(name), errors);
    }
}
