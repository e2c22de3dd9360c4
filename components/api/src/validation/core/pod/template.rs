//! Templates of pods, which leave out what only a pod has.

use super::{annotations, spec};
use crate::validation::{error::Errors, field::Field, labels, metadata};

/// `core/v1.PodTemplateSpec`. Upstream's paths leave `metadata` out.
pub(crate) fn template(template: &Field<'_>, errors: &mut Errors) {
    let (inner, spec) = (template.get("metadata"), template.get("spec"));
    let notes = inner.get("annotations").renamed(template.get("annotations").path);
    labels::labels(&inner.get("labels").renamed(template.get("labels").path), errors);
    metadata::annotations(&notes, errors);
    annotations::annotations(&notes, &spec, errors);
    spec::spec(&spec, None, errors);
    annotations::match_fields(&notes, &spec, errors);
    let late = spec.get("ephemeralContainers");
    if !late.is_empty() {
        errors.push(late.forbidden("ephemeral containers not allowed in pod template"));
    }
}
