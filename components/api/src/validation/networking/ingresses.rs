//! Ingresses and their classes: hosts, paths, and what stands behind them.

use crate::{
    names,
    validation::{core::pod::ports::need_port, error::Errors, field::Field, net, rules},
};

const CLASS_NOTE: &str = "kubernetes.io/ingress.class";
const CONTROLLER_BYTES_MAX: usize = 250;
const WRONG_PARTS: [&str; 5] = ["//", "/./", "/../", "%2f", "%2F"];
const WRONG_ENDS: [&str; 2] = ["/..", "/."];

pub(super) fn born(object: &Field<'_>, errors: &mut Errors) {
    let note = object.down(&["metadata", "annotations"]).key(CLASS_NOTE);
    let class = object.down(&["spec", "ingressClassName"]);
    if note.is_set() && class.is_set() && note.text() != class.text() {
        let place = note.renamed(format!("annotations.{CLASS_NOTE}"));
        errors.push(place.invalid("must match `ingressClassName` when both are specified"));
    }
}

pub(super) fn whole(object: &Field<'_>, errors: &mut Errors) {
    let spec = object.get("spec");
    let (rules, fallback) = (spec.get("rules"), spec.get("defaultBackend"));
    if rules.is_empty() && !fallback.is_set() {
        let why = "either `defaultBackend` or `rules` must be specified";
        errors.push(spec.invalid_as(rules.value.clone(), why));
    }
    if fallback.is_set() {
        backend(&fallback, errors);
    }
    for rule in rules.items() {
        self::rule(&rule, errors);
    }
    for secured in spec.get("tls").items() {
        secured.get("hosts").items().for_each(|host| self::host(&host, errors));
        secured.get("secretName").check_some(names::dns_subdomain, errors);
    }
    let class = spec.get("ingressClassName");
    if class.is_set() {
        class.check(names::dns_subdomain, errors);
    }
}

/// The name of a host, or of all hosts of a domain.
fn host(host: &Field<'_>, errors: &mut Errors) {
    match host.text().contains('*') {
        true => host.check(names::wildcard_subdomain, errors),
        false => host.check(names::dns_subdomain, errors),
    }
}

fn rule(rule: &Field<'_>, errors: &mut Errors) {
    let host = rule.get("host");
    if net::address(host.text()).is_some() {
        errors.push(host.invalid("must be a DNS name, not an IP address"));
    }
    if !host.is_empty() {
        self::host(&host, errors);
    }
    let http = rule.get("http");
    if !http.is_set() {
        return;
    }
    let paths = http.get("paths");
    paths.need(errors);
    paths.items().for_each(|one| path(&one, errors));
}

fn path(one: &Field<'_>, errors: &mut Errors) {
    let (kind, path) = (one.get("pathType"), one.get("path"));
    if !kind.is_set() {
        errors.push(kind.required("pathType must be specified"));
        return;
    }
    let absolute = path.text().starts_with('/');
    match kind.text() {
        "Exact" | "Prefix" => {
            if !absolute {
                errors.push(path.invalid_as(path.text(), "must be an absolute path"));
            }
            for part in WRONG_PARTS.iter().filter(|part| path.text().contains(**part)) {
                errors.push(path.invalid(format!("must not contain '{part}'")));
            }
            for end in WRONG_ENDS.iter().filter(|end| path.text().ends_with(**end)) {
                errors.push(path.invalid(format!("cannot end with '{end}'")));
            }
        }
        "ImplementationSpecific" if !path.is_empty() && !absolute => {
            errors.push(path.invalid("must be an absolute path"));
        }
        _ => kind.one_of(&["Exact", "ImplementationSpecific", "Prefix"], errors),
    }
    backend(&one.get("backend"), errors);
}

/// A service, or any other object.
fn backend(backend: &Field<'_>, errors: &mut Errors) {
    let (resource, service) = (backend.get("resource"), backend.get("service"));
    match (resource.is_set(), service.is_set()) {
        (true, true) => {
            errors.push(backend.invalid_as("", "cannot set both resource and service backends"));
        }
        (true, false) => reference(&resource, errors),
        (false, true) => self::service(backend, &service, errors),
        (false, false) => {
            errors.push(backend.invalid_as("", "resource or service backend is required"));
        }
    }
}

fn service(backend: &Field<'_>, service: &Field<'_>, errors: &mut Errors) {
    service.get("name").need_checked(names::dns_1035_label, errors);
    let (name, number) = (service.down(&["port", "name"]), service.down(&["port", "number"]));
    match (name.is_empty(), number.number()) {
        (true, 0) => errors.push(backend.required("port name or number is required")),
        (true, _) => need_port(&number, errors),
        (false, 0) => name.check(names::port_name, errors),
        (false, _) => {
            errors.push(backend.invalid_as("", "cannot set both port name & port number"));
        }
    }
}

/// `core/v1.TypedLocalObjectReference`.
fn reference(reference: &Field<'_>, errors: &mut Errors) {
    let group = reference.get("apiGroup");
    if group.is_set() {
        group.check(names::dns_subdomain, errors);
    }
    for name in ["kind", "name"] {
        let field = reference.get(name);
        match field.is_empty() {
            true => errors.push(field.required(format!("{name} is required"))),
            false => field.check(names::path_segment, errors),
        }
    }
}

pub(super) fn status(new: &Field<'_>, _: &Field<'_>, errors: &mut Errors) {
    for one in new.down(&["status", "loadBalancer", "ingress"]).items() {
        let (address, host) = (one.get("ip"), one.get("hostname"));
        if !address.is_empty() {
            net::need_address(&address, errors);
        }
        host.check_some(names::dns_subdomain, errors);
        if net::address(host.text()).is_some() {
            errors.push(host.invalid("must be a DNS name, not an IP address"));
        }
    }
}

pub(super) fn class(object: &Field<'_>, errors: &mut Errors) {
    let (controller, parameters) =
        (object.down(&["spec", "controller"]), object.down(&["spec", "parameters"]));
    if controller.len() > CONTROLLER_BYTES_MAX {
        errors.push(controller.too_long(CONTROLLER_BYTES_MAX));
    }
    rules::domain_and_path(&controller, errors);
    if !parameters.is_set() {
        return;
    }
    reference(&parameters, errors);
    let (scope, namespace) = (parameters.get("scope"), parameters.get("namespace"));
    match (scope.text(), namespace.is_set()) {
        _ if !scope.is_set() => errors.push(scope.required("")),
        ("Namespace", true) => namespace.check(names::dns_label, errors),
        ("Namespace", false) => {
            errors.push(namespace.required("`parameters.scope` is set to 'Namespace'"));
        }
        ("Cluster", true) => {
            errors.push(namespace.forbidden("`parameters.scope` is set to 'Cluster'"));
        }
        _ => scope.one_of(&["Cluster", "Namespace"], errors),
    }
}

pub(super) fn class_change(new: &Field<'_>, old: &Field<'_>, errors: &mut Errors) {
    let place = ["spec", "controller"];
    new.down(&place).unchanged(&old.down(&place), errors);
}
