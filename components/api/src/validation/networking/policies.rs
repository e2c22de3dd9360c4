//! Who may talk to whom, on which ports.

use crate::{
    names,
    validation::{core::pod::ports::need_port, error::Errors, field::Field, labels, net},
};

pub(super) fn whole(object: &Field<'_>, errors: &mut Errors) {
    let spec = object.get("spec");
    labels::selector(&spec.get("podSelector"), errors);
    for (list, peers) in [("ingress", "from"), ("egress", "to")] {
        for rule in spec.get(list).items() {
            rule.get("ports").items().for_each(|one| port(&one, errors));
            rule.get(peers).items().for_each(|one| peer(&one, errors));
        }
    }
    let types = spec.get("policyTypes");
    if types.len() > 2 {
        errors.push(types.invalid("may not specify more than two policyTypes"));
        return;
    }
    types.items().for_each(|one| one.one_of(&["Ingress", "Egress"], errors));
}

fn port(port: &Field<'_>, errors: &mut Errors) {
    port.get("protocol").some_of(&["TCP", "UDP", "SCTP"], errors);
    let (first, last) = (port.get("port"), port.get("endPort"));
    if first.integer().is_some() {
        need_port(&first, errors);
        if last.is_set() && last.number() < first.number() {
            let why = "must be greater than or equal to `port`";
            errors.push(last.invalid_as(first.number(), why));
        }
        if last.is_set() {
            need_port(&last, errors);
        }
        return;
    }
    if last.is_set() {
        let state = if first.is_set() { "non-numeric" } else { "not specified" };
        errors.push(last.invalid(format!("may not be specified when `port` is {state}")));
    }
    if first.is_set() {
        first.check(names::port_name, errors);
    }
}

fn peer(peer: &Field<'_>, errors: &mut Errors) {
    let selectors = ["podSelector", "namespaceSelector"].map(|name| peer.get(name));
    selectors.iter().for_each(|one| labels::selector(one, errors));
    let (block, others) = (peer.get("ipBlock"), selectors.iter().any(Field::is_set));
    match (block.is_set(), others) {
        (false, false) => errors.push(peer.required("must specify a peer")),
        (true, _) => self::block(&block, errors),
        (false, true) => {}
    }
    if block.is_set() && others {
        errors.push(peer.forbidden("may not specify both ipBlock and another peer"));
    }
}

/// A range of addresses without some smaller ones.
fn block(block: &Field<'_>, errors: &mut Errors) {
    let range = block.get("cidr");
    if !range.need(errors) {
        return;
    }
    net::need_range(&range, errors);
    let Some(outer) = net::range(range.text()) else { return };
    for except in block.get("except").items() {
        net::need_range(&except, errors);
        if net::range(except.text()).is_some_and(|inner| !net::has_inside(outer, inner)) {
            errors.push(except.invalid("must be a strict subset of `cidr`"));
        }
    }
}
