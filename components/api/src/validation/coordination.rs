//! Leases, and candidates for one.
//!
//! Upstream: pkg/apis/coordination/validation/validation.go.

use super::{error::Errors, field::Field, kind::Kind};
use crate::names;

const STRATEGIES: [&str; 1] = ["OldestEmulationVersion"];

pub(super) const KINDS: &[Kind] = &[
    Kind::namespaced("Lease").whole(lease),
    Kind::namespaced("LeaseCandidate")
        .named(names::config_key)
        .whole(candidate)
        .changed(candidate_change),
];

fn lease(object: &Field<'_>, errors: &mut Errors) {
    let spec = object.get("spec");
    let seconds = spec.get("leaseDurationSeconds");
    if seconds.integer().is_some_and(|seconds| seconds <= 0) {
        errors.push(seconds.invalid("must be greater than 0"));
    }
    spec.get("leaseTransitions").not_negative(errors);
    let how = spec.get("strategy");
    if how.is_set() {
        strategy(&how, errors);
    }
    let holder = spec.get("preferredHolder");
    if !holder.is_empty() && how.is_empty() {
        errors.push(holder.forbidden("may only be specified if `strategy` is defined"));
    }
}

fn strategy(strategy: &Field<'_>, errors: &mut Errors) {
    // Upstream's path has the name twice.
    let told = strategy.renamed(strategy.get("strategy").path);
    match strategy.text().contains('/') {
        true => told.check(names::qualified_name, errors),
        false => told.one_of(&STRATEGIES, errors),
    }
}

fn candidate(object: &Field<'_>, errors: &mut Errors) {
    let spec = object.get("spec");
    spec.get("leaseName").need(errors);
    let (emulated, binary) = (spec.get("emulationVersion"), spec.get("binaryVersion"));
    binary.need(errors);
    for version in [&emulated, &binary].into_iter().filter(|version| !version.is_empty()) {
        if parsed(version.text()).is_none() {
            errors.push(version.invalid("must be a valid semantic version"));
        }
    }
    if parsed(binary.text()).zip(parsed(emulated.text())).is_some_and(|(own, as_if)| own < as_if) {
        errors.push(binary.invalid("must be greater than or equal to `emulationVersion`"));
    }
    let how = spec.get("strategy");
    if how.need(errors) {
        if how.text() == STRATEGIES[0] && parsed(emulated.text()).is_none() {
            let why = "must be specified when `strategy` is 'OldestEmulationVersion'";
            errors.push(emulated.required(why));
        }
        strategy(&how, errors);
    }
}

/// The three numbers of a semantic version.
fn parsed(text: &str) -> Option<[u64; 3]> {
    let core = text.split(['-', '+']).next()?;
    let mut numbers = core.split('.').map(|part| part.parse().ok());
    let version = [numbers.next()??, numbers.next()??, numbers.next()??];
    numbers.next().is_none().then_some(version)
}

fn candidate_change(new: &Field<'_>, old: &Field<'_>, errors: &mut Errors) {
    let place = ["spec", "leaseName"];
    new.down(&place).unchanged(&old.down(&place), errors);
}
