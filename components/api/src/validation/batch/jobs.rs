//! Jobs: how many pods run to their end, and what may be changed meanwhile.

use super::failures;
use crate::{
    names,
    validation::{core, error::Errors, field::Field, labels, replicas, rules, rules::same},
};
use serde_json::{Map, Value, json};

const PARALLEL_MAX: i64 = 100_000;
const FAILED_MAX: i64 = 100_000;
/// From so many completions on, other limits hold where each index has a limit of its own.
const MANY: i64 = 100_000;
const PARALLEL_OF_MANY_MAX: i64 = 10_000;
const FAILED_OF_MANY_MAX: i64 = 10_000;
const MANAGER_BYTES_MAX: usize = 63;
/// Labels that the server gives a job's pods, with the metadata that they repeat.
const GENERATED: [(&str, &str); 4] = [
    ("controller-uid", "uid"),
    ("job-name", "name"),
    ("batch.kubernetes.io/controller-uid", "uid"),
    ("batch.kubernetes.io/job-name", "name"),
];

pub(super) fn is_indexed(spec: &Field<'_>) -> bool {
    spec.get("completionMode").text() == "Indexed"
}

pub(super) fn whole(job: &Field<'_>, errors: &mut Errors) {
    let spec = job.get("spec");
    self::spec(&spec, errors);
    let selector = spec.get("selector");
    match selector.is_set() {
        true => labels::selector(&selector, errors),
        false => errors.push(selector.required("")),
    }
    let labels = spec.down(&["template", "metadata", "labels"]);
    if selector.is_set() && labels::chooses(&selector, labels.value) == Some(false) {
        errors.push(labels.invalid(replicas::NO_MATCH));
    }
}

/// What holds of a job's spec, in a job or in a template.
pub(super) fn spec(spec: &Field<'_>, errors: &mut Errors) {
    for name in [
        "parallelism",
        "completions",
        "activeDeadlineSeconds",
        "backoffLimit",
        "ttlSecondsAfterFinished",
        "backoffLimitPerIndex",
        "maxFailedIndexes",
    ] {
        spec.get(name).not_negative(errors);
    }
    let (each, failed) = (spec.get("backoffLimitPerIndex"), spec.get("maxFailedIndexes"));
    if failed.is_set() && !each.is_set() {
        errors.push(each.required("when maxFailedIndexes is specified"));
    }
    manager(&spec.get("managedBy"), errors);
    spec.get("completionMode").some_of(&["NonIndexed", "Indexed"], errors);
    if is_indexed(spec) {
        indexed(spec, errors);
    } else {
        let why = "requires indexed completion mode";
        let wrong = [&each, &failed].into_iter().filter(|field| field.is_set());
        errors.extend(wrong.map(|field| field.invalid(why)));
    }
    failures::policies(spec, errors);
    core::template(&spec.get("template"), errors);
    restarts(spec, errors);
}

fn manager(manager: &Field<'_>, errors: &mut Errors) {
    if manager.is_set() {
        rules::domain_and_path(manager, errors);
        if manager.len() > MANAGER_BYTES_MAX {
            errors.push(manager.too_long(MANAGER_BYTES_MAX));
        }
    }
}

fn indexed(spec: &Field<'_>, errors: &mut Errors) {
    let (all, parallel) = (spec.get("completions"), spec.get("parallelism"));
    let failed = spec.get("maxFailedIndexes");
    if !all.is_set() {
        errors.push(all.required("when completion mode is Indexed"));
    }
    let mut most = |field: &Field<'_>, most: i64, tail: &str| {
        if field.number() > most {
            errors.push(field.invalid(format!("must be less than or equal to {most}{tail}")));
        }
    };
    most(&parallel, PARALLEL_MAX, " when completion mode is Indexed");
    most(&failed, FAILED_MAX, "");
    let many = all.number() > MANY && spec.get("backoffLimitPerIndex").is_set();
    if many {
        let tail =
            format!(" when completions are above {MANY} and used with backoff limit per index");
        most(&parallel, PARALLEL_OF_MANY_MAX, &tail);
        most(&failed, FAILED_OF_MANY_MAX, &tail);
    }
    if all.is_set() && failed.number() > all.number() {
        errors.push(failed.invalid("must be less than or equal to completions"));
    }
    if many && !failed.is_set() {
        let why = format!("must be specified when completions is above {MANY}");
        errors.push(failed.required(why));
    }
}

