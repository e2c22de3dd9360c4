//! Ports of containers, and that no two ask the host for the same one.

use crate::{
    names,
    validation::{error::Errors, field::Field},
};
use serde_json::Value;
use std::collections::BTreeSet;

pub(crate) const PROTOCOLS: [&str; 3] = ["SCTP", "TCP", "UDP"];

pub(super) fn ports(ports: &Field<'_>, errors: &mut Errors) {
    let mut seen = BTreeSet::new();
    for port in ports.items() {
        let name = port.get("name");
        if !name.is_empty() {
            let before = errors.len();
            name.check(names::port_name, errors);
            if errors.len() == before && !seen.insert(name.text()) {
                errors.push(name.duplicate());
            }
        }
        let number = port.get("containerPort");
        match number.number() {
            0 => errors.push(number.required("")),
            _ => need_port(&number, errors),
        }
        let host = port.get("hostPort");
        if host.number() != 0 {
            need_port(&host, errors);
        }
        port.get("protocol").need_one_of(&PROTOCOLS, errors);
    }
}

/// The number of a port.
pub(crate) fn need_port(port: &Field<'_>, errors: &mut Errors) {
    let faults = names::port_number(port.number()).into_iter();
    errors.extend(faults.map(|why| port.invalid_as(port.number(), why)));
}

/// The number or the name of a port (ValidatePortNumOrName).
pub(crate) fn number_or_name(port: &Field<'_>, errors: &mut Errors) {
    match port.value {
        Value::String(_) => port.check(names::port_name, errors),
        _ => need_port(port, errors),
    }
}

/// Complains of ports of the host that are asked for twice.
pub(super) fn host_ports<'a>(containers: impl Iterator<Item = Field<'a>>, errors: &mut Errors) {
    let mut seen = BTreeSet::new();
    for container in containers {
        for port in container.get("ports").items() {
            let (protocol, address) = (port.get("protocol"), port.get("hostIP"));
            let host = port.get("hostPort");
            let asked = format!("{}/{}/{}", protocol.text(), address.text(), host.number());
            if host.number() != 0 && !seen.insert(asked.clone()) {
                errors.push(host.duplicate_of(asked));
            }
        }
    }
}

/// On the host's network a port is the same inside and outside. A template may leave the host's out.
pub(super) fn on_host_network(containers: &Field<'_>, is_pod: bool, errors: &mut Errors) {
    for container in containers.items() {
        for port in container.get("ports").items() {
            let (host, inner) = (port.get("hostPort"), port.get("containerPort"));
            let told = is_pod || host.number() != 0;
            if told && host.number() != inner.number() {
                let why = "must match `containerPort` when `hostNetwork` is true";
                errors.push(host.invalid_as(host.number(), why));
            }
        }
    }
}
