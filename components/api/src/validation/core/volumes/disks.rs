//! Disks of clouds, and volumes that drivers provide.

use super::{driver_name, named_secret, needs, placed_secret};
use crate::{
    names::{self, out_of_range},
    validation::{error::Errors, field::Field},
};

fn partition(source: &Field<'_>, errors: &mut Errors) {
    let partition = source.get("partition");
    if !(0..=255).contains(&partition.number()) {
        errors.push(partition.invalid(out_of_range(1, 255)));
    }
}

pub(crate) fn google(source: &Field<'_>, errors: &mut Errors) {
    needs(source, &["pdName"], errors);
    partition(source, errors);
}

pub(crate) fn amazon(source: &Field<'_>, errors: &mut Errors) {
    needs(source, &["volumeID"], errors);
    partition(source, errors);
}

pub(crate) fn azure(source: &Field<'_>, errors: &mut Errors) {
    needs(source, &["diskName", "diskURI"], errors);
    source.get("cachingMode").some_of(&["None", "ReadOnly", "ReadWrite"], errors);
    let (kind, uri) = (source.get("kind"), source.get("diskURI"));
    kind.some_of(&["Dedicated", "Managed", "Shared"], errors);
    let (begin, form) = match kind.text() == "Managed" {
        true => (
            "/subscriptions/",
            "/subscriptions/{sub-id}/resourcegroups/{group-name}/providers/microsoft.compute/disks/\
             {disk-id}",
        ),
        false => (
            "https://",
            "https://{account-name}.blob.core.windows.net/{container-name}/{disk-name}.vhd",
        ),
    };
    if kind.is_set() && !uri.text().starts_with(begin) {
        errors.push(uri.not_supported_as(uri.text(), &[form]));
    }
}

pub(crate) fn azure_file(source: &Field<'_>, errors: &mut Errors) {
    needs(source, &["secretName", "shareName"], errors);
}

pub(crate) fn azure_file_of_cluster(source: &Field<'_>, errors: &mut Errors) {
    azure_file(source, errors);
    let namespace = source.get("secretNamespace");
    if namespace.is_set() {
        namespace.need(errors);
    }
}

pub(crate) fn cinder(source: &Field<'_>, errors: &mut Errors) {
    needs(source, &["volumeID"], errors);
    named_secret(&source.get("secretRef"), errors);
}

pub(crate) fn cinder_of_cluster(source: &Field<'_>, errors: &mut Errors) {
    needs(source, &["volumeID"], errors);
    placed_secret(&source.get("secretRef"), errors);
}

pub(crate) fn vsphere(source: &Field<'_>, errors: &mut Errors) {
    needs(source, &["volumePath"], errors);
}

pub(crate) fn photon(source: &Field<'_>, errors: &mut Errors) {
    needs(source, &["pdID"], errors);
}

pub(crate) fn portworx(source: &Field<'_>, errors: &mut Errors) {
    needs(source, &["volumeID"], errors);
}

pub(crate) fn scale_io(source: &Field<'_>, errors: &mut Errors) {
    needs(source, &["gateway", "system", "volumeName"], errors);
}

fn storage_os_names(source: &Field<'_>, errors: &mut Errors) {
    source.get("volumeName").need_checked(names::dns_label, errors);
    source.get("volumeNamespace").check_some(names::dns_label, errors);
}

pub(crate) fn storage_os(source: &Field<'_>, errors: &mut Errors) {
    storage_os_names(source, errors);
    named_secret(&source.get("secretRef"), errors);
}

pub(crate) fn storage_os_of_cluster(source: &Field<'_>, errors: &mut Errors) {
    storage_os_names(source, errors);
    placed_secret(&source.get("secretRef"), errors);
}

/// A driver that is a program of the node.
pub(crate) fn flex(source: &Field<'_>, errors: &mut Errors) {
    needs(source, &["driver"], errors);
    for (key, value) in source.get("options").entries() {
        let domain = key.split_once('/').map_or(key, |(domain, _)| domain);
        let domain = format!(".{}", domain.to_lowercase());
        if domain.ends_with(".kubernetes.io") || domain.ends_with(".k8s.io") {
            let why = "kubernetes.io and k8s.io namespaces are reserved";
            errors.push(value.invalid_as(key, why));
        }
    }
}

/// A volume of a CSI driver in a pod.
pub(crate) fn csi(source: &Field<'_>, errors: &mut Errors) {
    driver_name(&source.get("driver"), errors);
    let secret = source.get("nodePublishSecretRef");
    let name = secret.get("name");
    if secret.is_set() && name.need(errors) {
        name.renamed(source.get("name").path).check(names::dns_subdomain, errors);
    }
}

/// A volume of a CSI driver that the cluster has.
pub(crate) fn csi_of_cluster(source: &Field<'_>, errors: &mut Errors) {
    driver_name(&source.get("driver"), errors);
    needs(source, &["volumeHandle"], errors);
    for name in [
        "controllerPublishSecretRef",
        "controllerExpandSecretRef",
        "nodePublishSecretRef",
        "nodeExpandSecretRef",
    ] {
        let secret = source.get(name);
        if secret.is_set() {
            secret.get("name").need_checked(names::dns_subdomain, errors);
            secret.get("namespace").need_checked(names::dns_label, errors);
        }
    }
}
