//! The core group.
//!
//! Upstream: pkg/apis/core/validation/validation.go.

mod claims;
mod config;
mod controllers;
mod endpoints;
mod limit_ranges;
pub(crate) mod namespaces;
pub(crate) mod node_selector;
mod nodes;
mod paths;
mod persistent_volumes;
pub(crate) mod pod;
mod quotas;
pub(crate) mod resources;
mod services;
mod volume_modes;
mod volumes;

pub(super) use persistent_volumes::inline as inline_volume;
pub(super) use pod::template;
pub(super) use volumes::driver_name;

use super::kind::Kind;
use crate::names;

pub(super) const KINDS: &[Kind] = &[
    Kind::namespaced("ConfigMap").whole(config::config_map).changed(config::config_map_change),
    Kind::namespaced("Secret").whole(config::secret).changed(config::secret_change),
    Kind::cluster("Namespace")
        .named(names::dns_label)
        .born(namespaces::born)
        .parts(&[("status", namespaces::status), ("finalize", namespaces::finalize)]),
    Kind::namespaced("ServiceAccount"),
    Kind::namespaced("Pod").whole(pod::whole).born(pod::born).changed(pod::change).parts(&[
        ("status", pod::status),
        ("ephemeralcontainers", pod::ephemeral_change),
        ("resize", pod::resize),
    ]),
    Kind::namespaced("PodTemplate").whole(controllers::pod_template),
    Kind::namespaced("ReplicationController")
        .whole(controllers::whole)
        .parts(&[("status", controllers::status)]),
    Kind::namespaced("Service")
        .named(names::dns_1035_label)
        .whole(services::whole)
        .changed(services::change)
        .parts(&[("status", services::status)]),
    Kind::namespaced("Endpoints").whole(endpoints::whole),
    Kind::cluster("Node")
        .whole(nodes::whole)
        .born(nodes::born)
        .changed(nodes::change)
        .parts(&[("status", nodes::status)]),
    Kind::cluster("PersistentVolume")
        .whole(persistent_volumes::whole)
        .changed(persistent_volumes::change),
    Kind::namespaced("PersistentVolumeClaim")
        .whole(claims::claim)
        .changed(claims::change)
        .parts(&[("status", claims::status)]),
    Kind::namespaced("ResourceQuota")
        .whole(quotas::whole)
        .changed(quotas::change)
        .parts(&[("status", quotas::status)]),
    Kind::namespaced("LimitRange").whole(limit_ranges::whole),
];
