//! The subresource `scale`: how many an object asks for, whatever its kind.
//!
//! Upstream: pkg/registry/apps/*/storage/storage.go (ScaleREST), and for custom resources
//! apiextensions-apiserver's pkg/registry/customresource/etcd.go.

use super::{
    Asked, Server, answer,
    body::{self, Upload},
    decoding::Validation,
    negotiation,
    options::writing,
    patch::Patch,
};
use crate::{
    failure::Failure,
    object,
    registry::{
        Freshness, Target,
        scale::{at, kind, paths, scale_of, set},
    },
};
use http::StatusCode;
use serde_json::Value;
use wire::Response;

impl Server {
    /// Answers a request about an object's scale.
    pub(super) async fn scale(
        &self,
        asked: &Asked,
        target: &Target,
        body: Upload,
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
                let (media, bytes) = (body::media(asked), body::read(body).await?);
                let (patch, _) = Patch::read(media, id, &bytes, Validation::of(asked))?;
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
