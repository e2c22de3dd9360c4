//! Priorities of pods.
//!
//! Upstream: pkg/apis/scheduling/validation/validation.go.

use super::{error::Errors, field::Field, kind::Kind, rules::IMMUTABLE};

/// Classes that the cluster has from its beginning, with their values.
const OF_SYSTEM: [(&str, i64); 2] =
    [("system-cluster-critical", 2_000_000_000), ("system-node-critical", 2_000_001_000)];
/// What users can give at most.
const VALUE_MAX: i64 = 1_000_000_000;
const RESERVED: &str =
    "priority class names with 'system-' prefix are reserved for system use only.";
const POLICIES: [&str; 2] = ["PreemptLowerPriority", "Never"];

pub(super) const KINDS: &[Kind] =
    &[Kind::cluster("PriorityClass").born(born).whole(whole).changed(change)];

fn whole(object: &Field<'_>, errors: &mut Errors) {
    let policy = object.get("preemptionPolicy");
    if policy.is_set() {
        policy.need_one_of(&POLICIES, errors);
    }
}

fn born(object: &Field<'_>, errors: &mut Errors) {
    let (name, value) = (object.down(&["metadata", "name"]), object.get("value"));
    let own = OF_SYSTEM.iter().find(|(known, _)| *known == name.text());
    let default = object.get("globalDefault").is_true();
    if name.text().starts_with("system-") {
        let wrong = match own {
            None => format!("{} is not a known system priority class", name.text()),
            Some((known, number)) if *number != value.number() => {
                format!("value of {known} PriorityClass must be {number}")
            }
            Some((known, _)) if default => {
                format!("globalDefault of {known} PriorityClass must be false")
            }
            Some(_) => return,
        };
        errors.push(name.forbidden(format!("{RESERVED} error: {wrong}")));
    } else if value.number() > VALUE_MAX {
        let why = format!("maximum allowed value of a user defined priority is {VALUE_MAX}");
        errors.push(value.forbidden(why));
    }
}

fn change(new: &Field<'_>, old: &Field<'_>, errors: &mut Errors) {
    let value = new.get("value");
    if value.number() != old.get("value").number() {
        errors.push(value.forbidden("may not be changed in an update."));
    }
    let policy = new.get("preemptionPolicy");
    if policy.value != old.get("preemptionPolicy").value {
        errors.push(policy.invalid(IMMUTABLE));
    }
}
