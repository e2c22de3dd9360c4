//! What changed in a cluster, told to plugins that refused a pod before.
//!
//! Upstream: kube-scheduler/framework/types.go (ClusterEvent, QueueingHintFn).

use crate::objects::{node::Node, pod::Pod, storage};
use client::Key;

/// One change.
#[derive(Clone, Copy, Debug)]
pub enum Change<'a> {
    /// A node came.
    NodeCame(&'a Node),
    /// A node is another now.
    NodeChanged {
        /// Before.
        old: &'a Node,
        /// After.
        new: &'a Node,
    },
    /// A node is gone.
    NodeGone(&'a Node),
    /// A pod got a node.
    PodPlaced(&'a Pod),
    /// A pod on a node is another now.
    PodChanged {
        /// Before.
        old: &'a Pod,
        /// After.
        new: &'a Pod,
    },
    /// A pod left its node, or was not placed there after all.
    PodGone(&'a Pod),
    /// The pod itself, which has no node, is another now.
    Itself {
        /// Before.
        old: &'a Pod,
        /// After.
        new: &'a Pod,
    },
    /// A claim came or changed.
    Claim(&'a storage::Claim),
    /// A volume came or changed.
    Volume(&'a storage::Volume),
    /// A class came or changed.
    Class(&'a storage::Class),
    /// A node's drivers came or changed.
    Drivers {
        /// The node.
        node: &'a str,
    },
    /// Room for new volumes came or changed; or whether it is to be asked for.
    Capacity,
    /// A namespace came or changed.
    Namespace(&'a str),
    /// A budget, a service or a controller of pods came or changed.
    Owner(&'a Key),
}

impl Change<'_> {
    /// A node that came, or is another now.
    pub fn node(&self) -> Option<(Option<&Node>, &Node)> {
        match self {
            Self::NodeCame(new) => Some((None, new)),
            Self::NodeChanged { old, new } => Some((Some(old), new)),
            _ => None,
        }
    }

    /// It is the pod itself that is another now.
    pub fn is_of(&self, pod: &Pod) -> bool {
        matches!(self, Self::Itself { new, .. } if new.key == pod.key)
    }
}
