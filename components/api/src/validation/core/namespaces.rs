//! Namespaces: their own finalizers, and that phase and deletion agree.

use crate::{
    names,
    validation::{error::Errors, field::Field, metadata},
};

pub(super) fn born(object: &Field<'_>, errors: &mut Errors) {
    let finalizers = object.down(&["spec", "finalizers"]);
    for one in finalizers.items() {
        finalizer(&one.renamed(&finalizers.path), errors);
    }
}

fn finalizer(one: &Field<'_>, errors: &mut Errors) {
    one.check(names::qualified_name, errors);
    metadata::kube_finalizer(one, errors);
}

pub(super) fn status(new: &Field<'_>, _: &Field<'_>, errors: &mut Errors) {
    let going = new.down(&["metadata", "deletionTimestamp"]).is_set();
    let (phase, place) = (new.down(&["status", "phase"]), "status.Phase");
    let (wanted, state) = match going {
        true => ("Terminating", "not empty"),
        false => ("Active", "empty"),
    };
    if phase.text() != wanted {
        let why = format!("may only be '{wanted}' if `deletionTimestamp` is {state}");
        errors.push(phase.renamed(place).invalid_as(phase.text(), why));
    }
}

pub(super) fn finalize(new: &Field<'_>, _: &Field<'_>, errors: &mut Errors) {
    let finalizers = new.down(&["spec", "finalizers"]);
    finalizers.items().for_each(|one| finalizer(&one, errors));
}
