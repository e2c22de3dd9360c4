//! Slices of endpoints.
//!
//! Upstream: pkg/apis/discovery/validation/validation.go.

use super::{
    core::pod::ports::PROTOCOLS, error::Errors, field::Field, kind::Kind, labels, net, rules,
};
use crate::names;
use std::collections::BTreeSet;

const ADDRESSES_MAX: usize = 100;
const PORTS_MAX: usize = 20_000;
const ENDPOINTS_MAX: usize = 1000;
const TOPOLOGY_MAX: usize = 16;
const ZONES_MAX: usize = 8;
const NODES_MAX: usize = 8;
const NODE_NAME: &str = "kubernetes.io/hostname";

pub(super) const KINDS: &[Kind] = &[Kind::namespaced("EndpointSlice").whole(whole).changed(change)];

fn whole(object: &Field<'_>, errors: &mut Errors) {
    let kind = object.get("addressType");
    kind.need_one_of(&["FQDN", "IPv4", "IPv6"], errors);
    let endpoints = object.get("endpoints");
    endpoints.at_most(ENDPOINTS_MAX, errors);
    for endpoint in endpoints.items().take(ENDPOINTS_MAX) {
        self::endpoint(&endpoint, kind.text(), errors);
    }
    let ports = object.get("ports");
    ports.at_most(PORTS_MAX, errors);
    let mut seen = BTreeSet::new();
    for port in ports.items().take(PORTS_MAX) {
        let name = port.get("name");
        name.check_some(names::dns_label, errors);
        if !seen.insert(name.text()) {
            errors.push(name.duplicate_of(name.text()));
        }
        port.get("protocol").need_one_of(&PROTOCOLS, errors);
        let application = port.get("appProtocol");
        if application.is_set() {
            application.check(names::qualified_name, errors);
        }
    }
}

fn endpoint(endpoint: &Field<'_>, kind: &str, errors: &mut Errors) {
    let addresses = endpoint.get("addresses");
    if addresses.is_empty() {
        errors.push(addresses.required("must contain at least 1 address"));
    }
    addresses.at_most(ADDRESSES_MAX, errors);
    for one in addresses.items() {
        address(&one, kind, errors);
    }
    for name in ["nodeName", "zone"] {
        let field = endpoint.get(name);
        match name {
            _ if !field.is_set() => {}
            "nodeName" => field.check(names::dns_subdomain, errors),
            _ => field.check(names::label_value, errors),
        }
    }
    let topology = endpoint.get("deprecatedTopology");
    topology.at_most(TOPOLOGY_MAX, errors);
    labels::labels(&topology, errors);
    if topology.key(NODE_NAME).is_set() {
        let why = "may not be set in `deprecatedTopology`, use `nodeName` instead";
        errors.push(topology.key(NODE_NAME).invalid(why));
    }
    let host = endpoint.get("hostname");
    if host.is_set() {
        host.check(names::dns_label, errors);
    }
    hints(&endpoint.get("hints"), errors);
}

/// An address of the slice's family, or a name.
fn address(one: &Field<'_>, kind: &str, errors: &mut Errors) {
    let family = net::address(one.text()).map(|it| if it.is_ipv4() { "IPv4" } else { "IPv6" });
    match kind {
        "IPv4" | "IPv6" => {
            if family != Some(kind) {
                errors.push(one.invalid(format!("must be a valid {kind} address")));
            }
            net::not_special(one, errors);
        }
        "FQDN" => {
            let why = "should be a domain with at least two segments separated by dots";
            let text = one.text().strip_suffix('.').unwrap_or(one.text()).into();
            rules::domain_of(&Field { value: &text, path: one.path.clone() }, 2, why, errors);
        }
        _ => {}
    }
}

/// For which zones and nodes an endpoint is meant.
fn hints(hints: &Field<'_>, errors: &mut Errors) {
    for (list, most) in [("forZones", ZONES_MAX), ("forNodes", NODES_MAX)] {
        let list = hints.get(list);
        list.at_most(most, errors);
        let mut seen = BTreeSet::new();
        for one in list.items() {
            let name = one.get("name");
            if !seen.insert(name.text()) {
                errors.push(name.duplicate());
            }
            name.check(names::label_value, errors);
        }
    }
}

fn change(new: &Field<'_>, old: &Field<'_>, errors: &mut Errors) {
    new.get("addressType").unchanged(&old.get("addressType"), errors);
}
