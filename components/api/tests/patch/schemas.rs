//! A few types made by hand, shaped as upstream's: a Deployment, its pod, and what they hold.

use api::schema::{
    Field, GroupVersionKind, ListKind, Owned, PatchStrategy, Schemas, Shape, Type, TypeId, Zero,
};
use serde_json::json;

const META: TypeId = TypeId(0);
const OWNER: TypeId = TypeId(1);
const DEPLOYMENT_SPEC: TypeId = TypeId(2);
const SELECTOR: TypeId = TypeId(3);
const STRATEGY: TypeId = TypeId(4);
const TEMPLATE: TypeId = TypeId(5);
const POD_SPEC: TypeId = TypeId(6);
const CONTAINER: TypeId = TypeId(7);
const PORT: TypeId = TypeId(8);
const ENV: TypeId = TypeId(9);
const VOLUME: TypeId = TypeId(10);
const STATUS: TypeId = TypeId(11);
const ROLLING: TypeId = TypeId(12);
const RESOURCES: TypeId = TypeId(13);

/// The type of [`deployment_kind`]'s objects.
pub(crate) const DEPLOYMENT: TypeId = TypeId(14);

pub(crate) fn deployment_kind() -> GroupVersionKind {
    kind("apps", "v1", "Deployment")
}

pub(crate) fn kind(group: &str, version: &str, kind: &str) -> GroupVersionKind {
    GroupVersionKind { group: group.into(), version: version.into(), kind: kind.into() }
}

pub(crate) fn schemas() -> Schemas {
    let list = |item: Shape, kind| Shape::List(Box::new(item), kind);
    let texts = |kind| list(Shape::Text, kind);
    let map = |value: Shape| Shape::Map(Box::new(value), Owned::Granular);
    // A struct, which is never absent.
    let written = |name: &str, id| Field {
        zero: Zero::Written,
        ..field(name, Shape::Object(id, Owned::Granular))
    };
    let object = |id| Shape::Object(id, Owned::Granular);
    let keyed = |id, keys: &[&str]| {
        let keys = keys.iter().map(|key| (*key).to_owned()).collect();
        Shape::List(Box::new(Shape::Object(id, Owned::Granular)), ListKind::Map(keys))
    };
    Schemas::new(vec![
        type_of(
            "ObjectMeta",
            vec![
                field("annotations", map(Shape::Text)),
                field("creationTimestamp", Shape::Time),
                merged(field("finalizers", texts(ListKind::Set)), ""),
                field("generation", Shape::Int64),
                field("labels", map(Shape::Text)),
                field("managedFields", list(Shape::Json, ListKind::Atomic)),
                field("name", Shape::Text),
                field("namespace", Shape::Text),
                merged(field("ownerReferences", keyed(OWNER, &["uid"])), "uid"),
                field("resourceVersion", Shape::Text),
                field("uid", Shape::Text),
            ],
        ),
        type_of("OwnerReference", vec![field("name", Shape::Text), field("uid", Shape::Text)]),
        type_of(
            "DeploymentSpec",
            vec![
                field("count", Shape::Int32),
                field("paused", Shape::Bool),
                field("replicas", Shape::Int32),
                field("selector", Shape::Object(SELECTOR, Owned::Atomic)),
                retaining(written("strategy", STRATEGY)),
                written("template", TEMPLATE),
            ],
        ),
        type_of("LabelSelector", vec![field("matchLabels", map(Shape::Text))]),
        type_of(
            "DeploymentStrategy",
            vec![field("rollingUpdate", object(ROLLING)), field("type", Shape::Text)],
        ),
        type_of("PodTemplateSpec", vec![written("metadata", META), written("spec", POD_SPEC)]),
        type_of(
            "PodSpec",
            vec![
                merged(field("containers", keyed(CONTAINER, &["name"])), "name"),
                field("nodeSelector", Shape::Map(Box::new(Shape::Text), Owned::Atomic)),
                field("terminationGracePeriodSeconds", Shape::Int64),
                retaining(merged(field("volumes", keyed(VOLUME, &["name"])), "name")),
            ],
        ),
        type_of(
            "Container",
            vec![
                field("args", texts(ListKind::Atomic)),
                merged(field("env", keyed(ENV, &["name"])), "name"),
                field("image", Shape::Text),
                field("name", Shape::Text),
                merged(
                    field("ports", keyed(PORT, &["containerPort", "protocol"])),
                    "containerPort",
                ),
                field("resources", object(RESOURCES)),
            ],
        ),
        type_of(
            "ContainerPort",
            vec![
                field("containerPort", Shape::Int32),
                field("name", Shape::Text),
                Field { default: Some(json!("TCP")), ..field("protocol", Shape::Text) },
            ],
        ),
        type_of("EnvVar", vec![field("name", Shape::Text), field("value", Shape::Text)]),
        type_of(
            "Volume",
            vec![
                field("configMap", map(Shape::Json)),
                field("emptyDir", map(Shape::Json)),
                field("name", Shape::Text),
            ],
        ),
        type_of("DeploymentStatus", vec![field("replicas", Shape::Int32)]),
        type_of("RollingUpdate", vec![field("maxSurge", Shape::IntOrString)]),
        type_of("ResourceRequirements", vec![field("limits", map(Shape::Quantity))]),
        Type {
            kinds: vec![deployment_kind(), kind("apps", "v1beta2", "Deployment")],
            ..type_of(
                "Deployment",
                vec![
                    field("apiVersion", Shape::Text),
                    field("extra", Shape::Json),
                    field("kind", Shape::Text),
                    written("metadata", META),
                    written("spec", DEPLOYMENT_SPEC),
                    written("status", STATUS),
                ],
            )
        },
    ])
}

fn type_of(name: &str, fields: Vec<Field>) -> Type {
    let name = format!("io.k8s.api.test.{name}");
    Type { name, fields, kinds: Vec::new(), owned: Owned::Granular, others: None }
}

fn field(name: &str, shape: Shape) -> Field {
    Field::new(name, shape)
}

fn merged(field: Field, key: &str) -> Field {
    let merge_key = Some(key.to_owned()).filter(|key| !key.is_empty());
    Field { patch: PatchStrategy { merge: true, merge_key, ..field.patch }, ..field }
}

fn retaining(field: Field) -> Field {
    Field { patch: PatchStrategy { retain_keys: true, ..field.patch }, ..field }
}
