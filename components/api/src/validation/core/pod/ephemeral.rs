//! Containers that are added to a pod that runs, through the subresource for them.

use super::{annotations, whole};
use crate::validation::{
    error::Errors,
    field::Field,
    rules::{differences, same},
};

pub(crate) fn change(new: &Field<'_>, old: &Field<'_>, errors: &mut Errors) {
    if old.down(&["metadata", "annotations"]).key(annotations::MIRROR).is_set() {
        errors.clear();
        errors.push(new.renamed("[]").forbidden("static pods do not support ephemeral containers"));
        return;
    }
    whole(new, errors);
    let list = new.down(&["spec", "ephemeralContainers"]);
    for was in old.down(&["spec", "ephemeralContainers"]).items() {
        let name = was.get("name").text();
        let what = format!("existing ephemeral containers {name:?} may not be");
        match list.items().find(|one| one.get("name").text() == name) {
            None => errors.push(list.forbidden(format!("{what} removed\n"))),
            Some(now) if !same(now.value, was.value) => {
                let changed = differences(now.value, was.value);
                errors.push(list.forbidden(format!("{what} changed\n{changed}")));
            }
            Some(_) => {}
        }
    }
}
