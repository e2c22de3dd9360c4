//! The subresource `scale`: how many an object asks for, whatever its kind.
//!
//! Upstream: pkg/registry/apps/*/storage/storage.go (ScaleREST), and for custom resources
//! apiextensions-apiserver's pkg/registry/customresource/etcd.go.

use super::{Asked, Server, answer, body, negotiation, options::writing, patch::Patch};
use crate::{
    failure::Failure,
    object,
    registry::{Freshness, Target},
};
use api::{
    definition::ScalePaths, resources::Resource, schema::GroupVersionKind, selector::LabelSelector,
};
use http::StatusCode;
use hyper::body::Incoming;
use serde_json::{Value, json};
use std::collections::BTreeMap;
use wire::Response;

fn kind() -> GroupVersionKind {
    GroupVersionKind { group: "autoscaling".into(), version: "v1".into(), kind: "Scale".into() }
}

impl Server {
    /// Answers a request about an object's scale.
    pub(super) async fn scale(
        &self,
        asked: &Asked,
        target: &Target,
        body: Incoming,
    ) -> Result<Response, Failure> {
        negotiation::form(asked.accept())?;
        let object = match asked.info.verb {
            "get" => self.registry.get(target, Freshness::Newest).await?,
            "update" => {
                let new = self.decode(asked, &kind(), &body::read(body).await?)?.object;
                self.rescale(asked, target, |_| Ok(new.clone())).await?
            }
            _ => {
                let id = self.registry.schemas.of(&kind());
                let patch = Patch::read(body::media(asked), id, &body::read(body).await?)?;
                let schemas = &self.registry.schemas;
                self.rescale(asked, target, |scale| patch.applied(schemas, scale.clone())).await?
            }
        };
        let object: Value = serde_json::from_slice(&object).map_err(Failure::internal)?;
        let paths = paths(&target.resource);
        if target.resource.custom.is_some() && at(&object, &paths.spec).is_null() {
            let why = format!("the spec replicas field {:?} does not exist", paths.spec);
            return Err(Failure::internal(why));
        }
        Ok(answer::value(StatusCode::OK, &scale_of(&object, &paths)))
    }

    /// Changes how many the object asks for, and nothing else.
    async fn rescale(
        &self,
        asked: &Asked,
        target: &Target,
        change: impl Fn(&Value) -> Result<Value, Failure>,
    ) -> Result<bytes::Bytes, Failure> {
        let paths = paths(&target.resource);
        let decide = |present: &Value| {
            let scale = change(&scale_of(present, &paths))?;
            let mut new = present.clone();
            set(&mut new, &paths.spec, replicas(&scale, target)?.into());
            // What the client has seen of the scale, it has seen of the object.
            let seen = object::meta(&scale, "resourceVersion");
            if let Some(metadata) = object::metadata_mut(&mut new) {
                metadata.insert("resourceVersion".into(), seen.into());
            }
            Ok(new)
        };
        self.registry.modify(target, &writing(asked)?, decide).await
    }
}

fn replicas(scale: &Value, target: &Target) -> Result<i64, Failure> {
    match scale["spec"]["replicas"].as_i64() {
        None => Ok(0),
        Some(number) if number >= 0 => Ok(number),
        Some(number) => {
            let cause = crate::failure::Cause {
                reason: "FieldValueInvalid",
                message: format!("Invalid value: {number}: must be greater than or equal to 0"),
                field: "spec.replicas".into(),
            };
            let of = crate::failure::Named {
                group: "autoscaling",
                resource: "Scale",
                name: &target.name,
            };
            Err(Failure::invalid(of, &[cause]))
        }
    }
}

/// Where the numbers are: a definition says it, built-in kinds are all alike.
fn paths(resource: &Resource) -> ScalePaths {
    let told = resource.custom.as_ref().and_then(|custom| custom.scale.clone());
    told.unwrap_or_else(|| ScalePaths {
        spec: ".spec.replicas".into(),
        status: ".status.replicas".into(),
        selector: None,
    })
}

/// What is at a path of plain names; null where there is nothing.
fn at<'a>(object: &'a Value, path: &str) -> &'a Value {
    path.split('.').filter(|name| !name.is_empty()).fold(object, |value, name| &value[name])
}

/// Writes a value at a path of plain names; objects on the way are made.
fn set(object: &mut Value, path: &str, value: Value) {
    let mut place = object;
    for name in path.split('.').filter(|name| !name.is_empty()) {
        if !place.is_object() {
            *place = json!({});
        }
        place = &mut place[name];
    }
    *place = value;
}

fn scale_of(object: &Value, paths: &ScalePaths) -> Value {
    let metadata = &object["metadata"];
    let kept = ["name", "namespace", "uid", "resourceVersion", "creationTimestamp"];
    let kept =
        kept.iter().filter_map(|name| Some(((*name).to_owned(), metadata.get(name)?.clone())));
    let mut scale = json!({
        "kind": "Scale",
        "apiVersion": kind().api_version(),
        "metadata": Value::Object(kept.collect()),
        "spec": {},
        "status": {"replicas": at(object, &paths.status).as_i64().unwrap_or(0)},
    });
    // Zero is not written, as Go leaves it out.
    if let Some(replicas) = at(object, &paths.spec).as_i64().filter(|number| *number != 0) {
        scale["spec"]["replicas"] = replicas.into();
    }
    let selector = match &paths.selector {
        Some(path) => at(object, path).as_str().unwrap_or_default().to_owned(),
        None => selector(&object["spec"]["selector"]),
    };
    if !selector.is_empty() {
        scale["status"]["selector"] = selector.into();
    }
    scale
}

/// A selector as text: of labels alone (a replication controller's), or structured.
fn selector(selector: &Value) -> String {
    let labels: Option<BTreeMap<String, String>> = serde_json::from_value(selector.clone()).ok();
    let read = match labels {
        Some(labels) => LabelSelector::of_labels(&labels),
        None => LabelSelector::of(Some(selector)),
    };
    read.map(|selector| selector.to_string()).unwrap_or_default()
}
