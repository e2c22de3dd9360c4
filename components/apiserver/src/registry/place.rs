//! Where a resource's objects are kept, and what messages call them.

use crate::failure::Named;
use api::resources::Resource;

/// The storage's key of an object, below the storage's prefix.
pub(crate) fn key(resource: &Resource, namespace: &str, name: &str) -> String {
    match resource.namespaced {
        true => format!("{}/{namespace}/{name}", resource.path),
        false => format!("{}/{name}", resource.path),
    }
}

/// What the keys of all objects begin with, or of those in a namespace where one is given.
pub(crate) fn prefix(resource: &Resource, namespace: &str) -> String {
    match namespace.is_empty() || !resource.namespaced {
        true => format!("{}/", resource.path),
        false => format!("{}/{namespace}/", resource.path),
    }
}

/// As messages name an object.
pub(crate) fn named<'a>(resource: &'a Resource, name: &'a str) -> Named<'a> {
    Named { group: &resource.kind.group, resource: &resource.plural, name }
}

/// As messages name an object that is invalid.
pub(crate) fn kind_named<'a>(resource: &'a Resource, name: &'a str) -> Named<'a> {
    Named { group: &resource.kind.group, resource: &resource.kind.kind, name }
}
