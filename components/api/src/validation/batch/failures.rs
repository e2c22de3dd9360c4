//! When a job has failed or succeeded though not all of its pods have ended.

use super::{indexes, jobs::is_indexed};
use crate::{
    names,
    validation::{core, error::Errors, field::Field},
};
use std::collections::BTreeSet;

const RULES_MAX: usize = 20;
const EXIT_CODES_MAX: usize = 255;
const PATTERNS_MAX: usize = 20;
const INDEXES_BYTES_MAX: usize = 64 * 1024;
const ACTIONS: [&str; 4] = ["Count", "FailIndex", "FailJob", "Ignore"];
const STATUSES: [&str; 3] = ["False", "True", "Unknown"];

pub(super) fn policies(spec: &Field<'_>, errors: &mut Errors) {
    let (failure, success) = (spec.get("podFailurePolicy"), spec.get("successPolicy"));
    if failure.is_set() {
        let rules = failure.get("rules");
        rules.at_most(RULES_MAX, errors);
        rules.items().for_each(|rule| failure_rule(spec, &rule, errors));
    }
    if success.is_set() && !is_indexed(spec) {
        errors.push(success.invalid("requires indexed completion mode"));
    } else if success.is_set() {
        let rules = success.get("rules");
        if rules.is_empty() {
            let why = "at least one rules must be specified when the successPolicy is specified";
            errors.push(rules.required(why));
        }
        rules.at_most(RULES_MAX, errors);
        rules.items().for_each(|rule| success_rule(spec, &rule, errors));
    }
    let replacement = spec.get("podReplacementPolicy");
    match failure.is_set() {
        true => replacement.some_of(&["Failed"], errors),
        false => replacement.some_of(&["Failed", "TerminatingOrFailed"], errors),
    }
}

/// Required with the list of what can be told, as Go prints it.
fn need_one_of(field: &Field<'_>, values: &[&str], errors: &mut Errors) {
    if field.is_empty() {
        let listed = values.iter().map(|one| format!("{one:?}")).collect::<Vec<_>>().join(" ");
        errors.push(field.required(format!("valid values: [{listed}]")));
    } else {
        field.one_of(values, errors);
    }
}

fn failure_rule(spec: &Field<'_>, rule: &Field<'_>, errors: &mut Errors) {
    let action = rule.get("action");
    need_one_of(&action, &ACTIONS, errors);
    if action.text() == "FailIndex" && !spec.get("backoffLimitPerIndex").is_set() {
        errors.push(action.invalid("requires the backoffLimitPerIndex to be set"));
    }
    let (codes, conditions) = (rule.get("onExitCodes"), rule.get("onPodConditions"));
    if codes.is_set() {
        exit_codes(spec, &codes, errors);
    }
    conditions.at_most(PATTERNS_MAX, errors);
    for pattern in conditions.items() {
        pattern.get("type").check(names::qualified_name, errors);
        need_one_of(&pattern.get("status"), &STATUSES, errors);
    }
    let both = "OnExitCodes and OnPodConditions is";
    match (codes.is_set(), !conditions.is_empty()) {
        (true, true) => {
            errors.push(rule.invalid_silently(format!("specifying both {both} not supported")));
        }
        (false, false) => {
            errors.push(rule.invalid_silently(format!("specifying one of {both} required")));
        }
        _ => {}
    }
}

fn exit_codes(spec: &Field<'_>, codes: &Field<'_>, errors: &mut Errors) {
    let operator = codes.get("operator");
    need_one_of(&operator, &["In", "NotIn"], errors);
    let container = codes.get("containerName");
    let pod = spec.down(&["template", "spec"]);
    let known = core::pod::container_names(&pod);
    if container.is_set() && !known.contains(container.text()) {
        let why = "must be one of the container or initContainer names in the pod template";
        errors.push(container.invalid(why));
    }
    let values = codes.get("values");
    if values.is_empty() {
        errors.push(values.invalid("at least one value is required"));
    }
    values.at_most(EXIT_CODES_MAX, errors);
    let (mut seen, mut last, mut ordered) = (BTreeSet::new(), i64::MIN, true);
    for value in values.items() {
        if operator.text() == "In" && value.number() == 0 {
            errors.push(value.invalid("must not be 0 for the In operator"));
        }
        if !seen.insert(value.number()) {
            errors.push(value.duplicate());
        }
        ordered &= last <= value.number();
        last = value.number();
    }
    if !ordered {
        errors.push(values.invalid("must be ordered"));
    }
}

fn success_rule(spec: &Field<'_>, rule: &Field<'_>, errors: &mut Errors) {
    let (count, list) = (rule.get("succeededCount"), rule.get("succeededIndexes"));
    let all = spec.get("completions").number();
    if !count.is_set() && !list.is_set() {
        let why = "at least one of succeededCount or succeededIndexes must be specified";
        errors.push(rule.required(why));
    }
    if list.len() > INDEXES_BYTES_MAX {
        errors.push(list.too_long(INDEXES_BYTES_MAX));
    }
    let total = indexes::count(list.text(), all);
    if let Err(why) = &total {
        errors.push(list.invalid(format!("error parsing succeededIndexes: {why}")));
    }
    count.not_negative(errors);
    if count.number() > all {
        let of = "the number of specified completions";
        errors.push(count.invalid(format!("must be less than or equal to {all} ({of})")));
    }
    let total = total.unwrap_or(0);
    if list.is_set() && count.number() > total {
        let of = "the number of indexes in the specified succeededIndexes field";
        errors.push(count.invalid(format!("must be less than or equal to {total} ({of})")));
    }
}
