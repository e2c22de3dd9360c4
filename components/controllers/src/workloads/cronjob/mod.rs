//! Makes Jobs at the times that a schedule says.
//!
//! Upstream: pkg/controller/cronjob/cronjob_controllerv2.go. A Job's name is made of the time that it
//! was due at, so that whoever makes it twice makes it once. However many times were missed, the
//! last of them is made up for.

mod schedule;

use api::time::Moment;
use client::{Key, Object, name, namespace, uid};
use jiff::tz::TimeZone;
use serde_json::{Map, Value, json};
use std::{collections::BTreeSet, time::Duration};

use self::schedule::Schedule;
use super::job::is_finished;
use crate::{
    controller::{Change, Controller, Scene, Wake},
    kinds::{CRON_JOBS, JOBS, Kind},
    object::{
        annotation, controller_reference, int, is, is_deleting, is_true, list, same, text, texts,
    },
    ownership::owner_key,
    plan::{Plan, Write},
    pods::seconds,
    view::View,
};

/// When a Job was due, on each Job.
const DUE: &str = "batch.kubernetes.io/cronjob-scheduled-timestamp";
/// A little later, so that the time is certainly over (`nextScheduleDelta`).
const LATER: Duration = Duration::from_millis(100);
/// More missed times than this are told of.
const MISSED_MAX: usize = 100;

/// The controller.
#[derive(Debug)]
pub(crate) struct CronJobs;

impl Controller for CronJobs {
    fn name(&self) -> &'static str {
        "cronjob-controller"
    }

    fn watches(&self) -> &'static [Kind] {
        &[CRON_JOBS, JOBS]
    }

    fn wakes(&self, change: &Change<'_>, _: &View<'_>) -> Vec<Wake> {
        match change.kind {
            CRON_JOBS => vec![Key::of(change.object()).into()],
            _ => change
                .states()
                .filter_map(|job| owner_key(job, CRON_JOBS))
                .map(Wake::from)
                .collect(),
        }
    }

    fn decide(&mut self, key: &Key, scene: &Scene<'_>) -> Plan {
        let Some(cron) = scene.view.of(CRON_JOBS).get(key) else { return Plan::default() };
        let jobs: Vec<&Object> = scene.view.controlled_by(JOBS, uid(cron)).collect();
        let mut writes: Vec<Write> = status(cron, &jobs, None).into_iter().collect();
        if is_deleting(cron) {
            return Plan::of(writes);
        }
        writes.extend(history(cron, &jobs));
        // The status must be seen first: what is due next depends on it.
        if !writes.is_empty() || is(cron, "/spec/suspend") {
            return Plan::of(writes);
        }
        let timing = match Timing::of(cron) {
            Ok(timing) => timing,
            Err(told) => return told,
        };
        due(cron, &jobs, &timing, scene)
    }
}

struct Timing {
    schedule: Schedule,
    zone: TimeZone,
}

impl Timing {
    fn of(cron: &Value) -> Result<Self, Plan> {
        let warn = |reason, message| {
            let severity = client::events::Severity::Warning;
            Plan::of(vec![Write::tell(cron, severity, reason, message)])
        };
        let text = text(cron, "/spec/schedule");
        let Some(schedule) = Schedule::parse(text) else {
            return Err(warn("UnparseableSchedule", format!("unparseable schedule: {text:?}")));
        };
        let zone = match cron["spec"]["timeZone"].as_str() {
            None => TimeZone::UTC,
            Some(wanted) => TimeZone::get(wanted).map_err(|_| {
                warn("UnknownTimeZone", format!("invalid timeZone: {wanted:?}: unknown time zone"))
            })?,
        };
        Ok(Self { schedule, zone })
    }