/// Pods of a job end: they are not always restarted.
fn restarts(spec: &Field<'_>, errors: &mut Errors) {
    let policy = spec.down(&["template", "spec", "restartPolicy"]);
    match policy.text() {
        "" | "Always" => errors.push(policy.required(r#"valid values: "OnFailure", "Never""#)),
        "OnFailure" if spec.get("podFailurePolicy").is_set() => {
            let why = r#"only "Never" is supported when podFailurePolicy is specified"#;
            errors.push(policy.invalid(why));
        }
        _ => policy.one_of(&["OnFailure", "Never"], errors),
    }
}

pub(super) fn born(job: &Field<'_>, errors: &mut Errors) {
    generated(job, errors);
    let (spec, name) = (job.get("spec"), job.down(&["metadata", "name"]));
    let all = spec.get("completions").number();
    if is_indexed(&spec) && all > 0 {
        let host = format!("{}-{}", name.text(), all - 1);
        if !names::dns_label(&host).is_empty() {
            let why = format!("will not able to create pod with invalid DNS label: {host}");
            errors.push(name.invalid(why));
        }
    }
}

/// Labels and selector are the server's, unless the client says that they are its own.
fn generated(job: &Field<'_>, errors: &mut Errors) {
    let (spec, metadata) = (job.get("spec"), job.get("metadata"));
    let selector = spec.get("selector");
    if spec.get("manualSelector").is_true() || !selector.is_set() {
        return;
    }
    metadata.get("uid").need(errors);
    let labels = spec.down(&["template", "metadata", "labels"]);
    for (key, source) in GENERATED {
        let (label, wanted) = (labels.key(key), metadata.get(source).text());
        if !label.is_set() {
            errors.push(label.required(format!("must be '{wanted}'")));
        } else if label.text() != wanted {
            errors.push(label.invalid_as(labels.value.clone(), format!("must be '{wanted}'")));
        }
    }
    let own = GENERATED.map(|(key, source)| (key.to_owned(), metadata.get(source).value.clone()));
    let own = Value::Object(own.into_iter().collect());
    if labels::chooses(&selector, &own) == Some(false) {
        errors.push(selector.invalid("`selector` not auto-generated"));
    }
}

pub(super) fn change(new: &Field<'_>, old: &Field<'_>, errors: &mut Errors) {
    let (spec, was) = (new.get("spec"), old.get("spec"));
    completions(&spec, &was, errors);
    spec.get("selector").unchanged(&was.get("selector"), errors);
    template(new, old, errors);
    for name in
        ["completionMode", "podFailurePolicy", "backoffLimitPerIndex", "managedBy", "successPolicy"]
    {
        spec.get(name).unchanged(&was.get(name), errors);
    }
}

/// Indexed jobs grow and shrink if they do so at once in both numbers.
fn completions(spec: &Field<'_>, was: &Field<'_>, errors: &mut Errors) {
    let (all, before) = (spec.get("completions"), was.get("completions"));
    if !is_indexed(spec) {
        all.unchanged(&before, errors);
    } else if all.is_set()
        && all.value != before.value
        && all.number() != spec.get("parallelism").number()
    {
        errors.push(all.invalid("can only be modified in tandem with spec.parallelism"));
    }
}

/// Where the pods of a job that has not begun go may still be told.
fn template(new: &Field<'_>, old: &Field<'_>, errors: &mut Errors) {
    let place = new.down(&["spec", "template"]);
    let mut was = old.down(&["spec", "template"]).value.clone();
    let suspended = old.down(&["spec", "suspend"]).is_true();
    if suspended && !old.down(&["status", "startTime"]).is_set() {
        let now = place.value;
        for (parent, name) in [
            ("/metadata", "annotations"),
            ("/metadata", "labels"),
            ("/spec", "nodeSelector"),
            ("/spec", "tolerations"),
            ("/spec", "schedulingGates"),
        ] {
            take(&mut was, now, parent, name);
        }
        let affinity = now.pointer("/spec/affinity").is_some();
        if affinity && let Some(spec) = was.pointer_mut("/spec").and_then(Value::as_object_mut) {
            spec.entry("affinity").or_insert_with(|| json!({}));
        }
        take(&mut was, now, "/spec/affinity", "nodeAffinity");
    }
    if !same(place.value, &was) {
        errors.push(place.invalid(rules::IMMUTABLE));
    }
}

/// Takes a member over, or its absence.
fn take(was: &mut Value, now: &Value, parent: &str, name: &str) {
    let member = now.pointer(parent).and_then(|it| it.get(name)).cloned();
    let members: Option<&mut Map<String, Value>> =
        was.pointer_mut(parent).and_then(Value::as_object_mut);
    if let Some(members) = members {
        members.insert(name.to_owned(), member.unwrap_or_default());
    }
}
