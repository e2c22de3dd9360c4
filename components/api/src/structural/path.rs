//! Paths of fields, as messages write them.
//!
//! Upstream: apimachinery's pkg/util/validation/field/path.go.

/// A field of the object at a path: `spec.replicas`.
pub fn child(path: &str, name: &str) -> String {
    if path.is_empty() { name.to_owned() } else { format!("{path}.{name}") }
}

/// An item of the list at a path: `spec.ports[0]`.
pub fn index(path: &str, place: usize) -> String {
    format!("{path}[{place}]")
}

/// A value of the map at a path: `spec.limits[cpu]`.
pub fn key(path: &str, name: &str) -> String {
    format!("{path}[{name}]")
}
