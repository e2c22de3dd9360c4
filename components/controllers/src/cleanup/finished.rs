//! Deletes Jobs some time after they have ended.
//!
//! Upstream: pkg/controller/ttlafterfinished/ttlafterfinished_controller.go.

use client::Key;
use std::time::Duration;

use crate::{
    controller::{Change, Controller, Scene, Wake},
    kinds::{JOBS, Kind},
    object::{condition, int, is_deleting, is_true},
    plan::{Plan, Question, Write},
    pods::seconds,
    view::View,
};

/// The controller.
#[derive(Debug)]
pub(crate) struct Finished;

impl Controller for Finished {
    fn name(&self) -> &'static str {
        "ttl-after-finished-controller"
    }

    fn watches(&self) -> &'static [Kind] {
        &[JOBS]
    }

    fn wakes(&self, change: &Change<'_>, _: &View<'_>) -> Vec<Wake> {
        let job = change.object();
        match int(job, "/spec/ttlSecondsAfterFinished") {
            Some(_) if !is_deleting(job) => vec![Key::of(job).into()],
            _ => Vec::new(),
        }
    }

    fn decide(&mut self, key: &Key, scene: &Scene<'_>) -> Plan {
        let Some(job) = scene.view.of(JOBS).get(key) else { return Plan::default() };
        let Some(left) = left(job, scene.seconds()) else { return Plan::default() };
        if left > 0 {
            return Plan::default().again(Some(Duration::from_secs(left.unsigned_abs())));
        }
        // Its end may have been put off since: only what the server says now counts.
        let question = Question::object(&JOBS.resource(), key);
        match scene.facts.answer(&question) {
            None => Plan::ask(vec![question]),
            Some(Ok(live)) if left_is_over(live, scene.seconds()) => {
                let mut write = Write::delete(JOBS, live);
                if let crate::plan::Act::Delete(options) = &mut write.act {
                    options.propagation = Some(client::Propagation::Foreground);
                }
                Plan::of(vec![write])
            }
            Some(_) => Plan::default(),
        }
    }
}

/// Seconds left of a Job; none: it has not ended, or stays for ever.
fn left(job: &serde_json::Value, now: i64) -> Option<i64> {
    let ttl = int(job, "/spec/ttlSecondsAfterFinished")?;
    let end = ["Complete", "Failed"].into_iter().find(|kind| is_true(job, kind))?;
    let ended = seconds(condition(job, end)?, "/lastTransitionTime")?;
    (!is_deleting(job)).then_some(ended + ttl - now)
}

fn left_is_over(job: &serde_json::Value, now: i64) -> bool {
    left(job, now).is_some_and(|left| left <= 0)
}
