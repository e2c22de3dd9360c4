//! Where a service's traffic goes: to pods of the same node, of the same zone, to any.

use super::is_balanced;
use crate::validation::{core::pod::ports::need_port, error::Errors, field::Field};

const POLICIES: [&str; 2] = ["Cluster", "Local"];
const CLOSE: [&str; 3] = ["PreferClose", "PreferSameNode", "PreferSameZone"];

/// Whether the service is reached from outside of the cluster.
fn is_outside(spec: &Field<'_>) -> bool {
    let kind = spec.get("type").text();
    ["LoadBalancer", "NodePort"].contains(&kind)
        || (kind == "ClusterIP" && !spec.get("externalIPs").is_empty())
}

/// Whether a port of the node tells balancers if it has pods of the service.
fn is_watched(spec: &Field<'_>) -> bool {
    is_balanced(spec) && spec.get("externalTrafficPolicy").text() == "Local"
}

pub(super) fn traffic(spec: &Field<'_>, errors: &mut Errors) {
    let outer = spec.get("externalTrafficPolicy");
    match is_outside(spec) {
        true => outer.need_one_of(&POLICIES, errors),
        false if !outer.is_empty() => {
            errors.push(outer.invalid("may only be set for externally-accessible services"));
        }
        false => {}
    }
    let port = spec.get("healthCheckNodePort");
    match (is_watched(spec), port.number()) {
        (true, 0) => errors.push(port.required("")),
        (true, _) => need_port(&port, errors),
        (false, 0) => {}
        (false, _) => {
            let why = "may only be set when `type` is 'LoadBalancer' and `externalTrafficPolicy` \
                       is 'Local'";
            errors.push(port.invalid(why));
        }
    }
    let inner = spec.get("internalTrafficPolicy");
    let asked = ["NodePort", "LoadBalancer", "ClusterIP"].contains(&spec.get("type").text());
    if asked && !inner.is_set() {
        errors.push(inner.required(""));
    }
    inner.some_of(&POLICIES, errors);
    spec.get("trafficDistribution").some_of(&CLOSE, errors);
}

pub(super) fn change(spec: &Field<'_>, was: &Field<'_>, errors: &mut Errors) {
    let port = spec.get("healthCheckNodePort");
    let both = is_watched(spec) && is_watched(was);
    if both && port.number() != was.get("healthCheckNodePort").number() {
        errors.push(port.forbidden("field is immutable"));
    }
}
