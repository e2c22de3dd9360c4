//! Persistent volumes: one source, what it holds, where it can be reached, and that it stays.

use super::{
    node_selector, paths, resources, volume_modes,
    volumes::{Source, devices, disks, network, one_source},
};
use crate::{
    names,
    validation::{
        error::Errors,
        field::Field,
        rules::{differences, same},
    },
};
use serde_json::{Map, Value};

const RECLAIMS: [&str; 3] = ["Delete", "Recycle", "Retain"];
/// In the order in which upstream looks at them.
const SOURCES: [Source; 22] = [
    ("hostPath", "hostPath", network::host_path),
    ("gcePersistentDisk", "persistentDisk", disks::google),
    ("awsElasticBlockStore", "awsElasticBlockStore", disks::amazon),
    ("glusterfs", "glusterfs", network::gluster_of_cluster),
    ("flocker", "flocker", network::flocker),
    ("nfs", "nfs", network::nfs),
    ("rbd", "rbd", network::ceph_image),
    ("quobyte", "quobyte", network::quobyte),
    ("cephfs", "cephfs", network::ceph_files),
    ("iscsi", "iscsi", devices::iscsi_of_cluster),
    ("cinder", "cinder", disks::cinder_of_cluster),
    ("fc", "fc", devices::fibre_channel),
    ("flexVolume", "flexVolume", disks::flex),
    ("azureFile", "azureFile", disks::azure_file_of_cluster),
    ("vsphereVolume", "vsphereVolume", disks::vsphere),
    ("photonPersistentDisk", "photonPersistentDisk", disks::photon),
    ("portworxVolume", "portworxVolume", disks::portworx),
    ("azureDisk", "azureDisk", disks::azure),
    ("scaleIO", "scaleIO", disks::scale_io),
    ("local", "local", network::local),
    ("storageos", "storageos", disks::storage_os_of_cluster),
    ("csi", "csi", disks::csi_of_cluster),
];

pub(super) fn whole(object: &Field<'_>, errors: &mut Errors) {
    let spec = object.get("spec");
    common(&spec, false, errors);
    let source = spec.get("iscsi");
    let told = source.get("targetPortal").renamed(source.get("targetportal").path);
    devices::portal(&source, object.down(&["metadata", "name"]).text(), &told, errors);
}

/// A volume that an attachment tells in full, without an object of its own.
pub(crate) fn inline(spec: &Field<'_>, errors: &mut Errors) {
    const INLINE: &str = "in the context of inline volumes";
    for name in ["claimRef", "capacity", "nodeAffinity", "storageClassName"] {
        let field = spec.get(name);
        if !field.is_empty() {
            errors.push(field.forbidden(format!("may not be specified {INLINE}")));
        }
    }
    if !spec.get("csi").is_set() {
        errors.push(spec.get("csi").required(format!("has to be specified {INLINE}")));
    }
    common(spec, true, errors);
}

fn common(spec: &Field<'_>, inline: bool, errors: &mut Errors) {
    let modes = spec.get("accessModes");
    modes.need(errors);
    volume_modes::access(&modes, errors);
    if !inline {
        capacity(&spec.get("capacity"), errors);
        spec.get("persistentVolumeReclaimPolicy").some_of(&RECLAIMS, errors);
        affinity(spec, errors);
        spec.get("storageClassName").check_some(names::dns_subdomain, errors);
    }
    one_source(spec, &SOURCES, errors);
    let root = spec.down(&["hostPath", "path"]);
    let reclaim = spec.get("persistentVolumeReclaimPolicy");
    if root.is_set() && paths::is_root(root.text()) && reclaim.text() == "Recycle" {
        errors.push(reclaim.forbidden("may not be 'recycle' for a hostPath mount of '/'"));
    }
    volume_modes::of_volume(&spec.get("volumeMode"), errors);
    attributes(spec, errors);
}

fn capacity(capacity: &Field<'_>, errors: &mut Errors) {
    capacity.need(errors);
    if !capacity.key("storage").is_set() || capacity.len() > 1 {
        errors.push(capacity.not_supported(&["storage"]));
    }
    for (_, amount) in capacity.entries() {
        resources::basic_amount(&amount, errors);
        amount.positive_amount(errors);
    }
}

fn affinity(spec: &Field<'_>, errors: &mut Errors) {
    let (affinity, local) = (spec.get("nodeAffinity"), spec.get("local"));
    let required = affinity.get("required");
    if affinity.is_set() && !required.is_set() {
        errors.push(required.required("must specify required node constraints"));
    } else if required.is_set() {
        node_selector::selector(&required, errors);
    } else if local.is_set() {
        errors.push(affinity.required("Local volume requires node affinity"));
    }
}

fn attributes(spec: &Field<'_>, errors: &mut Errors) {
    let class = spec.get("volumeAttributesClassName");
    if !class.is_set() {
        return;
    }
    match class.is_empty() {
        true => errors.push(class.required("an empty string is disallowed")),
        false => class.check(names::dns_subdomain, errors),
    }
    if !spec.get("csi").is_set() {
        let why = "has to be specified when using volumeAttributesClassName";
        errors.push(spec.get("csi").required(why));
    }
}

pub(super) fn change(new: &Field<'_>, old: &Field<'_>, errors: &mut Errors) {
    let (spec, was) = (new.get("spec"), old.get("spec"));
    let (now, before) = (source(&spec, &was), source(&was, &was));
    if !same(&now, &before) {
        let changed = differences(&now, &before);
        let why = format!("spec.persistentvolumesource is immutable after creation\n{changed}");
        errors.push(spec.get("persistentvolumesource").forbidden(why));
    }
    spec.get("volumeMode").renamed("volumeMode").unchanged(&was.get("volumeMode"), errors);
    let affinity = spec.get("nodeAffinity");
    if was.get("nodeAffinity").is_set() && !same(affinity.value, was.get("nodeAffinity").value) {
        let why = "field is immutable, except for updating from beta label to GA";
        errors.push(affinity.renamed("nodeAffinity").invalid(why));
    }
    let class = spec.get("volumeAttributesClassName");
    if was.get("volumeAttributesClassName").is_set() && !class.is_set() {
        errors.push(class.forbidden("update from non-nil value to nil is forbidden"));
    }
}

/// The sources of a volume. The secret for its growth may be told later.
fn source(spec: &Field<'_>, was: &Field<'_>) -> Value {
    const GROWTH: &str = "controllerExpandSecretRef";
    let told =
        SOURCES.iter().map(|(name, _, _)| ((*name).to_owned(), spec.get(name).value.clone()));
    let mut all: Map<String, Value> = told.filter(|(_, value)| !value.is_null()).collect();
    let csi = all.get_mut("csi").and_then(Value::as_object_mut);
    if let Some(csi) = csi.filter(|_| !was.down(&["csi", GROWTH]).is_set()) {
        csi.remove(GROWTH);
    }
    all.into()
}
