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

fn client(client: &Field<'_>, errors: &mut Errors) {
    let (url, service) = (client.get("url"), client.get("service"));
    match (url.is_set(), service.is_set()) {
        (true, false) => self::url(&url, errors),
        (false, true) => self::service(&service, errors),
        _ => errors.push(client.required("exactly one of url or service is required")),
    }
}

/// An address by HTTPS, without user, query and fragment.
fn url(url: &Field<'_>, errors: &mut Errors) {
    const FORM: &str = "; desired format: https://host[/path]";
    let text = url.text();
    let Some((scheme, rest)) = text.split_once("://") else {
        errors.push(url.required(format!("url must be a valid URL{FORM}")));
        return;
    };
    let end = rest.find(['/', '?', '#']).unwrap_or(rest.len());
    let (host, tail) = rest.split_at(end);
    let parts = [
        (scheme != "https", scheme, "'https' is the only allowed URL scheme"),
        (host.is_empty(), host, "host must be specified"),
        (host.contains('@'), host, "user information is not permitted in the URL"),
        (tail.contains('#'), tail, "fragments are not permitted in the URL"),
        (tail.contains('?'), tail, "query parameters are not permitted in the URL"),
    ];
    for (_, part, why) in parts.into_iter().filter(|(wrong, _, _)| *wrong) {
        errors.push(url.invalid_as(part, format!("{why}{FORM}")));
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
    let path = service.get("path");
    if !path.is_set() || path.text() == "/" {
        return;
    }
    if !path.text().starts_with('/') {
        errors.push(path.invalid("must start with a '/'"));
    }
    if path.text().contains("//") {
        errors.push(path.invalid("must not contain empty segments"));
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
