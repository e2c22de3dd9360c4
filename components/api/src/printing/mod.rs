//! Rows of `kubectl get`: what a table's columns say of an object.
//!
//! Upstream: pkg/printers/internalversion/printers.go; the headings are in
//! [`resources`](crate::resources). Rows are always wide: the client leaves out what it does not
//! show.

mod admission;
mod age;
mod apiregistration;
mod apps;
mod autoscaling;
mod batch;
mod certificates;
mod coordination;
mod core_v1;
mod discovery;
mod events;
mod flowcontrol;
mod metrics;
mod networking;
mod nodes;
mod pods;
mod policy;
mod rbac;
mod resource;
mod scheduling;
mod services;
mod storage;
mod table;
mod texts;
mod view;
mod volumes;

pub use age::{human_duration, short_human_duration};
pub use table::{Include, column_definitions, table, table_row};

use crate::{schema::GroupVersionKind, time::Moment};
use serde_json::{Value, json};
use view::View;

/// One row of a `meta.k8s.io/v1, Kind=Table`.
#[derive(Clone, PartialEq, Debug)]
pub struct Row {
    /// A value a column.
    pub cells: Vec<Value>,
    /// Why nothing is to be expected of the object any more: a `Completed` condition of the row.
    pub completed: Option<Completed>,
}

/// How a pod ended.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub struct Completed {
    /// `Succeeded` or `Failed`.
    pub reason: &'static str,
    /// A sentence for people.
    pub message: &'static str,
}

impl Row {
    /// The row's `conditions`.
    pub fn conditions(&self) -> Vec<Value> {
        let condition = |it: Completed| {
            let (reason, message) = (it.reason, it.message);
            json!({"type": "Completed", "status": "True", "reason": reason, "message": message})
        };
        self.completed.map(condition).into_iter().collect()
    }
}

type Print = fn(View<'_>) -> Vec<Value>;

/// The row of an object of that kind. Kinds without columns of their own have their names and the
/// moments of their creation.
pub fn row(kind: &GroupVersionKind, object: &Value, now: Moment) -> Row {
    let view = View { object, now };
    let key = (kind.group.as_str(), kind.kind.as_str());
    let found = PRINTERS.iter().find(|(group, name, _)| (*group, *name) == key);
    let cells = match found {
        Some((.., print)) => print(view),
        None => vec![view.name(), json!(view.created_at())],
    };
    let completed = match key {
        ("", "Pod") => pods::completed(view),
        _ => None,
    };
    Row { cells, completed }
}

const PRINTERS: &[(&str, &str, Print)] = &[
    ("", "ComponentStatus", core_v1::component_status),
    ("", "ConfigMap", core_v1::config_map),
    ("", "Endpoints", services::endpoints),
    ("", "Event", events::core_v1),
    ("", "Namespace", core_v1::namespace),
    ("", "Node", nodes::node),
    ("", "PersistentVolume", volumes::volume),
    ("", "PersistentVolumeClaim", volumes::claim),
    ("", "Pod", pods::pod),
    ("", "PodTemplate", core_v1::pod_template),
    ("", "ReplicationController", core_v1::replication_controller),
    ("", "ResourceQuota", core_v1::resource_quota),
    ("", "Secret", core_v1::secret),
    ("", "Service", services::service),
    ("", "ServiceAccount", core_v1::service_account),
    ("admissionregistration.k8s.io", "MutatingAdmissionPolicy", admission::mutating_policy),
    ("admissionregistration.k8s.io", "MutatingAdmissionPolicyBinding", admission::binding),
    ("admissionregistration.k8s.io", "MutatingWebhookConfiguration", admission::webhooks),
    ("admissionregistration.k8s.io", "ValidatingAdmissionPolicy", admission::validating_policy),
    ("admissionregistration.k8s.io", "ValidatingAdmissionPolicyBinding", admission::binding),
    ("admissionregistration.k8s.io", "ValidatingWebhookConfiguration", admission::webhooks),
    ("apiregistration.k8s.io", "APIService", apiregistration::api_service),
    ("apps", "ControllerRevision", apps::controller_revision),
    ("apps", "DaemonSet", apps::daemon_set),
    ("apps", "Deployment", apps::deployment),
    ("apps", "ReplicaSet", apps::replica_set),
    ("apps", "StatefulSet", apps::stateful_set),
    ("autoscaling", "HorizontalPodAutoscaler", autoscaling::autoscaler),
    ("batch", "CronJob", batch::cron_job),
    ("batch", "Job", batch::job),
    ("certificates.k8s.io", "CertificateSigningRequest", certificates::signing_request),
    ("coordination.k8s.io", "Lease", coordination::lease),
    ("discovery.k8s.io", "EndpointSlice", discovery::endpoint_slice),
    ("events.k8s.io", "Event", events::events),
    ("flowcontrol.apiserver.k8s.io", "FlowSchema", flowcontrol::flow_schema),
    ("flowcontrol.apiserver.k8s.io", "PriorityLevelConfiguration", flowcontrol::priority_level),
    ("networking.k8s.io", "IPAddress", networking::ip_address),
    ("networking.k8s.io", "Ingress", networking::ingress),
    ("networking.k8s.io", "IngressClass", networking::ingress_class),
    ("networking.k8s.io", "NetworkPolicy", networking::network_policy),
    ("networking.k8s.io", "ServiceCIDR", networking::service_cidr),
    ("node.k8s.io", "RuntimeClass", nodes::runtime_class),
    ("policy", "PodDisruptionBudget", policy::disruption_budget),
    ("rbac.authorization.k8s.io", "ClusterRoleBinding", rbac::binding),
    ("rbac.authorization.k8s.io", "RoleBinding", rbac::binding),
    ("resource.k8s.io", "DeviceClass", resource::named),
    ("resource.k8s.io", "ResourceClaim", resource::claim),
    ("resource.k8s.io", "ResourceClaimTemplate", resource::named),
    ("resource.k8s.io", "ResourceSlice", resource::slice),
    ("scheduling.k8s.io", "PriorityClass", scheduling::priority_class),
    ("storage.k8s.io", "CSIDriver", storage::driver),
    ("storage.k8s.io", "CSINode", storage::node),
    ("storage.k8s.io", "StorageClass", storage::class),
    ("storage.k8s.io", "VolumeAttachment", storage::attachment),
    ("storage.k8s.io", "VolumeAttributesClass", storage::attributes_class),
];
