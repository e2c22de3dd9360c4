//! Volumes of pods: one source each, no name twice.

use super::{env, projected};
use crate::{
    names,
    validation::{
        core::{
            claims, paths,
            volumes::{Source, devices, disks, network, one_source},
        },
        error::Errors,
        field::Field,
        metadata,
    },
};
use std::collections::{BTreeMap, BTreeSet};

/// In the order in which upstream looks at them.
const SOURCES: [Source; 30] = [
    ("emptyDir", "emptyDir", empty),
    ("hostPath", "hostPath", network::host_path),
    ("gitRepo", "gitRepo", network::git),
    ("gcePersistentDisk", "persistentDisk", disks::google),
    ("awsElasticBlockStore", "awsElasticBlockStore", disks::amazon),
    ("secret", "secret", secret),
    ("nfs", "nfs", network::nfs),
    ("iscsi", "iscsi", devices::iscsi),
    ("glusterfs", "glusterfs", network::gluster),
    ("flocker", "flocker", network::flocker),
    ("persistentVolumeClaim", "persistentVolumeClaim", claim),
    ("rbd", "rbd", network::ceph_image),
    ("cinder", "cinder", disks::cinder),
    ("cephfs", "cephfs", network::ceph_files),
    ("quobyte", "quobyte", network::quobyte),
    ("downwardAPI", "downwardAPI", downward),
    ("fc", "fc", devices::fibre_channel),
    ("flexVolume", "flexVolume", disks::flex),
    ("configMap", "configMap", config_map),
    ("azureFile", "azureFile", disks::azure_file),
    ("vsphereVolume", "vsphereVolume", disks::vsphere),
    ("photonPersistentDisk", "photonPersistentDisk", disks::photon),
    ("portworxVolume", "portworxVolume", disks::portworx),
    ("azureDisk", "azureDisk", disks::azure),
    ("storageos", "storageos", disks::storage_os),
    ("projected", "projected", projected::projected),
    ("scaleIO", "scaleIO", disks::scale_io),
    ("csi", "csi", disks::csi),
    ("ephemeral", "ephemeral", ephemeral),
    ("image", "image", image),
];

/// Checks a pod's volumes; returns those that containers can use, by name.
pub(super) fn volumes<'a>(
    volumes: &Field<'a>,
    pod: Option<&str>,
    errors: &mut Errors,
) -> BTreeMap<&'a str, Field<'a>> {
    let mut right = BTreeMap::new();
    let made = claims_made(volumes, pod);
    for volume in volumes.items() {
        let before = errors.len();
        let name = volume.get("name");
        one_source(&volume, &SOURCES, errors);
        with_name(&volume, pod, errors);
        name.need_checked(names::dns_label, errors);
        if right.contains_key(name.text()) {
            errors.push(name.duplicate());
        }
        if errors.len() == before {
            right.insert(name.text(), volume.clone());
        }
        let claim = volume.down(&["persistentVolumeClaim", "claimName"]);
        if made.contains(claim.text()) {
            let why = "must not reference a PVC that gets created for an ephemeral volume";
            errors.push(claim.invalid(why));
        }
    }
    right
}

/// Names of the claims that a pod's ephemeral volumes make.
fn claims_made(volumes: &Field<'_>, pod: Option<&str>) -> BTreeSet<String> {
    let Some(pod) = pod.filter(|pod| !pod.is_empty()) else { return BTreeSet::new() };
    let made = volumes.items().filter(|volume| volume.get("ephemeral").is_set());
    made.map(|volume| format!("{pod}-{}", volume.get("name").text())).collect()
}

/// What depends on the names of the volume and of the pod.
fn with_name(volume: &Field<'_>, pod: Option<&str>, errors: &mut Errors) {
    let name = volume.get("name");
    devices::portal(&volume.get("iscsi"), name.text(), &name, errors);
    let claimed = volume.down(&["ephemeral", "volumeClaimTemplate"]).is_set();
    if let Some(pod) = pod.filter(|pod| claimed && !pod.is_empty() && !name.is_empty()) {
        let claim = format!("{pod}-{}", name.text());
        let faults = names::dns_subdomain(&claim).into_iter();
        errors.extend(faults.map(|why| name.invalid(format!("PVC name {claim:?}: {why}"))));
    }
}

fn empty(source: &Field<'_>, errors: &mut Errors) {
    let size = source.get("sizeLimit");
    if size.quantity().sign() < 0 {
        errors.push(size.forbidden("SizeLimit field must be a valid resource quantity"));
    }
}

fn secret(source: &Field<'_>, errors: &mut Errors) {
    files(source, "secretName", errors);
}

fn config_map(source: &Field<'_>, errors: &mut Errors) {
    files(source, "name", errors);
}

/// Files that are values of a config map or a secret.
fn files(source: &Field<'_>, name: &str, errors: &mut Errors) {
    source.get(name).need(errors);
    paths::mode(&source.get("defaultMode"), errors);
    source.get("items").items().for_each(|item| paths::key_to_path(&item, errors));
}

fn claim(source: &Field<'_>, errors: &mut Errors) {
    source.get("claimName").need(errors);
}

fn downward(source: &Field<'_>, errors: &mut Errors) {
    paths::mode(&source.get("defaultMode"), errors);
    for file in source.get("items").items() {
        downward_file(&file.renamed(&source.path), errors);
    }
}

/// A file with a field of the pod, or with a resource of a container.
pub(super) fn downward_file(file: &Field<'_>, errors: &mut Errors) {
    let path = file.get("path");
    path.need(errors);
    paths::local_not_reserved(&path, errors);
    let (field, resource) = (file.get("fieldRef"), file.get("resourceFieldRef"));
    if field.is_set() {
        env::file_field(&field, errors);
        if resource.is_set() {
            let why = "fieldRef and resourceFieldRef can not be specified simultaneously";
            errors.push(file.invalid_as("resource", why));
        }
    } else if resource.is_set() {
        env::resource(&resource, true, errors);
    } else {
        errors.push(file.required("one of fieldRef and resourceFieldRef is required"));
    }
    paths::mode(&file.get("mode"), errors);
}

fn ephemeral(source: &Field<'_>, errors: &mut Errors) {
    let template = source.get("volumeClaimTemplate");
    if !template.is_set() {
        errors.push(template.required(""));
        return;
    }
    metadata::of_template(&template.get("metadata"), errors);
    claims::spec(&template.get("spec"), errors);
}

fn image(source: &Field<'_>, errors: &mut Errors) {
    source.get("pullPolicy").need_one_of(&super::containers::PULL_POLICIES, errors);
}
