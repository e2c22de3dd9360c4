//! The kinds of objects that controllers know by name.

use client::Resource;
use std::fmt;

/// A kind, and the resource that its objects are kept under.
#[derive(Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
pub struct Kind {
    /// Empty for the core group.
    pub group: &'static str,
    /// `v1`.
    pub version: &'static str,
    /// `replicasets`.
    pub plural: &'static str,
    /// `ReplicaSet`.
    pub name: &'static str,
}

impl Kind {
    const fn new(
        group: &'static str,
        version: &'static str,
        plural: &'static str,
        name: &'static str,
    ) -> Self {
        Self { group, version, plural, name }
    }

    /// As requests name it.
    pub fn resource(self) -> Resource {
        Resource::new(self.group, self.version, self.plural)
    }

    /// What its objects say in `apiVersion`.
    pub fn api_version(self) -> String {
        self.resource().api_version()
    }

    /// It is this resource.
    pub fn is(self, resource: &Resource) -> bool {
        self.plural == resource.plural
            && self.group == resource.group
            && self.version == resource.version
    }
}

impl fmt::Debug for Kind {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(self.name)
    }
}

pub(crate) const PODS: Kind = Kind::new("", "v1", "pods", "Pod");
pub(crate) const REPLICA_SETS: Kind = Kind::new("apps", "v1", "replicasets", "ReplicaSet");
pub(crate) const REPLICATION_CONTROLLERS: Kind =
    Kind::new("", "v1", "replicationcontrollers", "ReplicationController");
pub(crate) const JOBS: Kind = Kind::new("batch", "v1", "jobs", "Job");
pub(crate) const DEPLOYMENTS: Kind = Kind::new("apps", "v1", "deployments", "Deployment");
pub(crate) const STATEFUL_SETS: Kind = Kind::new("apps", "v1", "statefulsets", "StatefulSet");
pub(crate) const DAEMON_SETS: Kind = Kind::new("apps", "v1", "daemonsets", "DaemonSet");
pub(crate) const CRON_JOBS: Kind = Kind::new("batch", "v1", "cronjobs", "CronJob");
pub(crate) const NAMESPACES: Kind = Kind::new("", "v1", "namespaces", "Namespace");
pub(crate) const NODES: Kind = Kind::new("", "v1", "nodes", "Node");
pub(crate) const CONFIG_MAPS: Kind = Kind::new("", "v1", "configmaps", "ConfigMap");
pub(crate) const SERVICES: Kind = Kind::new("", "v1", "services", "Service");
pub(crate) const ENDPOINTS: Kind = Kind::new("", "v1", "endpoints", "Endpoints");
pub(crate) const SERVICE_ACCOUNTS: Kind = Kind::new("", "v1", "serviceaccounts", "ServiceAccount");
pub(crate) const CLAIMS: Kind =
    Kind::new("", "v1", "persistentvolumeclaims", "PersistentVolumeClaim");
pub(crate) const ENDPOINT_SLICES: Kind =
    Kind::new("discovery.k8s.io", "v1", "endpointslices", "EndpointSlice");
pub(crate) const CLUSTER_ROLES: Kind =
    Kind::new("rbac.authorization.k8s.io", "v1", "clusterroles", "ClusterRole");
pub(crate) const REVISIONS: Kind =
    Kind::new("apps", "v1", "controllerrevisions", "ControllerRevision");
pub(crate) const BUDGETS: Kind =
    Kind::new("policy", "v1", "poddisruptionbudgets", "PodDisruptionBudget");
