//! Endpoints: addresses and ports that a service forwards to, as the core group has them.

use super::pod::ports::{PROTOCOLS, need_port};
use crate::{
    names,
    validation::{error::Errors, field::Field, net},
};

pub(super) fn whole(object: &Field<'_>, errors: &mut Errors) {
    for subset in object.get("subsets").items() {
        let lists = ["addresses", "notReadyAddresses"].map(|name| subset.get(name));
        if lists.iter().all(Field::is_empty) {
            errors.push(subset.required("must specify `addresses` or `notReadyAddresses`"));
        }
        lists.iter().flat_map(Field::items).for_each(|one| address(&one, errors));
        let ports = subset.get("ports");
        ports.items().for_each(|one| port(&one, ports.len() > 1, errors));
    }
}

fn address(one: &Field<'_>, errors: &mut Errors) {
    let address = one.get("ip");
    net::need_address(&address, errors);
    one.get("hostname").check_some(names::dns_label, errors);
    let node = one.get("nodeName");
    if node.is_set() {
        node.check(names::dns_subdomain, errors);
    }
    net::not_special(&address, errors);
}

fn port(port: &Field<'_>, several: bool, errors: &mut Errors) {
    let name = port.get("name");
    match several {
        true => name.need_checked(names::dns_label, errors),
        false => name.check_some(names::dns_label, errors),
    }
    need_port(&port.get("port"), errors);
    port.get("protocol").need_one_of(&PROTOCOLS, errors);
    let application = port.get("appProtocol");
    if application.is_set() {
        application.check(names::qualified_name, errors);
    }
}
