//! Moves of stored objects to another version.
//!
//! Upstream: pkg/apis/storagemigration/validation/validation.go.

use super::{conditions, error::Errors, field::Field, kind::Kind};
use crate::names;

pub(super) const KINDS: &[Kind] = &[Kind::cluster("StorageVersionMigration")
    .whole(whole)
    .changed(change)
    .parts(&[("status", status)])];

fn whole(object: &Field<'_>, errors: &mut Errors) {
    let resource = object.down(&["spec", "resource"]);
    resource.get("resource").need_checked(names::dns_1035_label, errors);
    resource.get("group").check_some(names::dns_subdomain, errors);
}

fn change(new: &Field<'_>, old: &Field<'_>, errors: &mut Errors) {
    new.get("spec").unchanged(&old.get("spec"), errors);
}

fn status(new: &Field<'_>, _: &Field<'_>, errors: &mut Errors) {
    let list = new.down(&["status", "conditions"]);
    conditions::conditions(&list, errors);
    let is = |kind: &str| {
        list.items().any(|one| one.get("type").text() == kind && one.get("status").text() == "True")
    };
    for (one, other) in [("Succeeded", "Failed"), ("Running", "Succeeded"), ("Running", "Failed")] {
        if is(one) && is(other) {
            let why = format!("Both {one} and {other} conditions cannot be true at the same time");
            errors.push(list.invalid(why));
        }
    }
}
