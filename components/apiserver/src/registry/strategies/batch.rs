//! Jobs and what makes them by the clock.
//!
//! Upstream: pkg/registry/batch/{job,cronjob}/strategy.go.

use super::{Occasion, Row, Strategy, warnings};
use serde_json::{Value, json};

pub(super) const ROWS: &[Row] = &[
    (
        "batch",
        "jobs",
        Strategy {
            create: create_job,
            orphans: true,
            warnings: warnings::batch::job,
            ..Strategy::COUNTED
        },
    ),
    ("batch", "cronjobs", Strategy { warnings: warnings::batch::cron_job, ..Strategy::COUNTED }),
];

/// Labels that say to which job a pod belongs, old and new.
const NAME_LABELS: [&str; 2] = ["job-name", "batch.kubernetes.io/job-name"];
const UID_LABELS: [&str; 2] = ["controller-uid", "batch.kubernetes.io/controller-uid"];

/// A job that does not bring a selector of its own selects the pods that carry its identity.
fn create_job(job: &mut Value, _: &Occasion<'_>) {
    if job["spec"]["manualSelector"] == true {
        return;
    }
    let (name, uid) = (job["metadata"]["name"].clone(), job["metadata"]["uid"].clone());
    let labels = &mut job["spec"]["template"]["metadata"]["labels"];
    if labels.is_null() {
        *labels = json!({});
    }
    let all = NAME_LABELS.iter().map(|key| (key, &name));
    let all = all.chain(UID_LABELS.iter().map(|key| (key, &uid)));
    if let Some(labels) = labels.as_object_mut() {
        for (key, value) in all {
            // What does not fit is refused by validation.
            labels.entry(*key).or_insert_with(|| value.clone());
        }
    }
    let selected = &mut job["spec"]["selector"]["matchLabels"][UID_LABELS[1]];
    if selected.is_null() {
        *selected = uid;
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::authentication::User;

    #[test]
    fn a_job_selects_the_pods_that_carry_its_identity() {
        let at = Occasion { user: &User::default(), now: "" };
        let mut job = json!({"metadata": {"name": "j", "uid": "u"}, "spec": {"template": {}}});
        create_job(&mut job, &at);
        assert_eq!(
            job["spec"]["template"]["metadata"]["labels"],
            json!({
                "job-name": "j", "batch.kubernetes.io/job-name": "j",
                "controller-uid": "u", "batch.kubernetes.io/controller-uid": "u",
            })
        );
        let selector = json!({"matchLabels": {"batch.kubernetes.io/controller-uid": "u"}});
        assert_eq!(job["spec"]["selector"], selector);

        let own = json!({
            "metadata": {"name": "j", "uid": "u"},
            "spec": {"manualSelector": true, "selector": {"matchLabels": {"a": "b"}}},
        });
        let mut job = own.clone();
        create_job(&mut job, &at);
        assert_eq!(job, own);
    }
}
