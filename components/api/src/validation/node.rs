//! Classes of container runtimes.
//!
//! Upstream: pkg/apis/node/validation/validation.go.

use super::{
    core::{pod::scheduling, resources},
    error::Errors,
    field::Field,
    kind::Kind,
    labels,
};
use crate::names;

pub(super) const KINDS: &[Kind] = &[Kind::cluster("RuntimeClass").whole(whole).changed(change)];

fn whole(object: &Field<'_>, errors: &mut Errors) {
    object.get("handler").check(names::dns_label, errors);
    let fixed = object.down(&["overhead", "podFixed"]);
    for (key, value) in fixed.entries() {
        // Overhead is checked as if it were limits.
        let told =
            value.renamed(object.get("overhead").get("podFixed").get("limits").key(key).path);
        resources::container_name(&told, key, errors);
        resources::amount(&told, key, errors);
    }
    let scheduling = object.get("scheduling");
    labels::labels(&scheduling.get("nodeSelector"), errors);
    scheduling::tolerations(&scheduling.get("tolerations"), errors);
}

fn change(new: &Field<'_>, old: &Field<'_>, errors: &mut Errors) {
    new.get("handler").unchanged(&old.get("handler"), errors);
}
