//! Objects as they come over the wire, and what all of them have.

use serde_json::Value;
use std::{fmt, sync::Arc};

/// An object that many hold and nobody changes.
pub type Object = Arc<Value>;

fn text<'a>(object: &'a Value, member: &str) -> &'a str {
    let metadata = object.get("metadata");
    metadata.and_then(|metadata| metadata.get(member)?.as_str()).unwrap_or_default()
}

/// `metadata.name`, or nothing.
pub fn name(object: &Value) -> &str {
    text(object, "name")
}

/// `metadata.namespace`; empty for what is in none.
pub fn namespace(object: &Value) -> &str {
    text(object, "namespace")
}

/// `metadata.uid`, or nothing.
pub fn uid(object: &Value) -> &str {
    text(object, "uid")
}

/// `metadata.resourceVersion`, or nothing.
pub fn resource_version(object: &Value) -> &str {
    text(object, "resourceVersion")
}

/// The name of an object among those of its resource.
#[derive(Clone, PartialEq, Eq, PartialOrd, Ord, Hash, Default)]
pub struct Key {
    /// Empty for what is in none.
    pub namespace: String,
    /// The object's name.
    pub name: String,
}

impl Key {
    /// A key from its parts.
    pub fn new(namespace: &str, name: &str) -> Self {
        Self { namespace: namespace.to_owned(), name: name.to_owned() }
    }

    /// The key of an object.
    pub fn of(object: &Value) -> Self {
        Self::new(namespace(object), name(object))
    }
}

impl fmt::Display for Key {
    /// As client-go's `MetaNamespaceKeyFunc` writes it.
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self.namespace.is_empty() {
            true => f.write_str(&self.name),
            false => write!(f, "{}/{}", self.namespace, self.name),
        }
    }
}

impl fmt::Debug for Key {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{:?}", self.to_string())
    }
}
