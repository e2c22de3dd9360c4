//! Patches: JSON Patch, JSON merge patch, strategic merge patch, and applies.
//!
//! Upstream: apiserver/pkg/endpoints/handlers/patch.go.

use super::{Asked, Server, body, decoding::Validation, negotiation, options::writing};
use crate::{
    authorization::Attributes,
    failure::Failure,
    registry::{Target, Writing, conversion::Questions, place, refused},
};
use api::{
    patch::{PatchError, json_patch::JsonPatch, merge_patch, strategic},
    schema::{Schemas, TypeId},
};
use bytes::Bytes;
use http::StatusCode;
use hyper::body::Incoming;
use serde_json::{Map, Value};
use wire::Response;

/// Media types of patches that are read.
const READ: [&str; 4] = [
    "application/json-patch+json",
    "application/merge-patch+json",
    "application/strategic-merge-patch+json",
    APPLY,
];

/// Of objects whose types definitions tell.
const READ_CUSTOM: [&str; 3] =
    ["application/json-patch+json", "application/merge-patch+json", APPLY];

/// An apply's body is YAML, of which JSON is a part.
const APPLY: &str = "application/apply-patch+yaml";

/// An apply to an object that comes and goes, or is owned in many versions, is tried so often.
const ATTEMPTS_MAX: u32 = 12;

/// A patch, read and not yet applied.
pub(super) enum Patch {
    Json(JsonPatch),
    Merge(Value),
    Strategic(TypeId, Value),
}

/// A server-side apply.
struct Apply {
    patch: Value,
    how: Writing,
    /// Others' fields are taken from them.
    force: bool,
    questions: Questions,
}

impl Server {
    pub(super) async fn patch(
        &self,
        asked: &Asked,
        target: &Target,
        body: Incoming,
    ) -> Result<Response, Failure> {
        let form = self.form(asked, &target.resource)?;
        let how = writing(asked)?;
        if body::media(asked) == APPLY {
            return self.apply(asked, target, form, Writing { applied: true, ..how }, body).await;
        }
        let validation = Validation::of(asked)?;
        let schemas = &self.registry.schemas;
        let id = schemas.of(&target.resource.kind);
        let bytes = body::read(body).await?;
        asked.trail.sent_text(&bytes);
        let patch = Patch::read(body::media(asked), id, &bytes)?;
        let apply = |present: &Value| {
            let patched = patch.applied(schemas, present.clone())?;
            let mut decoded = self.conform(&target.resource, &patched)?;
            for warning in validation.judge(&mut decoded)? {
                how.notes.warn(warning);
            }
            Ok(decoded.value)
        };
        let modified = self.registry.modify(target, &how, apply).await?;
        Ok(self.one(StatusCode::OK, target, form, modified))
    }

    /// Server-side apply: what is applied is laid over the object, or is one where none is.
    async fn apply(
        &self,
        asked: &Asked,
        target: &Target,
        form: negotiation::Form,
        how: Writing,
        body: Incoming,
    ) -> Result<Response, Failure> {
        if asked.query.get("fieldManager").is_none_or(str::is_empty) {
            return Err(Failure::bad_request(
                "PatchOptions.meta.k8s.io \"\" is invalid: fieldManager: Required value: is \
                 required for apply patch",
            ));
        }
        let force = asked.query.is_true("force");
        let patch = body::yaml(&body::read(body).await?)?;
        asked.trail.sent(&patch);
        let apply = Apply { patch, how, force, questions: Questions::default() };
        // Whoever deletes or creates the object between two attempts makes another one necessary,
        // and so do answers that were not there before.
        for _ in 0..ATTEMPTS_MAX {
            let done = self.apply_once(asked, target, &apply).await;
            if apply.questions.answer(&self.registry, &target.resource).await? {
                continue;
            }
            if let Some((status, object)) = done? {
                return Ok(self.one(status, target, form, object));
            }
        }
        Err(Failure::modified(place::named(&target.resource, &target.name)))
    }

    /// One attempt; none: the object went or came meanwhile.
    async fn apply_once(
        &self,
        asked: &Asked,
        target: &Target,
        apply: &Apply,
    ) -> Result<Option<(StatusCode, Bytes)>, Failure> {
        let Apply { patch, how, force, questions } = apply;
        let decide = |present: &Value| {
            let applied =
                self.registry.applied(target, present, patch, (how, *force), questions)?;
            match questions.is_open() {
                true => Err(Failure::internal("the object is not known in all versions yet")),
                false => Ok(self.conform(&target.resource, &applied)?.value),
            }
        };
        match self.registry.modify(target, how, decide).await {
            Err(missing) if missing.reason == "NotFound" && target.subresource.is_empty() => {}
            done => return Ok(Some((StatusCode::OK, done?))),
        }
        let create = Attributes { verb: "create".into(), ..asked.attributes() };
        self.authorization.demand(&create).await?;
        let object = decide(&Value::Object(Map::new()))?;
        let collection = Target { name: String::new(), ..target.clone() };
        match self.registry.create(&collection, object, how).await {
            Err(there) if there.reason == "AlreadyExists" => Ok(None),
            done => Ok(Some((StatusCode::CREATED, done?))),
        }
    }
}

impl Patch {
    pub(super) fn read(media: &str, id: Option<TypeId>, bytes: &[u8]) -> Result<Self, Failure> {
        match (media, id) {
            ("application/json-patch+json", _) => JsonPatch::decode(&body::json(bytes)?, true)
                .map(Self::Json)
                .map_err(|error| refused(&error)),
            ("application/merge-patch+json", _) => Ok(Self::Merge(body::json(bytes)?)),
            // What no type is known of cannot be merged by its type.
            ("application/strategic-merge-patch+json", Some(id)) => {
                Ok(Self::Strategic(id, body::json(bytes)?))
            }
            (_, None) => Err(Failure::unsupported_media(&READ_CUSTOM)),
            (_, Some(_)) => Err(Failure::unsupported_media(&READ)),
        }
    }

    /// What the patch makes of an object.
    pub(super) fn applied(&self, schemas: &Schemas, present: Value) -> Result<Value, Failure> {
        self.apply(schemas, present).map_err(|error| refused(&error))
    }

    fn apply(&self, schemas: &Schemas, present: Value) -> Result<Value, PatchError> {
        match self {
            Self::Json(patch) => patch.apply(present),
            Self::Merge(patch) => merge_patch::apply(present, patch.clone(), true),
            Self::Strategic(id, patch) => strategic::apply(schemas, *id, present, patch.clone()),
        }
    }
}
