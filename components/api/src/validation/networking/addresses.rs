//! Addresses of services and the ranges that they come from.

use crate::{
    names::{self, Faults},
    validation::{error::Errors, field::Field, net},
};

/// An address in its canonical form.
pub(super) fn name(text: &str) -> Faults {
    match net::address(text) {
        None => vec!["must be a valid IP address, (e.g. 10.9.8.7 or 2001:db8::ffff)".to_owned()],
        Some(address) if address.to_string() != text => {
            vec![format!("must be in canonical form ({:?})", address.to_string())]
        }
        Some(_) => Faults::new(),
    }
}

pub(super) fn address(object: &Field<'_>, errors: &mut Errors) {
    let parent = object.down(&["spec", "parentRef"]);
    if !parent.is_set() {
        errors.push(parent.required(""));
        return;
    }
    parent.get("group").check_some(names::dns_subdomain, errors);
    parent.get("resource").need_checked(names::path_segment, errors);
    parent.get("name").need_checked(names::path_segment, errors);
    parent.get("namespace").check_some(names::path_segment, errors);
}

pub(super) fn address_change(new: &Field<'_>, old: &Field<'_>, errors: &mut Errors) {
    let place = ["spec", "parentRef"];
    new.down(&place).unchanged(&old.down(&place), errors);
}

pub(super) fn ranges(object: &Field<'_>, errors: &mut Errors) {
    let (spec, ranges) = (object.get("spec"), object.down(&["spec", "cidrs"]));
    let told = |why: &str| ranges.invalid_as(spec.value.clone(), why);
    let heads = || ranges.texts().map(|text| text.split('/').next().unwrap_or_default());
    match ranges.len() {
        0 => errors.push(ranges.required("at least one CIDR required")),
        1 => {}
        2 if net::is_dual(heads()) => {}
        2 => errors.push(told(
            "may specify no more than one IP for each IP family, i.e 192.168.0.0/24 and \
             2001:db8::/64",
        )),
        _ => errors.push(told("may only hold up to 2 values")),
    }
    for range in ranges.items() {
        net::need_range(&range, errors);
        if let Some((address, bits)) = net::range(range.text())
            && !net::is_masked(address, bits)
        {
            errors.push(range.invalid("must not have bits set beyond the prefix length"));
        }
    }
}

pub(super) fn ranges_change(new: &Field<'_>, old: &Field<'_>, errors: &mut Errors) {
    let place = ["spec", "cidrs"];
    new.down(&place).unchanged(&old.down(&place), errors);
}
