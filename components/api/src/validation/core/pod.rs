//! Pods, and templates of pods in other objects.

mod affinity;
mod annotations;
mod containers;
mod dns;
mod env;
mod ephemeral;
mod mounts;

pub(crate) mod ports;
mod probes;
mod projected;
mod resize;
pub(crate) mod scheduling;
mod security;
mod spec;
mod status;
mod sysctls;
mod template;
mod update;
mod volumes;
mod windows;

pub(super) use ephemeral::change as ephemeral_change;
pub(super) use resize::change as resize;
pub(super) use status::change as status;
pub(crate) use template::template;
pub(super) use update::change;

use super::super::{error::Errors, field::Field};
use std::collections::{BTreeMap, BTreeSet};

/// What a container sees of its pod.
struct Around<'a> {
    /// Volumes that are right, by name.
    volumes: BTreeMap<&'a str, Field<'a>>,
    /// Names of the pod's claims of devices.
    claims: BTreeSet<&'a str>,
    /// Seconds that the pod has to end.
    grace: Option<i64>,
    restart: &'a str,
    /// The operating system, where the pod tells it.
    system: &'a str,
    /// Users of the node are users of the pod.
    host_users: bool,
}

/// What holds of every pod.
pub(super) fn whole(pod: &Field<'_>, errors: &mut Errors) {
    let (metadata, spec) = (pod.get("metadata"), pod.get("spec"));
    annotations::annotations(&metadata.get("annotations"), &spec, errors);
    spec::spec(&spec, Some(metadata.get("name").text()), errors);
    if spec.get("serviceAccountName").is_empty() {
        tokens_without_account(&spec, errors);
    }
    for name in ["containers", "initContainers"] {
        spec.get(name).items().for_each(|container| containers::of_pod(&container, errors));
    }
}

fn tokens_without_account(spec: &Field<'_>, errors: &mut Errors) {
    for volume in spec.get("volumes").items() {
        for source in volume.down(&["projected", "sources"]).items() {
            let token = source.get("serviceAccountToken");
            if token.is_set() {
                let why = "must not be specified when serviceAccountName is not set";
                errors.push(token.forbidden(why));
            }
        }
    }
}

/// What holds of a new pod.
pub(super) fn born(pod: &Field<'_>, errors: &mut Errors) {
    let spec = pod.get("spec");
    let late = spec.get("ephemeralContainers");
    if !late.is_empty() {
        errors.push(late.forbidden("cannot be set on create"));
    }
    let node = spec.get("nodeName");
    if !node.is_empty() && !spec.get("schedulingGates").is_empty() {
        errors.push(node.forbidden("cannot be set until all schedulingGates have been cleared"));
    }
    annotations::match_fields(&pod.down(&["metadata", "annotations"]), &spec, errors);
}

/// Names of a pod's containers and of those that run before.
pub(crate) fn container_names<'a>(spec: &Field<'a>) -> BTreeSet<&'a str> {
    containers::named(spec, &["containers", "initContainers"])
}
