//! What is told of a pod by those who run it.

use super::{annotations, security::id_faults};
use crate::{
    names,
    validation::{
        error::Errors,
        field::Field,
        net,
        rules::{IMMUTABLE, unique},
    },
};
use std::collections::BTreeSet;

/// Conditions that need no domain.
const OF_SYSTEM: [&str; 3] = ["PodScheduled", "Ready", "Initialized"];
const FAMILIES: &str = "may specify no more than one IP for each IP family";

pub(crate) fn change(new: &Field<'_>, old: &Field<'_>, errors: &mut Errors) {
    let notes = ["metadata", "annotations"];
    annotations::change(&new.down(&notes), &old.down(&notes), errors);
    let (status, was) = (new.get("status"), old.get("status"));
    conditions(new, errors);
    let node = status.get("nominatedNodeName");
    if node.text() != was.get("nominatedNodeName").text() {
        node.check_some(names::dns_subdomain, errors);
    }
    let class = status.get("qosClass");
    if class.text() != was.get("qosClass").text() {
        errors.push(class.invalid_as(class.text(), IMMUTABLE));
    }
    for name in ["containerStatuses", "initContainerStatuses", "ephemeralContainerStatuses"] {
        stay_ended(name, &status.get(name), old, errors);
        let windows = new.down(&["spec", "os", "name"]).text() == "windows";
        users(&status.get(name), windows, errors);
    }
    claims(new, errors);
    addresses(&status.get("podIPs"), errors);
    let hosts = status.get("hostIPs");
    let first = hosts.item(0).get("ip");
    if !hosts.is_empty() && first.text() != status.get("hostIP").text() {
        errors.push(first.invalid("must be equal to `hostIP`"));
    }
    addresses(&hosts, errors);
}

fn conditions(pod: &Field<'_>, errors: &mut Errors) {
    let place = pod.down(&["metadata", "conditions"]).path;
    for (at, one) in pod.down(&["status", "conditions"]).items().enumerate() {
        let kind = one.get("type").renamed(format!("{place}[{at}].Type"));
        if !OF_SYSTEM.contains(&kind.text()) {
            kind.check(names::qualified_name, errors);
        }
    }
}

/// A container that has ended and is not to be restarted does not come back.
fn stay_ended(list: &str, statuses: &Field<'_>, old: &Field<'_>, errors: &mut Errors) {
    let spec = old.get("spec");
    let policy = match list {
        "ephemeralContainerStatuses" => "Never",
        _ => spec.get("restartPolicy").text(),
    };
    if policy == "Always" {
        return;
    }
    for (at, was) in old.get("status").get(list).items().enumerate() {
        let (name, ended) = (was.get("name").text(), was.down(&["state", "terminated"]));
        let failed = ended.get("exitCode").number() != 0;
        if !ended.is_set() || (failed && policy == "OnFailure") || restarts(&spec, name) {
            continue;
        }
        let now = statuses.items().find(|one| one.get("name").text() == name);
        if now.is_some_and(|now| !now.down(&["state", "terminated"]).is_set()) {
            let state = statuses.item(at).get("state");
            errors.push(state.forbidden("may not be transitioned to non-terminated state"));
        }
    }
}

/// Whether a container has a policy of its own by which it may be restarted.
fn restarts(spec: &Field<'_>, name: &str) -> bool {
    let lists = ["containers", "initContainers"].map(|list| spec.get(list));
    let mut all = lists.iter().flat_map(Field::items);
    all.any(|one| {
        let own = one.get("restartPolicy").text();
        one.get("name").text() == name && !["", "Never"].contains(&own)
    })
}

fn users(statuses: &Field<'_>, windows: bool, errors: &mut Errors) {
    for status in statuses.items() {
        let linux = status.down(&["user", "linux"]).renamed(status.get("linux").path);
        if linux.is_set() && windows {
            errors.push(linux.forbidden("cannot be set for a windows pod"));
        } else if linux.is_set() {
            let groups = linux.get("supplementalGroups");
            for id in [linux.get("uid"), linux.get("gid")].into_iter().chain(groups.items()) {
                let faults = id_faults(id.number()).into_iter();
                errors.extend(faults.map(|why| id.invalid(why)));
            }
        }
    }
}

fn claims(pod: &Field<'_>, errors: &mut Errors) {
    let of_pod = pod.down(&["spec", "resourceClaims"]);
    let known: BTreeSet<_> = of_pod.items().map(|claim| claim.get("name").text()).collect();
    let statuses = pod.down(&["status", "resourceClaimStatuses"]);
    for status in statuses.items() {
        let name = status.get("name");
        if !known.contains(name.text()) {
            let why = "must match the name of an entry in `spec.resourceClaims`";
            errors.push(name.invalid(why));
        }
        status.get("resourceClaimName").renamed(name.path).check_some(names::dns_subdomain, errors);
    }
    unique(statuses.items().map(|status| status.get("name")), errors);
}

/// Addresses of a pod or its node: one of each family at most.
fn addresses(list: &Field<'_>, errors: &mut Errors) {
    let mut seen = BTreeSet::new();
    for one in list.items() {
        let address = one.get("ip").renamed(&one.path);
        net::need_address(&address, errors);
        if !seen.insert(address.text()) {
            errors.push(one.duplicate());
        }
    }
    let texts = || list.items().map(|one| one.get("ip").text());
    if list.len() > 2 || (list.len() == 2 && !net::is_dual(texts())) {
        errors.push(list.invalid(FAMILIES));
    }
}