    /// The last time of those that have come since `from`, and how many there were.
    fn missed(&self, from: i64, now: i64) -> (Option<i64>, usize) {
        let (mut last, mut count) = (None, 0);
        let mut at = from;
        // Far more than anybody can have missed who looks now and then.
        while let Some(next) = self.schedule.next(at, &self.zone).filter(|next| *next <= now) {
            (last, at, count) = (Some(next), next, count + 1);
            if count > MISSED_MAX {
                // Nearer to now: the times before would only be counted.
                let skipped = (now - at) / 2;
                at += if skipped > 86_400 * 2 { skipped } else { 0 };
            }
        }
        (last, count)
    }

    fn wait(&self, now: i64) -> Option<Duration> {
        let next = self.schedule.next(now, &self.zone)?;
        Some(Duration::from_secs((next - now).unsigned_abs()) + LATER)
    }
}

fn due(cron: &Object, jobs: &[&Object], timing: &Timing, scene: &Scene<'_>) -> Plan {
    let now = scene.seconds();
    let wait = timing.wait(now);
    let rest = || Plan::default().again(wait);
    let last = seconds(cron, "/status/lastScheduleTime");
    let made = seconds(cron, "/metadata/creationTimestamp").unwrap_or(now);
    let deadline = int(cron, "/spec/startingDeadlineSeconds");
    let from = last.unwrap_or(made).max(deadline.map_or(i64::MIN, |limit| now - limit));
    let (Some(time), missed) = timing.missed(from, now) else { return rest() };
    let mut plan = rest();
    let warn = client::events::Severity::Warning;
    if missed > MISSED_MAX {
        let message = "too many missed start times. Set or decrease \
            .spec.startingDeadlineSeconds or check clock skew";
        plan.writes.push(Write::tell(cron, warn, "TooManyMissedTimes", message.to_owned()));
    }
    if deadline.is_some_and(|limit| time + limit < now) {
        let message = format!(
            "Missed scheduled time to start a job: {}",
            Moment { seconds: time, nanos: 0 }.to_second()
        );
        plan.writes.push(Write::tell(cron, warn, "MissSchedule", message));
        return plan;
    }
    let called = format!("{}-{}", name(cron), time / 60);
    if scene.view.get(JOBS, namespace(cron), &called).is_some() {
        plan.writes.extend(status(cron, jobs, Some(time)));
        return plan;
    }
    let active: Vec<&Object> = jobs.iter().copied().filter(|job| !is_finished(job)).collect();
    match text(cron, "/spec/concurrencyPolicy") {
        "Forbid" if !active.is_empty() => {
            let message = "Not starting job because prior execution is running and concurrency \
                policy is Forbid";
            let normal = client::events::Severity::Normal;
            plan.writes.push(Write::tell(cron, normal, "JobAlreadyActive", message.to_owned()));
            return plan;
        }
        "Replace" => plan.writes.extend(active.iter().map(|job| delete(cron, job))),
        _ => {}
    }
    plan.writes.push(create(cron, called, time, &timing.zone));
    plan.writes.extend(status(cron, jobs, Some(time)));
    plan
}

fn delete(cron: &Object, job: &Object) -> Write {
    let message = format!("Deleted job {}", name(job));
    Write::delete(JOBS, job).and_tell(cron, "SuccessfulDelete", message).or_warn(
        cron,
        "FailedDelete",
        "Deleted job: {}",
    )
}

fn create(cron: &Object, called: String, time: i64, zone: &TimeZone) -> Write {
    let template = &cron["spec"]["jobTemplate"];
    let mut annotations = texts(template, "/metadata/annotations");
    annotations.insert(DUE.to_owned(), local(time, zone));
    let message = format!("Created job {called}");
    let job = json!({
        "metadata": {"name": called, "namespace": namespace(cron),
            "labels": texts(template, "/metadata/labels"), "annotations": annotations,
            "creationTimestamp": Moment { seconds: time, nanos: 0 }.to_second(),
            "ownerReferences": [controller_reference(CRON_JOBS, cron)]},
        "spec": template["spec"].clone(),
    });
    Write::create(JOBS, job).and_tell(cron, "SuccessfulCreate", message).or_warn(
        cron,
        "FailedCreate",
        "Error creating job: {}",
    )
}

