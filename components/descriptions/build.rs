//! Writes what the package `k8s-openapi` says of types and fields as one compressed text.
//!
//! A line a type, `name<TAB>description`, and a line a field below it, `<TAB>name<TAB>description`;
//! ends of lines are escaped.

use flate2::{Compression, write::DeflateEncoder};
use schemars::{JsonSchema, SchemaGenerator};
use serde_json::{Map, Value};
use std::{env, error::Error, fmt::Write as _, fs, io::Write as _, path::Path};

/// Adds types with all that they refer to.
macro_rules! types {
    ($generator:ident, $($module:path => $($name:ident),+;)+) => {
        $({
            use $module as module;
            $(add::<module::$name>(&mut $generator);)+
        })+
    };
}

fn add<T: JsonSchema>(generator: &mut SchemaGenerator) {
    // What is wanted stays in the generator.
    let _reference = generator.subschema_for::<T>();
}

fn main() -> Result<(), Box<dyn Error>> {
    println!("cargo::rerun-if-changed=build.rs");
    let text = text(generated().definitions());
    let mut encoder = DeflateEncoder::new(Vec::new(), Compression::best());
    encoder.write_all(text.as_bytes())?;
    fs::write(Path::new(&env::var("OUT_DIR")?).join("descriptions.deflate"), encoder.finish()?)?;
    Ok(())
}

fn text(definitions: &Map<String, Value>) -> String {
    let mut names: Vec<&String> = definitions.keys().collect();
    names.sort();
    let mut text = String::new();
    for name in names {
        let definition = &definitions[name];
        let _ = writeln!(text, "{name}\t{}", described(definition));
        let mut fields: Vec<_> =
            definition["properties"].as_object().into_iter().flatten().collect();
        fields.sort_by_key(|(field, _)| *field);
        for (field, property) in fields {
            let _ = writeln!(text, "\t{field}\t{}", described(property));
        }
    }
    text
}

fn described(schema: &Value) -> String {
    schema["description"].as_str().unwrap_or_default().replace('\n', "\\n")
}

/// Every kind that is served, and what clients send and get beside them.
fn generated() -> SchemaGenerator {
    let mut generator = SchemaGenerator::default();
    types! {
        generator,
        k8s_openapi::api::admissionregistration::v1 => MutatingAdmissionPolicy, MutatingAdmissionPolicyBinding, MutatingWebhookConfiguration, ValidatingAdmissionPolicy, ValidatingAdmissionPolicyBinding, ValidatingWebhookConfiguration;
        k8s_openapi::api::apps::v1 => ControllerRevision, DaemonSet, Deployment, ReplicaSet, StatefulSet;
        k8s_openapi::api::authentication::v1 => SelfSubjectReview, TokenRequest, TokenReview;
        k8s_openapi::api::authorization::v1 => LocalSubjectAccessReview, SelfSubjectAccessReview, SelfSubjectRulesReview, SubjectAccessReview;
        k8s_openapi::api::autoscaling::v1 => HorizontalPodAutoscaler, Scale;
        k8s_openapi::api::autoscaling::v2 => HorizontalPodAutoscaler;
        k8s_openapi::api::batch::v1 => CronJob, Job;
        k8s_openapi::api::certificates::v1 => CertificateSigningRequest;
        k8s_openapi::api::coordination::v1 => Lease;
        k8s_openapi::api::core::v1 => Binding, ComponentStatus, ConfigMap, Endpoints, Event, LimitRange, Namespace, Node, PersistentVolume, Pod, PodTemplate, ReplicationController, ResourceQuota, Secret, Service, ServiceAccount;
        k8s_openapi::api::discovery::v1 => EndpointSlice;
        k8s_openapi::api::events::v1 => Event;
        k8s_openapi::api::flowcontrol::v1 => FlowSchema, PriorityLevelConfiguration;
        k8s_openapi::api::networking::v1 => IPAddress, Ingress, IngressClass, NetworkPolicy, ServiceCIDR;
        k8s_openapi::api::node::v1 => RuntimeClass;
        k8s_openapi::api::policy::v1 => Eviction, PodDisruptionBudget;
        k8s_openapi::api::rbac::v1 => ClusterRole, ClusterRoleBinding, Role, RoleBinding;
        k8s_openapi::api::resource::v1 => DeviceClass, ResourceClaim, ResourceClaimTemplate, ResourceSlice;
        k8s_openapi::api::scheduling::v1 => PriorityClass;
        k8s_openapi::api::storage::v1 => CSIDriver, CSINode, CSIStorageCapacity, StorageClass, VolumeAttachment, VolumeAttributesClass;
        k8s_openapi::apiextensions_apiserver::pkg::apis::apiextensions::v1 => CustomResourceDefinition;
        k8s_openapi::apimachinery::pkg::apis::meta::v1 => APIGroupList, APIResourceList, APIVersions, DeleteOptions, Patch, Status;
        k8s_openapi::apimachinery::pkg::version => Info;
        k8s_openapi::kube_aggregator::pkg::apis::apiregistration::v1 => APIService;
    }
    add::<k8s_openapi::apimachinery::pkg::apis::meta::v1::WatchEvent<()>>(&mut generator);
    generator
}
