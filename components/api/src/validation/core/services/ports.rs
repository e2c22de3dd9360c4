//! Ports of a service: told apart by name, by number, and on nodes.

use crate::{
    names,
    validation::{
        core::pod::ports::{PROTOCOLS, need_port, number_or_name},
        error::Errors,
        field::Field,
    },
};
use serde_json::json;
use std::collections::BTreeSet;

pub(super) fn ports(spec: &Field<'_>, errors: &mut Errors) {
    let list = spec.get("ports");
    let (mut named, mut numbered) = (BTreeSet::new(), BTreeSet::new());
    for port in list.items() {
        self::port(&port, list.len() > 1, &mut named, errors);
    }
    nodes(spec, &list, errors);
    for port in list.items() {
        let (protocol, number) = (port.get("protocol").text(), port.get("port").number());
        if !numbered.insert((protocol, number)) {
            // Upstream prints its internal struct with the two fields that it compares.
            let told = json!({"Name": "", "Protocol": protocol, "AppProtocol": null, "Port": number,
                "TargetPort": 0, "NodePort": 0});
            errors.push(port.duplicate_of(told));
        }
    }
}

fn port<'a>(port: &Field<'a>, several: bool, named: &mut BTreeSet<&'a str>, errors: &mut Errors) {
    let name = port.get("name");
    if name.is_empty() {
        if several {
            errors.push(name.required(""));
        }
    } else {
        name.check(names::dns_label, errors);
        if !named.insert(name.text()) {
            errors.push(name.duplicate());
        }
    }
    need_port(&port.get("port"), errors);
    port.get("protocol").need_one_of(&PROTOCOLS, errors);
    number_or_name(&port.get("targetPort"), errors);
    let application = port.get("appProtocol");
    if application.is_set() {
        application.check(names::qualified_name, errors);
    }
}

/// Ports that nodes have for the service.
fn nodes(spec: &Field<'_>, list: &Field<'_>, errors: &mut Errors) {
    let (mut seen, inner) = (BTreeSet::new(), spec.get("type").text() == "ClusterIP");
    for port in list.items() {
        let node = port.get("nodePort");
        if node.number() == 0 {
            continue;
        }
        if inner {
            errors.push(node.forbidden("may not be used when `type` is 'ClusterIP'"));
        }
        if !seen.insert((port.get("protocol").text(), node.number())) {
            errors.push(node.duplicate());
        }
    }
}
