//! Ingresses, policies of networks, addresses of services.
//!
//! Upstream: pkg/apis/networking/validation/validation.go.

mod addresses;
mod ingresses;
mod policies;

use super::kind::Kind;

pub(super) const KINDS: &[Kind] = &[
    Kind::namespaced("Ingress")
        .whole(ingresses::whole)
        .born(ingresses::born)
        .parts(&[("status", ingresses::status)]),
    Kind::cluster("IngressClass").whole(ingresses::class).changed(ingresses::class_change),
    Kind::namespaced("NetworkPolicy").whole(policies::whole),
    Kind::cluster("IPAddress")
        .named(addresses::name)
        .born(addresses::address)
        .changed(addresses::address_change),
    Kind::cluster("ServiceCIDR").born(addresses::ranges).changed(addresses::ranges_change),
];
