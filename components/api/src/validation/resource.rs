//! Devices: claims of them, classes of them, and slices of what nodes have.
//!
//! Upstream: pkg/apis/resource/validation/validation.go. Expressions are compiled where they are run;
//! here only their length counts.

mod claims;
mod devices;
mod slices;

use super::kind::Kind;

pub(super) const KINDS: &[Kind] = &[
    Kind::namespaced("ResourceClaim")
        .born(claims::claim)
        .changed(claims::stays)
        .parts(&[("status", claims::status)]),
    Kind::namespaced("ResourceClaimTemplate").born(claims::template).changed(claims::stays),
    Kind::cluster("DeviceClass").whole(claims::class),
    Kind::cluster("ResourceSlice").whole(slices::whole).changed(slices::change),
];
