//! Webhooks: where they are, what they are asked, how long they may take.

use super::{expressions::Compiler, rules};
use crate::{
    names,
    validation::{error::Errors, field::Field, labels, rules::domain_of},
};
use std::collections::BTreeSet;

const TIMEOUT_SECONDS_MAX: i64 = 30;
const VERSIONS: [&str; 2] = ["v1", "v1beta1"];
const SIDE_EFFECTS: [&str; 2] = ["None", "NoneOnDryRun"];

pub(super) fn validating(object: &Field<'_>, errors: &mut Errors) {
    all(object, errors);
}

pub(super) fn mutating(object: &Field<'_>, errors: &mut Errors) {
    all(object, errors);
    for hook in object.get("webhooks").items() {
        hook.get("reinvocationPolicy").some_of(&["IfNeeded", "Never"], errors);
    }
}

fn all(object: &Field<'_>, errors: &mut Errors) {
    let (compiler, mut seen) = (Compiler::of_webhooks(), BTreeSet::new());
    for hook in object.get("webhooks").items() {
        webhook(&hook, errors);
        rules::conditions(&hook.get("matchConditions"), &compiler, errors);
        versions(&hook.get("admissionReviewVersions"), errors);
        let name = hook.get("name");
        if !name.is_empty() && !seen.insert(name.text()) {
            errors.push(name.duplicate());
        }
    }
}

fn webhook(hook: &Field<'_>, errors: &mut Errors) {
    let why = "should be a domain with at least three segments separated by dots";
    domain_of(&hook.get("name"), 3, why, errors);
    hook.get("rules").items().for_each(|rule| rules::rule(&rule, errors));
    hook.get("failurePolicy").some_of(&["Fail", "Ignore"], errors);
    hook.get("matchPolicy").some_of(&["Equivalent", "Exact"], errors);
    let effects = hook.get("sideEffects");
    match effects.is_set() {
        true => effects.one_of(&SIDE_EFFECTS, errors),
        false => errors.push(effects.required("must specify one of None, NoneOnDryRun")),
    }
    let timeout = hook.get("timeoutSeconds");
    if timeout.integer().is_some_and(|seconds| !(1..=TIMEOUT_SECONDS_MAX).contains(&seconds)) {
        errors.push(timeout.invalid("the timeout value must be between 1 and 30 seconds"));
    }
    labels::selector(&hook.get("namespaceSelector"), errors);
    labels::selector(&hook.get("objectSelector"), errors);
    client(&hook.get("clientConfig"), errors);
}

/// Where a webhook is: at a URL, or a service of the cluster.
pub(in crate::validation) fn client(client: &Field<'_>, errors: &mut Errors) {
    let (url, service) = (client.get("url"), client.get("service"));
    match (url.is_set(), service.is_set()) {
        (true, false) => self::url(&url, errors),
        (false, true) => self::service(&service, errors),
        _ => errors.push(client.required("exactly one of url or service is required")),
    }
}

/// An address by HTTPS, without user, query and fragment
/// (apiserver/pkg/util/webhook/validation.go).
fn url(url: &Field<'_>, errors: &mut Errors) {
    const FORM: &str = "; desired format: https://host[/path]";
    let text = url.text();
    let (scheme, rest) = text.split_once("://").unwrap_or(("", text));
    let host = if scheme.is_empty() { "" } else { rest };
    let end = host.find(['/', '?', '#']).unwrap_or(host.len());
    let (host, tail) = host.split_at(end);
    if scheme != "https" {
        let why = format!("'https' is the only allowed URL scheme{FORM}");
        errors.push(url.invalid_as(scheme, why));
    }
    if host.is_empty() {
        errors.push(url.invalid_as(host, format!("host must be specified{FORM}")));
    }
    if let Some((user, _)) = host.split_once('@') {
        errors.push(url.invalid_as(user, "user information is not permitted in the URL"));
    }
    let (tail, fragment) = tail.split_once('#').unwrap_or((tail, ""));
    if !fragment.is_empty() {
        errors.push(url.invalid_as(fragment, "fragments are not permitted in the URL"));
    }
    if let Some((_, query)) = tail.split_once('?').filter(|(_, query)| !query.is_empty()) {
        errors.push(url.invalid_as(query, "query parameters are not permitted in the URL"));
    }
}

fn service(service: &Field<'_>, errors: &mut Errors) {
    if service.get("name").is_empty() {
        errors.push(service.get("name").required("service name is required"));
    }
    if service.get("namespace").is_empty() {
        errors.push(service.get("namespace").required("service namespace is required"));
    }
    let port = service.get("port");
    if port.is_set() && !names::port_number(port.number()).is_empty() {
        let why = "port is not valid: must be between 1 and 65535, inclusive";
        errors.push(port.invalid(why));
    }
    path(&service.get("path"), errors);
}

fn path(path: &Field<'_>, errors: &mut Errors) {
    let text = path.text();
    match text {
        "" | "/" => return,
        "//" => return errors.push(path.invalid("segment[0] may not be empty")),
        _ => {}
    }
    if !text.starts_with('/') {
        errors.push(path.invalid("must start with a '/'"));
    }
    let mut letters = text.chars();
    letters.next();
    let steps = letters.as_str();
    for (at, step) in steps.strip_suffix('/').unwrap_or(steps).split('/').enumerate() {
        if step.is_empty() {
            errors.push(path.invalid(format!("segment[{at}] may not be empty")));
            continue;
        }
        let faults = names::dns_subdomain(step).into_iter();
        errors.extend(faults.map(|why| path.invalid(format!("segment[{at}]: {why}"))));
    }
}

/// Versions of reviews that the webhook reads; one of them is one that we write.
fn versions(list: &Field<'_>, errors: &mut Errors) {
    let known = VERSIONS.join(", ");
    if list.is_empty() {
        errors.push(list.required(format!("must specify one of {known}")));
        return;
    }
    let mut seen = BTreeSet::new();
    for version in list.items() {
        match seen.insert(version.text()) {
            true => version.check(names::dns_1035_label, errors),
            false => errors.push(version.invalid("duplicate version")),
        }
    }
    if !seen.iter().any(|version| VERSIONS.contains(version)) {
        errors.push(list.invalid(format!("must include at least one of {known}")));
    }
}
