//! Patches: JSON Patch, JSON merge patch, strategic merge patch.
//!
//! Upstream: apiserver/pkg/endpoints/handlers/patch.go.

use super::{Asked, Server, body, decoding::Validation, negotiation, objects::writing};
use crate::{
    failure::{Cause, Failure},
    registry::Target,
};
use api::{
    patch::{PatchError, json_patch::JsonPatch, merge_patch, strategic},
    schema::{Schemas, TypeId},
};
use http::StatusCode;
use hyper::body::Incoming;
use serde_json::Value;
use wire::Response;

/// Media types of patches that are read.
const READ: [&str; 3] = [
    "application/json-patch+json",
    "application/merge-patch+json",
    "application/strategic-merge-patch+json",
];

/// A patch, read and not yet applied.
enum Patch {
    Json(JsonPatch),
    Merge(Value),
    Strategic(TypeId, Value),
}

impl Server {
    pub(super) async fn patch(
        &self,
        asked: &Asked,
        target: &Target,
        body: Incoming,
    ) -> Result<Response, Failure> {
        let form = negotiation::form(asked.accept())?;
        let how = writing(asked)?;
        let validation = Validation::of(asked)?;
        let schemas = &self.registry.schemas;
        let id = schemas.of(&target.resource.kind);
        let patch = Patch::read(body::media(asked), id, &body::read(body).await?)?;
        let warnings = parking_lot::Mutex::new(Vec::new());
        let apply = |present: &Value| {
            let patched = patch.apply(schemas, present.clone()).map_err(|error| refused(&error))?;
            let mut decoded = self.conform(&target.resource, &patched)?;
            *warnings.lock() = validation.judge(&mut decoded)?;
            Ok(decoded.value)
        };
        let modified = self.registry.modify(target, &how, apply).await?;
        let response = self.one(StatusCode::OK, target, form, modified.object);
        Ok(super::answer::warned(response, &warnings.into_inner()))
    }
}

impl Patch {
    fn read(media: &str, id: Option<TypeId>, bytes: &[u8]) -> Result<Self, Failure> {
        match (media, id) {
            ("application/json-patch+json", _) => JsonPatch::decode(&body::json(bytes)?, true)
                .map(Self::Json)
                .map_err(|error| refused(&error)),
            ("application/merge-patch+json", _) => Ok(Self::Merge(body::json(bytes)?)),
            // What no type is known of cannot be merged by its type.
            ("application/strategic-merge-patch+json", Some(id)) => {
                Ok(Self::Strategic(id, body::json(bytes)?))
            }
            _ => Err(Failure::unsupported_media(&READ)),
        }
    }

    fn apply(&self, schemas: &Schemas, present: Value) -> Result<Value, PatchError> {
        match self {
            Self::Json(patch) => patch.apply(present),
            Self::Merge(patch) => merge_patch::apply(present, patch.clone(), true),
            Self::Strategic(id, patch) => strategic::apply(schemas, *id, present, patch.clone()),
        }
    }
}

fn refused(error: &PatchError) -> Failure {
    let causes: Vec<Cause> = error
        .causes()
        .into_iter()
        .map(|cause| Cause { reason: cause.reason, message: cause.message, field: cause.field })
        .collect();
    let code = StatusCode::from_u16(error.code()).unwrap_or(StatusCode::BAD_REQUEST);
    let failure = Failure::new(code, error.reason(), error.to_string());
    if causes.is_empty() { failure } else { failure.because(&causes) }
}
