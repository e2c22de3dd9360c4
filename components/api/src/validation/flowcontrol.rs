//! Who is served how soon: flows of requests and levels of priority.
//!
//! Upstream: pkg/apis/flowcontrol/validation/validation.go.

mod levels;
mod schemas;

use super::{error::Errors, field::Field, kind::Kind};
use std::collections::BTreeSet;

pub(super) const KINDS: &[Kind] = &[
    Kind::cluster("FlowSchema").whole(schemas::whole).parts(&[("status", status)]),
    Kind::cluster("PriorityLevelConfiguration").whole(levels::whole).parts(&[("status", status)]),
];

fn status(new: &Field<'_>, _: &Field<'_>, errors: &mut Errors) {
    let mut seen = BTreeSet::new();
    for condition in new.down(&["status", "conditions"]).items() {
        let kind = condition.get("type");
        if !seen.insert(kind.text()) {
            errors.push(kind.duplicate());
        }
        if kind.is_empty() {
            errors.push(kind.required("must not be empty"));
        }
    }
}
