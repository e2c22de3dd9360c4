//! Groups of resources that other servers have.
//!
//! Upstream: kube-aggregator/pkg/apis/apiregistration/validation/validation.go.

use super::{error::Errors, field::Field, kind::Kind};
use crate::names;

const GROUP_PRIORITY_MAX: i64 = 20_000;
const VERSION_PRIORITY_MAX: i64 = 1000;

pub(super) const KINDS: &[Kind] = &[Kind::cluster("APIService")
    .named(names::path_segment)
    .whole(whole)
    .parts(&[("status", status)])];

fn whole(object: &Field<'_>, errors: &mut Errors) {
    let (name, spec) = (object.down(&["metadata", "name"]), object.get("spec"));
    let (group, version) = (spec.get("group"), spec.get("version"));
    let wanted = format!("{}.{}", version.text(), group.text());
    if name.text() != wanted {
        let why = format!("must be `spec.version+\".\"+spec.group`: {wanted:?}");
        errors.push(name.invalid(why));
    }
    if group.is_empty() && version.text() != "v1" {
        let why = "only v1 may have an empty group and it better be legacy kube";
        errors.push(group.required(why));
    }
    group.check_some(names::dns_subdomain, errors);
    version.check(names::dns_1035_label, errors);
    for (name, most) in
        [("groupPriorityMinimum", GROUP_PRIORITY_MAX), ("versionPriority", VERSION_PRIORITY_MAX)]
    {
        let priority = spec.get(name);
        if !(1..=most).contains(&priority.number()) {
            let why = format!("must be positive and less than {most}");
            errors.push(priority.invalid_as(priority.number(), why));
        }
    }
    server(&spec, errors);
}

/// The server behind, which is none for groups of our own.
fn server(spec: &Field<'_>, errors: &mut Errors) {
    let (service, bundle) = (spec.get("service"), spec.get("caBundle"));
    let insecure = spec.get("insecureSkipTLSVerify");
    if !service.is_set() {
        if !bundle.is_empty() {
            let bytes = bundle.len() / 4 * 3;
            let why = "local APIServices may not have a caBundle";
            errors.push(bundle.invalid_as(format!("{bytes} bytes"), why));
        }
        if insecure.is_true() {
            errors.push(insecure.invalid("local APIServices may not have insecureSkipTLSVerify"));
        }
        return;
    }
    service.get("namespace").need(errors);
    service.get("name").need(errors);
    let port = service.get("port");
    let faults = names::port_number(port.number());
    if !faults.is_empty() {
        let why = format!("port is not valid: {}", faults.join(", "));
        errors.push(port.invalid_as(port.number(), why));
    }
    if insecure.is_true() && !bundle.is_empty() {
        errors.push(insecure.invalid("may not be true if caBundle is present"));
    }
}

fn status(new: &Field<'_>, _: &Field<'_>, errors: &mut Errors) {
    for condition in new.down(&["status", "conditions"]).items() {
        condition.get("status").one_of(&["True", "False", "Unknown"], errors);
    }
}
