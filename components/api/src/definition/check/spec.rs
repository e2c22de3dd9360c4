//! Names, scope, versions and conversion of a definition.

use super::{parts, schema};
use crate::{
    definition::{
        approval::{approval, is_protected},
        is_trusted, text, texts, versions,
    },
    names::{dns_1035_label, dns_subdomain},
    structural::path::{child, index},
    validation::{Error, Errors, webhook_client_errors},
};
use serde_json::Value;
use std::collections::BTreeSet;

/// Checks `spec`.
pub(super) fn check(definition: &Value, faults: &mut Errors) {
    let spec = &definition["spec"];
    group(definition, faults);
    one_of("spec.scope", text(spec, "scope"), &["Cluster", "Namespaced"], faults);
    if spec["preserveUnknownFields"] == true {
        let why = "cannot set to true, set x-kubernetes-preserve-unknown-fields to true in \
                   spec.versions[*].schema instead";
        faults.push(Error::invalid("spec.preserveUnknownFields", true, why));
    }
    check_versions(definition, faults);
    let wanted = &spec["names"];
    for name in ["plural", "singular", "kind", "listKind"] {
        if text(wanted, name).is_empty() {
            faults.push(Error::required(&format!("spec.names.{name}"), ""));
        }
    }
    check_names(wanted, faults);
    conversion(&spec["conversion"], faults);
}

fn group(definition: &Value, faults: &mut Errors) {
    let name = text(&definition["spec"], "group");
    let wrong = dns_subdomain(name);
    if name.is_empty() {
        faults.push(Error::required("spec.group", ""));
    } else if !wrong.is_empty() {
        faults.push(Error::invalid("spec.group", name, &wrong.join(",")));
    } else if !name.contains('.') {
        let why = "should be a domain with at least one dot";
        faults.push(Error::invalid("spec.group", name, why));
    }
    // Who uses a name of Kubernetes must say where that was agreed on.
    let state = approval(definition).filter(|_| is_protected(name));
    if let Some(state) =
        state.filter(|it| matches!(it.reason, "MissingAnnotation" | "InvalidAnnotation"))
    {
        let field = "metadata.annotations[api-approved.kubernetes.io]";
        let said = text(&definition["metadata"]["annotations"], "api-approved.kubernetes.io");
        faults.push(match state.reason {
            "MissingAnnotation" => Error::required(field, &state.message),
            _ => Error::invalid(field, said, &state.message),
        });
    }
}

fn one_of(field: &str, said: &str, known: &[&str], faults: &mut Errors) {
    if said.is_empty() {
        faults.push(Error::required(field, ""));
    } else if !known.contains(&said) {
        let known: Vec<String> = known.iter().map(|&one| one.to_owned()).collect();
        faults.push(Error::unsupported(field, said, &known));
    }
}

fn check_versions(definition: &Value, faults: &mut Errors) {
    let all: Vec<&Value> = versions(definition).collect();
    for (place, version) in all.iter().enumerate() {
        let at = index("spec.versions", place);
        if !version["schema"]["openAPIV3Schema"].is_object() {
            let field = child(&at, "schema.openAPIV3Schema");
            faults.push(Error::required(&field, "schemas are required"));
        }
        let name = text(version, "name");
        let wrong = dns_1035_label(name);
        if !wrong.is_empty() {
            faults.push(Error::invalid(&child(&at, "name"), name, &wrong.join(",")));
        }
        deprecation(version, &at, faults);
    }
    for (at, version) in places(&all, "schema", "validation") {
        schema::check(version, &child(&at, "openAPIV3Schema"), faults);
    }
    for (at, version) in places(&all, "subresources", "subresources") {
        parts::subresources(&version["subresources"], &at, faults);
    }
    let columns = "additionalPrinterColumns";
    for (at, version) in places(&all, columns, columns) {
        parts::columns(&version[columns], &at, faults);
    }
    for (at, version) in places(&all, "selectableFields", "selectableFields") {
        parts::selectable(version, &at, faults);
    }
    count(&all, faults);
}

/// Where a part of the versions stands, with the version that says it. What all say alike upstream
/// takes for said once, beside the versions (the conversion of v1 to its internal type).
fn places<'a>(all: &[&'a Value], part: &str, above: &str) -> Vec<(String, &'a Value)> {
    let shared = all.windows(2).all(|pair| pair[0][part] == pair[1][part]);
    match all.first().filter(|_| shared) {
        Some(first) => vec![(format!("spec.{above}"), *first)],
        None => {
            let each = all.iter().enumerate();
            each.map(|(at, one)| (format!("spec.versions[{at}].{part}"), *one)).collect()
        }
    }
}

