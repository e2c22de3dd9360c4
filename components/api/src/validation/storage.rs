//! Classes of storage, drivers, and volumes attached to nodes.
//!
//! Upstream: pkg/apis/storage/validation/validation.go.

mod attachments;
mod classes;
mod drivers;

use super::kind::Kind;

pub(super) const KINDS: &[Kind] = &[
    Kind::cluster("StorageClass").born(classes::storage).changed(classes::storage_change),
    Kind::cluster("VolumeAttributesClass")
        .whole(classes::attributes)
        .changed(classes::attributes_change),
    Kind::cluster("VolumeAttachment")
        .whole(attachments::whole)
        .changed(attachments::change)
        .parts(&[("status", attachments::status)]),
    Kind::cluster("CSIDriver").whole(drivers::driver).changed(drivers::driver_change),
    Kind::cluster("CSINode").whole(drivers::node).changed(drivers::node_change),
    Kind::namespaced("CSIStorageCapacity")
        .born(drivers::capacity)
        .changed(drivers::capacity_change),
];
