//! What an autoscaler looks at, and what it wants to see there.

use super::reference;
use crate::{
    names,
    validation::{core::resources, error::Errors, field::Field},
};

type Check = fn(&Field<'_>, &mut Errors);

const TYPES: [&str; 5] = ["ContainerResource", "External", "Object", "Pods", "Resource"];
/// Members by the type that they belong to.
const SOURCES: [(&str, &str, Check); 5] = [
    ("Object", "object", object),
    ("External", "external", external),
    ("Pods", "pods", pods),
    ("Resource", "resource", resource),
    ("ContainerResource", "containerResource", container),
];

pub(super) fn metrics(spec: &Field<'_>, errors: &mut Errors) {
    let metrics = spec.get("metrics");
    metrics.items().for_each(|one| metric(&one, errors));
    let outside = |one: Field<'_>| ["Object", "External"].contains(&one.get("type").text());
    if spec.get("minReplicas").integer() == Some(0) && !metrics.items().any(outside) {
        let why = "must specify at least one Object or External metric to support scaling to zero \
                   replicas";
        errors.push(metrics.forbidden(why));
    }
}

fn metric(metric: &Field<'_>, errors: &mut Errors) {
    let kind = metric.get("type");
    if kind.is_empty() {
        errors.push(kind.required("must specify a metric source type"));
    }
    kind.one_of(&TYPES, errors);
    let mut found = 0;
    for (_, name, check) in SOURCES {
        let source = metric.get(name);
        if source.is_set() {
            found += 1;
            if found == 1 {
                check(&source, errors);
            }
        }
    }
    for (owner, name, _) in SOURCES {
        let (source, own) = (metric.get(name), owner == kind.text());
        if own && !source.is_set() {
            errors.push(source.required("must populate information for the given metric source"));
        } else if !own && source.is_set() && found != 1 {
            errors.push(source.forbidden("must populate the given metric source only"));
        }
    }
}

fn object(source: &Field<'_>, errors: &mut Errors) {
    reference(&source.get("describedObject"), errors);
    identifier(&source.get("metric"), errors);
    let target = source.get("target");
    self::target(&target, errors);
    let average = target.get("averageValue");
    if !target.get("value").is_set() && !average.is_set() {
        errors.push(average.required("must set either a target value or averageValue"));
    }
}

fn external(source: &Field<'_>, errors: &mut Errors) {
    identifier(&source.get("metric"), errors);
    let target = source.get("target");
    self::target(&target, errors);
    let (value, average) = (target.get("value"), target.get("averageValue"));
    match (value.is_set(), average.is_set()) {
        (false, false) => {
            let why = "must set either a target value for metric or a per-pod target";
            errors.push(average.required(why));
        }
        (true, true) => {
            let why = "may not set both a target value for metric and a per-pod target";
            errors.push(value.forbidden(why));
        }
        _ => {}
    }
}

fn pods(source: &Field<'_>, errors: &mut Errors) {
    identifier(&source.get("metric"), errors);
    let target = source.get("target");
    self::target(&target, errors);
    let average = target.get("averageValue");
    if !average.is_set() {
        errors.push(average.required("must specify a positive target averageValue"));
    }
}

fn container(source: &Field<'_>, errors: &mut Errors) {
    let (name, container) = (source.get("name"), source.get("container"));
    match name.is_empty() {
        true => errors.push(name.required("must specify a resource name")),
        false => resources::container_name(&name, name.text(), errors),
    }
    match container.is_empty() {
        true => errors.push(container.required("must specify a container")),
        false => container.check(names::dns_label, errors),
    }
    of_resource(&source.get("target"), errors);
}

fn resource(source: &Field<'_>, errors: &mut Errors) {
    let name = source.get("name");
    if name.is_empty() {
        errors.push(name.required("must specify a resource name"));
    }
    of_resource(&source.get("target"), errors);
}

/// A share of what was asked for, or an amount.
fn of_resource(target: &Field<'_>, errors: &mut Errors) {
    self::target(target, errors);
    let (share, value) = (target.get("averageUtilization"), target.get("averageValue"));
    match (share.is_set(), value.is_set()) {
        (false, false) => {
            let why = "must set either a target raw value or a target utilization";
            errors.push(share.required(why));
        }
        (true, true) => {
            let why = "may not set both a target raw value and a target utilization";
            errors.push(value.forbidden(why));
        }
        _ => {}
    }
}

fn identifier(metric: &Field<'_>, errors: &mut Errors) {
    let name = metric.get("name");
    match name.is_empty() {
        true => errors.push(name.required("must specify a metric name")),
        false => name.check(names::path_segment, errors),
    }
}

fn target(target: &Field<'_>, errors: &mut Errors) {
    let kind = target.get("type");
    if kind.is_empty() {
        errors.push(kind.required("must specify a metric target type"));
    }
    if !["Utilization", "Value", "AverageValue"].contains(&kind.text()) {
        let why = "must be either Utilization, Value, or AverageValue";
        errors.push(kind.invalid_as(kind.text(), why));
    }
    for name in ["value", "averageValue"] {
        let amount = target.get(name);
        if amount.is_set() && amount.quantity().sign() <= 0 {
            errors.push(amount.invalid("must be positive"));
        }
    }
    let share = target.get("averageUtilization");
    if share.integer().is_some_and(|share| share < 1) {
        errors.push(share.invalid("must be greater than 0"));
    }
}
