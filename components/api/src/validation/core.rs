//! The core group.
//!
//! Upstream: pkg/apis/core/validation/validation.go.

mod config;
mod namespaces;

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
];