/// A time as its zone writes it.
fn local(time: i64, zone: &TimeZone) -> String {
    let utc = Moment { seconds: time, nanos: 0 }.to_second();
    let Ok(stamp) = jiff::Timestamp::from_second(time) else { return utc };
    let offset = zone.to_offset(stamp).seconds();
    if offset == 0 {
        return utc;
    }
    let shifted = Moment { seconds: time + i64::from(offset), nanos: 0 }.to_second();
    let (sign, minutes) = (if offset < 0 { '-' } else { '+' }, offset.unsigned_abs() / 60);
    format!("{}{sign}{:02}:{:02}", shifted.trim_end_matches('Z'), minutes / 60, minutes % 60)
}

/// Ended Jobs beyond those that are kept, the oldest first.
fn history(cron: &Object, jobs: &[&Object]) -> Vec<Write> {
    let surplus = |kind: &str, limit: &str| -> Vec<Write> {
        let Some(limit) = int(cron, limit).and_then(|limit| usize::try_from(limit).ok()) else {
            return Vec::new();
        };
        let mut ended: Vec<&Object> =
            jobs.iter().copied().filter(|job| is_true(job, kind) && !is_deleting(job)).collect();
        ended.sort_by_key(|job| (text(job, "/status/startTime"), name(job)));
        let surplus = ended.len().saturating_sub(limit);
        ended.into_iter().take(surplus).map(|job| delete(cron, job)).collect()
    };
    let mut writes = surplus("Complete", "/spec/successfulJobsHistoryLimit");
    writes.extend(surplus("Failed", "/spec/failedJobsHistoryLimit"));
    writes
}

/// The status with these Jobs, and with a time that was just made use of.
fn status(cron: &Object, jobs: &[&Object], time: Option<i64>) -> Option<Write> {
    let mut status: Map<String, Value> = cron["status"].as_object().cloned().unwrap_or_default();
    let active = jobs.iter().filter(|job| !is_finished(job));
    let active: Vec<Value> = active.map(|job| reference(job)).collect();
    let before: BTreeSet<&str> =
        list(cron, "/status/active").iter().filter_map(|job| job["uid"].as_str()).collect();
    let now: BTreeSet<&str> = active.iter().filter_map(|job| job["uid"].as_str()).collect();
    if before != now {
        status.insert("active".to_owned(), active.clone().into());
    }
    let due = jobs.iter().filter_map(|job| annotation(job, DUE));
    let due = due.filter_map(|due| Moment::parse(due).ok()).map(|due| due.seconds).max();
    let last = seconds(cron, "/status/lastScheduleTime").max(due).max(time);
    if let Some(last) = last {
        let last = Moment { seconds: last, nanos: 0 }.to_second();
        status.insert("lastScheduleTime".to_owned(), last.into());
    }
    let done = jobs.iter().filter(|job| is_true(job, "Complete"));
    let done = done.filter_map(|job| seconds(job, "/status/completionTime")).max();
    if let Some(done) = seconds(cron, "/status/lastSuccessfulTime").max(done) {
        let done = Moment { seconds: done, nanos: 0 }.to_second();
        status.insert("lastSuccessfulTime".to_owned(), done.into());
    }
    let status = Value::Object(status);
    if same(Some(&status), cron.get("status")) {
        return None;
    }
    let mut changed = Value::clone(cron);
    changed["status"] = status;
    Some(Write::status(CRON_JOBS, changed))
}

fn reference(job: &Object) -> Value {
    json!({"apiVersion": "batch/v1", "kind": "Job", "namespace": namespace(job),
        "name": name(job), "uid": uid(job), "resourceVersion": client::resource_version(job)})
}
