//! Rows of jobs and of what makes them by the clock.

use super::{
    age::human_duration,
    texts::{containers, selector},
    view::{View, known, seconds_between, text},
};
use serde_json::{Value, json};

pub(super) fn job(it: View<'_>) -> Vec<Value> {
    let [names, images] = containers(it.list("/spec/template/spec/containers"));
    vec![
        it.name(),
        json!(status(it)),
        json!(completions(it)),
        json!(duration(it)),
        it.age(),
        names,
        images,
        json!(selector(it.at("/spec/selector"))),
    ]
}

fn status(it: View<'_>) -> &'static str {
    let is = |kind: &str| {
        let mut conditions = it.list("/status/conditions").iter();
        let found = conditions.find(|it| text(it, "/type") == kind);
        found.is_some_and(|it| text(it, "/status") == "True")
    };
    match () {
        () if is("Complete") => "Complete",
        () if is("Failed") => "Failed",
        () if it.is_deleted() => "Terminating",
        () if is("Suspended") => "Suspended",
        () if is("FailureTarget") => "FailureTarget",
        () => "Running",
    }
}

fn completions(it: View<'_>) -> String {
    let (done, parallel) = (it.int("/status/succeeded"), it.int("/spec/parallelism"));
    match it.at("/spec/completions").as_i64() {
        Some(wanted) => format!("{done}/{wanted}"),
        None if parallel > 1 => format!("{done}/1 of {parallel}"),
        None => format!("{done}/1"),
    }
}

fn duration(it: View<'_>) -> String {
    let Some(start) = known(it.text("/status/startTime")) else { return String::new() };
    let end = known(it.text("/status/completionTime")).unwrap_or(it.now);
    human_duration(seconds_between(start, end))
}

pub(super) fn cron_job(it: View<'_>) -> Vec<Value> {
    let [names, images] = containers(it.list("/spec/jobTemplate/spec/template/spec/containers"));
    let suspend = match it.at("/spec/suspend").as_bool() {
        Some(true) => "True",
        Some(false) => "False",
        None => "<unset>",
    };
    let last = match it.text("/status/lastScheduleTime") {
        "" => "<none>".to_owned(),
        last => it.since(last),
    };
    vec![
        it.name(),
        json!(it.text("/spec/schedule")),
        json!(it.text_or("/spec/timeZone", "<none>")),
        json!(suspend),
        json!(it.list("/status/active").len()),
        json!(last),
        it.age(),
        names,
        images,
        json!(selector(it.at("/spec/jobTemplate/spec/selector"))),
    ]
}
