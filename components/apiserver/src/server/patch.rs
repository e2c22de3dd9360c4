//! Patches: JSON Patch, JSON merge patch, strategic merge patch.
//!
//! Upstream: apiserver/pkg/endpoints/handlers/patch.go.

use super::{Asked, Server, answer, body, negotiation, objects::writing};
use crate::{
    failure::{Cause, Failure, Named},
    registry::{Target, place},
};
use api::patch::{PatchError, json_patch::JsonPatch, merge_patch};
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
        let of = place::named(&target.resource, &target.name);
        let patch = Patch::read(body::media(asked), &body::read(body).await?, of)?;
        let apply = |present: &Value| patch.apply(present.clone()).map_err(|e| refused(of, &e));
        let modified = self.registry.modify(target, &how, apply).await?;
        Ok(self.one(StatusCode::OK, target, form, modified.object))
    }
}

impl Patch {
    fn read(media: &str, bytes: &[u8], of: Named<'_>) -> Result<Self, Failure> {
        let patch = body::json(bytes);
        match media {
            "application/json-patch+json" => JsonPatch::decode(&patch?, true)
                .map(Self::Json)
                .map_err(|error| refused(of, &error)),
            "application/merge-patch+json" => Ok(Self::Merge(patch?)),
            _ => Err(Failure::unsupported_media(&READ)),
        }
    }

    fn apply(&self, present: Value) -> Result<Value, PatchError> {
        match self {
            Self::Json(patch) => patch.apply(present),
            Self::Merge(patch) => merge_patch::apply(present, patch.clone(), true),
        }
    }
}

fn refused(of: Named<'_>, error: &PatchError) -> Failure {
    let causes: Vec<Cause> = error
        .causes()
        .into_iter()
        .map(|cause| Cause { reason: cause.reason, message: cause.message, field: cause.field })
        .collect();
    let code = StatusCode::from_u16(error.code()).unwrap_or(StatusCode::BAD_REQUEST);
    let _ = of;
    Failure::new(code, error.reason(), error.to_string()).because(&causes)
}
