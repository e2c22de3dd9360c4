//! Addresses of a service in the cluster, and their families.

use super::{is_external, is_headless};
use crate::validation::{error::Errors, field::Field, net};
use std::collections::BTreeSet;

const KEPT: &str = "may not change once set";
const POLICIES: [&str; 3] = ["PreferDualStack", "RequireDualStack", "SingleStack"];

pub(super) fn addresses(spec: &Field<'_>, errors: &mut Errors) {
    if is_external(spec) {
        return;
    }
    let (one, all) = (spec.get("clusterIP"), spec.get("clusterIPs"));
    match (one.is_empty(), all.is_empty()) {
        // The list follows the one address, which older clients tell alone.
        (false, false) if all.item(0).text() != one.text() => {
            errors.push(all.invalid("first value must match `clusterIP`"));
        }
        (true, false) => {
            errors.push(all.invalid("must be empty when `clusterIP` is not specified"));
        }
        _ => {}
    }
    families(spec, errors);
    spec.get("ipFamilyPolicy").some_of(&POLICIES, errors);
    if !each(&all, errors) {
        return;
    }
    if all.len() > 1 && !net::is_dual(all.texts()) {
        errors.push(all.invalid("may specify no more than one IP for each IP family"));
    }
    if !is_headless(spec) {
        of_family(spec, &all, errors);
    }
}

fn families(spec: &Field<'_>, errors: &mut Errors) {
    let mut seen = BTreeSet::new();
    for family in spec.get("ipFamilies").items() {
        family.one_of(&["IPv4", "IPv6"], errors);
        if !seen.insert(family.text()) {
            errors.push(family.duplicate());
        }
    }
}

/// Whether all are addresses, or there is the one word for none.
fn each(all: &Field<'_>, errors: &mut Errors) -> bool {
    let before = errors.len();
    for (at, address) in all.items().enumerate() {
        match (at, address.text()) {
            (0, "None") if all.len() > 1 => {
                errors.push(all.invalid("'None' must be the first and only value"));
            }
            (0, "None") => {}
            _ => net::need_address(&address, errors),
        }
    }
    let right = errors.len() == before;
    if all.len() > 2 {
        errors.push(all.invalid("may only hold up to 2 values"));
    }
    right
}

/// Each address is of the family that stands at its place.
fn of_family(spec: &Field<'_>, all: &Field<'_>, errors: &mut Errors) {
    let families = spec.get("ipFamilies");
    for (at, (address, family)) in all.items().zip(families.texts()).enumerate() {
        let is = net::address(address.text()).map(|it| if it.is_ipv4() { "IPv4" } else { "IPv6" });
        if is.is_some_and(|is| is != family) && ["IPv4", "IPv6"].contains(&family) {
            let why = format!("expected an {family} value as indicated by `ipFamilies[{at}]`");
            errors.push(address.invalid(why));
        }
    }
}

/// The first address and the first family stay; the second ones may come and go.
pub(super) fn change(spec: &Field<'_>, was: &Field<'_>, errors: &mut Errors) {
    if is_external(spec) || is_external(was) {
        return;
    }
    let headless = (is_headless(was), is_headless(spec));
    if headless != (true, true) {
        stays(spec, was, "clusterIPs", "clusterIP", errors);
    }
    if headless == (false, false) {
        stays(spec, was, "ipFamilies", "ipFamily", errors);
    }
}

fn stays(spec: &Field<'_>, was: &Field<'_>, name: &str, one: &str, errors: &mut Errors) {
    let (now, before) = (spec.get(name), was.get(name));
    let told = |at: usize| now.item(at);
    if now.len() == before.len() {
        for (at, (now_one, old_one)) in now.texts().zip(before.texts()).enumerate() {
            if now_one != old_one {
                let place = if name == "clusterIPs" { told(at) } else { told(0) };
                errors.push(place.invalid_as(now.value.clone(), KEPT));
            }
        }
        return;
    }
    if now.len() < before.len() && spec.get("clusterIPs").is_empty() {
        let why = format!("primary {one} can not be unset");
        errors.push(told(0).invalid_as(now.value.clone(), why));
    }
    if !now.is_empty() && !before.is_empty() && now.item(0).text() != before.item(0).text() {
        errors.push(told(0).invalid_as(now.value.clone(), KEPT));
    }
    let policy = spec.get("ipFamilyPolicy");
    if now.len() < before.len() && now.len() == 1 && policy.text() != "SingleStack" {
        let why = format!("must be set to 'SingleStack' when releasing the secondary {one}");
        errors.push(policy.invalid(why));
    }
}
