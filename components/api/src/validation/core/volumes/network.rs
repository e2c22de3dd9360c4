//! File systems that machines share over the network, and directories of the node.

use super::needs;
use crate::{
    names,
    validation::{core::paths, error::Errors, field::Field},
};

const HOST_PATHS: [&str; 8] = [
    "",
    "BlockDevice",
    "CharDevice",
    "Directory",
    "DirectoryOrCreate",
    "File",
    "FileOrCreate",
    "Socket",
];
const PAIRS: &str = "must be a host:port pair or multiple pairs separated by commas";
const TENANT_BYTES_MAX: usize = 64;

pub(crate) fn host_path(source: &Field<'_>, errors: &mut Errors) {
    if source.get("path").need(errors) {
        paths::no_steps_up(&source.get("path"), errors);
        source.get("type").some_of(&HOST_PATHS, errors);
    }
}

/// A directory or a disk of one node.
pub(crate) fn local(source: &Field<'_>, errors: &mut Errors) {
    if source.get("path").need(errors) {
        paths::no_steps_up(&source.get("path"), errors);
    }
}

pub(crate) fn git(source: &Field<'_>, errors: &mut Errors) {
    needs(source, &["repository"], errors);
    paths::local(&source.get("directory"), errors);
}

pub(crate) fn nfs(source: &Field<'_>, errors: &mut Errors) {
    needs(source, &["server", "path"], errors);
    let path = source.get("path");
    if !path.text().starts_with('/') {
        errors.push(path.invalid_as(path.text(), "must be an absolute path"));
    }
}

pub(crate) fn gluster(source: &Field<'_>, errors: &mut Errors) {
    needs(source, &["endpoints", "path"], errors);
}

pub(crate) fn gluster_of_cluster(source: &Field<'_>, errors: &mut Errors) {
    gluster(source, errors);
    let namespace = source.get("endpointsNamespace");
    if namespace.is_set() && namespace.is_empty() {
        let why = "if the endpointnamespace is set, it must be a valid namespace name";
        errors.push(namespace.invalid(why));
    }
    namespace.check_some(names::dns_label, errors);
}

pub(crate) fn flocker(source: &Field<'_>, errors: &mut Errors) {
    let (name, id) = (source.get("datasetName"), source.get("datasetUUID"));
    match (name.is_empty(), id.is_empty()) {
        (true, true) => {
            errors.push(source.required("one of datasetName and datasetUUID is required"));
        }
        (false, false) => {
            let why = "datasetName and datasetUUID can not be specified simultaneously";
            errors.push(source.invalid_as("resource", why));
        }
        _ => {}
    }
    if name.text().contains('/') {
        errors.push(name.invalid("must not contain '/'"));
    }
}

pub(crate) fn ceph_image(source: &Field<'_>, errors: &mut Errors) {
    needs(source, &["monitors", "image"], errors);
}

pub(crate) fn ceph_files(source: &Field<'_>, errors: &mut Errors) {
    needs(source, &["monitors"], errors);
}

pub(crate) fn quobyte(source: &Field<'_>, errors: &mut Errors) {
    let (registry, tenant) = (source.get("registry"), source.get("tenant"));
    if registry.is_empty() {
        errors.push(registry.required(PAIRS));
    } else if tenant.len() > TENANT_BYTES_MAX {
        let why = "must be a UUID and may not exceed a length of 64 characters";
        errors.push(tenant.required(why));
    } else {
        let wrong = registry.text().split(',').filter(|pair| !is_pair(pair));
        errors.extend(wrong.map(|_| registry.invalid(PAIRS)));
    }
    needs(source, &["volume"], errors);
}

/// `host:port`; a host with colons stands in brackets.
fn is_pair(text: &str) -> bool {
    let Some((host, port)) = text.rsplit_once(':') else { return false };
    let bracketed = host.strip_prefix('[').and_then(|host| host.strip_suffix(']'));
    let host = bracketed.unwrap_or(host);
    !port.contains(['[', ']'])
        && !host.contains(['[', ']'])
        && (bracketed.is_some() || !host.contains(':'))
}
