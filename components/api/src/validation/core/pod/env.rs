//! Environment variables of containers, and where their values come from.

use crate::{
    names,
    quantity::Quantity,
    validation::{core::paths, error::Errors, field::Field},
};

/// Fields of a pod that a variable can have the value of.
const FIELDS: [&str; 9] = [
    "metadata.name",
    "metadata.namespace",
    "metadata.uid",
    "spec.nodeName",
    "spec.serviceAccountName",
    "status.hostIP",
    "status.hostIPs",
    "status.podIP",
    "status.podIPs",
];
/// Fields of a pod that a file can have the value of.
const FILE_FIELDS: [&str; 5] = [
    "metadata.annotations",
    "metadata.labels",
    "metadata.name",
    "metadata.namespace",
    "metadata.uid",
];
/// All fields of a pod that have a label for the downward API (ConvertDownwardAPIFieldLabel).
const KNOWN: [&str; 13] = [
    "metadata.annotations",
    "metadata.labels",
    "metadata.name",
    "metadata.namespace",
    "metadata.uid",
    "spec.nodeName",
    "spec.restartPolicy",
    "spec.serviceAccountName",
    "spec.schedulerName",
    "status.phase",
    "status.hostIP",
    "status.hostIPs",
    "status.podIP",
];
const RESOURCES: [&str; 6] = [
    "limits.cpu",
    "limits.ephemeral-storage",
    "limits.memory",
    "requests.cpu",
    "requests.ephemeral-storage",
    "requests.memory",
];
const DIVISORS: [&str; 13] =
    ["1", "1k", "1M", "1G", "1T", "1P", "1E", "1Ki", "1Mi", "1Gi", "1Ti", "1Pi", "1Ei"];

pub(super) fn variables(variables: &Field<'_>, errors: &mut Errors) {
    for one in variables.items() {
        one.get("name").need_checked(names::environment_variable, errors);
        let from = one.get("valueFrom");
        if from.is_set() {
            value_from(&from, !one.get("value").is_empty(), errors);
        }
    }
}

fn value_from(from: &Field<'_>, has_value: bool, errors: &mut Errors) {
    let mut sources = 0;
    for (name, check) in SOURCES {
        let source = from.get(name);
        if source.is_set() {
            sources += 1;
            check(&source, errors);
        }
    }
    let why = match (sources, has_value) {
        (0, _) => {
            "must specify one of: `fieldRef`, `resourceFieldRef`, `configMapKeyRef`, \
             `secretKeyRef` or `fileKeyRef`"
        }
        (_, true) => "may not be specified when `value` is not empty",
        (1, false) => return,
        (_, false) => "may not have more than one field specified at a time",
    };
    errors.push(from.invalid_as("", why));
}

type Check = fn(&Field<'_>, &mut Errors);

const SOURCES: [(&str, Check); 5] = [
    ("fieldRef", variable_field),
    ("resourceFieldRef", variable_resource),
    ("configMapKeyRef", key),
    ("secretKeyRef", key),
    ("fileKeyRef", file_key),
];

fn variable_field(source: &Field<'_>, errors: &mut Errors) {
    field(source, &FIELDS, errors);
}

fn variable_resource(source: &Field<'_>, errors: &mut Errors) {
    resource(source, false, errors);
}

fn key(source: &Field<'_>, errors: &mut Errors) {
    source.get("name").check(names::dns_subdomain, errors);
    source.get("key").need_checked(names::config_key, errors);
}

fn file_key(source: &Field<'_>, errors: &mut Errors) {
    source.get("key").need_checked(names::environment_variable, errors);
    source.get("volumeName").need_checked(names::dns_label, errors);
    let path = source.get("path");
    if path.need(errors) {
        paths::local_not_reserved(&path, errors);
    }
}

/// A field of a pod that is given to a file.
pub(super) fn file_field(source: &Field<'_>, errors: &mut Errors) {
    field(source, &FILE_FIELDS, errors);
}

/// A field of a pod (validateObjectFieldSelector).
fn field(source: &Field<'_>, supported: &[&str], errors: &mut Errors) {
    let path = source.get("fieldPath");
    if !source.get("apiVersion").need(errors) || !path.need(errors) {
        return;
    }
    let subscripted = path.text().strip_suffix("']").and_then(|rest| rest.split_once("['"));
    let known =
        |name: &str| KNOWN.contains(&name) || ["spec.host", "status.podIPs"].contains(&name);
    let head = subscripted.map_or(path.text(), |(head, _)| head);
    let subscribable = ["metadata.annotations", "metadata.labels"].contains(&head);
    if !known(head) || (subscripted.is_some() && !subscribable) {
        let why = match subscripted {
            Some(_) => format!("field label does not support subscript: {}", path.text()),
            None => format!("field label not supported: {}", path.text()),
        };
        errors.push(path.invalid(format!("error converting fieldPath: {why}")));
        return;
    }
    match subscripted {
        Some(("metadata.annotations", key)) => told(source, &key.to_lowercase(), errors),
        Some((_, key)) => told(source, key, errors),
        None => path.one_of(supported, errors),
    }
}

/// The key of a label or an annotation, complained of where it is used.
fn told(source: &Field<'_>, key: &str, errors: &mut Errors) {
    let faults = names::qualified_name(key).into_iter();
    errors.extend(faults.map(|why| source.invalid_as(key, why)));
}

/// A container's resource, for a variable or for a file of a volume, which must name the container.
pub(super) fn resource(source: &Field<'_>, volume: bool, errors: &mut Errors) {
    let (container, name) = (source.get("containerName"), source.get("resource"));
    let pages = |text: &str| {
        ["requests.hugepages-", "limits.hugepages-"].iter().any(|it| text.starts_with(it))
    };
    if volume && container.is_empty() {
        errors.push(container.required(""));
    } else if name.need(errors) && !pages(name.text()) {
        name.one_of(&RESOURCES, errors);
    }
    divisor(name.text(), &source.get("divisor"), errors);
}

fn divisor(resource: &str, divisor: &Field<'_>, errors: &mut Errors) {
    let amount = divisor.quantity();
    if amount.is_zero() {
        return;
    }
    let kind = resource.split_once('.').map_or("", |(_, kind)| kind);
    let all = DIVISORS.join(", ");
    let (allowed, why) = match kind {
        "cpu" => (&["1m", "1"][..], "1m and 1 are supported with the cpu".to_owned()),
        "memory" => (&DIVISORS[..], format!("{all} are supported with the memory")),
        "ephemeral-storage" => {
            (&DIVISORS[..], format!("{all} are supported with the local ephemeral storage"))
        }
        _ if kind.starts_with("hugepages-") => {
            (&DIVISORS[..], format!("{all} are supported with the hugepages"))
        }
        _ => return,
    };
    if !allowed.iter().any(|text| Quantity::parse(text) == Ok(amount)) {
        let why = format!("only divisor's values {why} resource");
        errors.push(divisor.invalid_as(resource, why));
    }
}

/// Whole config maps and secrets as variables.
pub(super) fn from(list: &Field<'_>, errors: &mut Errors) {
    for one in list.items() {
        one.get("prefix").check_some(names::environment_variable, errors);
        let sources = ["configMapRef", "secretRef"].map(|name| one.get(name));
        let found: Vec<_> = sources.iter().filter(|source| source.is_set()).collect();
        for source in &found {
            source.get("name").need_checked(names::dns_subdomain, errors);
        }
        let why = match found.len() {
            0 => "must specify one of: `configMapRef` or `secretRef`",
            1 => continue,
            _ => "may not have more than one field specified at a time",
        };
        errors.push(list.invalid_as("", why));
    }
}