fn count(all: &[&Value], faults: &mut Errors) {
    let names: BTreeSet<&str> = all.iter().map(|version| text(version, "name")).collect();
    let told = || Value::Array(all.iter().map(|&one| one.clone()).collect());
    if names.len() != all.len() {
        faults.push(Error::invalid("spec.versions", told(), "must contain unique version names"));
    }
    if all.iter().filter(|version| version["storage"] == true).count() != 1 {
        let why = "must have exactly one version marked as storage version";
        faults.push(Error::invalid("spec.versions", told(), why));
    }
}

fn deprecation(version: &Value, at: &str, faults: &mut Errors) {
    let Some(warning) = version["deprecationWarning"].as_str() else { return };
    let field = child(at, "deprecationWarning");
    let mut wrong = |why: &str| faults.push(Error::invalid(&field, warning, why));
    if version["deprecated"] != true {
        return wrong("can only be set for deprecated versions");
    }
    if warning.len() > 256 {
        wrong("must be <= 256 characters long");
    }
    if warning.is_empty() {
        wrong("must not be an empty string");
    }
    if let Some((place, _)) = warning.char_indices().find(|(_, letter)| letter.is_control()) {
        wrong(&format!(
            "must only contain printable UTF-8 characters; non-printable character found at index \
             {place}"
        ));
    }
}

fn check_names(wanted: &Value, faults: &mut Errors) {
    let mut label = |field: String, said: &str, mixed: bool| {
        let lower = said.to_lowercase();
        let wrong = dns_1035_label(if mixed { &lower } else { said });
        if said.is_empty() || wrong.is_empty() {
            return;
        }
        let before = if mixed { "may have mixed case, but should otherwise match: " } else { "" };
        faults.push(Error::invalid(&field, said, &format!("{before}{}", wrong.join(","))));
    };
    for (name, mixed) in
        [("plural", false), ("singular", false), ("kind", true), ("listKind", true)]
    {
        label(format!("spec.names.{name}"), text(wanted, name), mixed);
    }
    for list in ["shortNames", "categories"] {
        for (place, name) in texts(wanted, list).iter().enumerate() {
            label(index(&format!("spec.names.{list}"), place), name, false);
        }
    }
    let list_kind = text(wanted, "listKind");
    if !list_kind.is_empty() && list_kind == text(wanted, "kind") {
        let why = "kind and listKind may not be the same";
        faults.push(Error::invalid("spec.names.listKind", list_kind, why));
    }
}

fn conversion(told: &Value, faults: &mut Errors) {
    if !told.is_object() {
        return;
    }
    one_of("spec.conversion.strategy", text(told, "strategy"), &["None", "Webhook"], faults);
    let webhook = &told["webhook"];
    if text(told, "strategy") != "Webhook" {
        if webhook.is_object() {
            let why = "should not be set when strategy is not set to Webhook";
            faults.push(Error::forbidden("spec.conversion.webhook", why));
        }
        return;
    }
    let (config, place) = (&webhook["clientConfig"], "spec.conversion.webhookClientConfig");
    match config.is_object() {
        true => faults.extend(webhook_client_errors(config, place)),
        false => {
            faults.push(Error::required(place, "required when strategy is set to Webhook"));
        }
    }
    let field = "spec.conversion.conversionReviewVersions";
    let versions = texts(webhook, "conversionReviewVersions");
    if versions.is_empty() {
        faults.push(Error::required(field, ""));
    } else if !versions.iter().any(|version| matches!(version.as_str(), "v1" | "v1beta1")) {
        faults.push(Error::invalid(field, versions, "must include at least one of v1, v1beta1"));
    }
}

/// What can never change, or not once objects may be stored.
pub(super) fn check_change(new: &Value, present: &Value, established: bool, faults: &mut Errors) {
    let mut fixed = |path: &str| {
        let at = |definition: &Value| definition.pointer(path).cloned().unwrap_or_default();
        if at(new) != at(present) {
            let field = path.trim_start_matches('/').replace('/', ".");
            faults.push(Error::invalid(&field, at(new), "field is immutable"));
        }
    };
    if established {
        fixed("/spec/scope");
        fixed("/spec/names/kind");
    }
    fixed("/spec/group");
    fixed("/spec/names/plural");
    // What can be converted must not become what cannot.
    if is_trusted(present) && !is_trusted(new) {
        let field = "spec.conversion.webhookClientConfig.caBundle";
        let why = "unable to load root certificates: unable to parse bytes as PEM block";
        let said = new["spec"]["conversion"]["webhook"]["clientConfig"]["caBundle"].clone();
        faults.push(Error::invalid(field, said, why));
    }
}
