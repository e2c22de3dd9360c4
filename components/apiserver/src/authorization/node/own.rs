//! What a node has one of, under its own name. Pure.
//!
//! Upstream: plugin/pkg/auth/authorizer/node/node_authorizer.go.

use super::{Answer, is_one_of};
use crate::authorization::Attributes;

/// Node leases live here.
const LEASES: &str = "kube-node-lease";

/// Verbs for what a node has one of, under its own name.
const OWN: [&str; 5] = ["get", "create", "update", "patch", "delete"];

pub(super) fn lease(node: &str, what: &Attributes) -> Answer {
    is_one_of(what, &OWN, "can only get, create, update, patch, or delete a node lease")?;
    if what.namespace != LEASES {
        return Err(format!("can only access leases in the {LEASES:?} system namespace"));
    }
    if what.verb != "create" && what.name != node {
        return Err("can only access node lease with the same name as the requesting node".into());
    }
    Ok(())
}

pub(super) fn csi_node(node: &str, what: &Attributes) -> Answer {
    is_one_of(what, &OWN, "can only get, create, update, patch, or delete a CSINode")?;
    if !what.subresource.is_empty() {
        return Err("cannot authorize CSINode subresources".into());
    }
    if what.verb != "create" && what.name != node {
        return Err("can only access CSINode with the same name as the requesting node".into());
    }
    Ok(())
}

/// A node reads its own `Node` only, and writes those that admission lets it write.
pub(super) fn own_node(node: &str, what: &Attributes) -> Answer {
    match (what.subresource.as_str(), what.verb.as_str(), what.name.as_str()) {
        ("", "create" | "update" | "patch", _) | ("status", "update" | "patch", _) => Ok(()),
        ("", "get" | "list" | "watch", name) if name == node => Ok(()),
        ("", "get" | "list" | "watch", "") => {
            Err(format!("node '{node}' cannot read all nodes, only its own Node object"))
        }
        ("", "get" | "list" | "watch", name) => {
            Err(format!("node '{node}' cannot read '{name}', only its own Node object"))
        }
        _ => Err(String::new()),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_node_has_its_own_things_only() {
        let what = |verb: &str, namespace: &str, name: &str| Attributes {
            verb: verb.into(),
            namespace: namespace.into(),
            name: name.into(),
            ..Attributes::default()
        };
        assert!(lease("n", &what("update", LEASES, "n")).is_ok());
        assert!(lease("n", &what("create", LEASES, "")).is_ok());
        assert!(lease("n", &what("update", LEASES, "m")).is_err());
        assert!(lease("n", &what("update", "default", "n")).is_err());
        assert!(lease("n", &what("list", LEASES, "n")).is_err());
        assert!(csi_node("n", &what("patch", "", "n")).is_ok());
        assert!(csi_node("n", &what("patch", "", "m")).is_err());
        assert!(own_node("n", &what("get", "", "n")).is_ok());
        assert!(own_node("n", &what("watch", "", "")).unwrap_err().contains("cannot read all"));
        assert!(own_node("n", &what("get", "", "m")).unwrap_err().contains("cannot read 'm'"));
        assert!(own_node("n", &what("delete", "", "n")).is_err());
    }
}
