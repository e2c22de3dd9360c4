//! Patches: JSON Patch, JSON merge patch, strategic merge patch, and applies.
//!
//! Upstream: apiserver/pkg/endpoints/handlers/patch.go.

use super::{
    Asked, Server,
    body::{self, Upload},
    decoding::Validation,
    negotiation,
    options::writing,
};
use crate::{
    authorization::Attributes,
    failure::{Cause, Failure, Named},
    registry::{Target, Writing, conversion::Questions, place, refused},
};
use api::{
    decode::{self, Decoded},
    patch::{PatchError, go, json_patch::JsonPatch, merge_patch, strategic},
    schema::{Schemas, TypeId},
};
use bytes::Bytes;
use http::StatusCode;
use serde_json::{Map, Value};
use wire::Response;

/// Media types of patches that are read.
const READ: [&str; 4] = [
    "application/json-patch+json",
    "application/merge-patch+json",
    "application/strategic-merge-patch+json",
    body::APPLY,
];

/// Of objects whose types definitions tell.
const READ_CUSTOM: [&str; 3] =
    ["application/json-patch+json", "application/merge-patch+json", body::APPLY];

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
        body: Upload,
    ) -> Result<Response, Failure> {
        let form = self.form(asked, &target.resource)?;
        let how = writing(asked)?;
        if body::media(asked) == body::APPLY {
            return self.apply(asked, target, form, Writing { applied: true, ..how }, body).await;
        }
        let validation = Validation::of(asked);
        let schemas = &self.registry.schemas;
        let id = schemas.of(&target.resource.kind);
        let bytes = body::read(body).await?;
        asked.trail.sent_text(&bytes);
        let (patch, complaints) = Patch::read(body::media(asked), id, &bytes, validation)?;
        let apply = |present: &Value| {
            let patched = patch.applied(schemas, present.clone())?;
            let invalid = |why: &str| patch.invalid(&patched, why);
            let decoded = self.conform(&target.resource, &patched, invalid)?;
            let complaints = [complaints.clone(), decoded.complaints].concat();
            for warning in validation.judge(complaints).map_err(|why| invalid(&why))? {
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
        body: Upload,
    ) -> Result<Response, Failure> {
        let force = asked.query.is_true("force");
        let patch = read_apply(asked, &how, &body::read(body).await?)?;
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
        let unfit = |why: &str| Failure::bad_request(why);
        let decide = |present: &Value| {
            let applied =
                self.registry.applied(target, present, patch, (how, *force), questions)?;
            match questions.is_open() {
                true => Err(Failure::internal("the object is not known in all versions yet")),
                false => Ok(self.conform(&target.resource, &applied, unfit)?.value),
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

/// What is applied; a key that is there twice is told or refused.
fn read_apply(asked: &Asked, how: &Writing, bytes: &[u8]) -> Result<Value, Failure> {
    let read = decode::yaml(bytes).map_err(|error| {
        let why = format!("error decoding YAML: error converting YAML to JSON: {error}");
        Failure::bad_request(why)
    })?;
    match (read.complaint, Validation::of(asked)) {
        (None, _) | (_, Validation::Ignore) => {}
        (Some(why), Validation::Warn) => {
            how.notes.warn(format!("error converting YAML to JSON: {why}"));
        }
        (Some(why), Validation::Strict) => {
            let why = format!("error strict decoding YAML: error converting YAML to JSON: {why}");
            return Err(Failure::bad_request(why));
        }
    }
    Ok(read.value)
}

impl Patch {
    /// Reads a patch, and what a strict decoder complains of.
    pub(super) fn read(
        media: &str,
        id: Option<TypeId>,
        bytes: &[u8],
        validation: Validation,
    ) -> Result<(Self, Vec<String>), Failure> {
        let checked = validation != Validation::Ignore;
        match (media, id) {
            ("application/json-patch+json", _) => {
                let read = json(bytes, if checked { "error decoding patch: " } else { "" })?;
                let patch = JsonPatch::decode(&read.value, checked).map_err(|it| refused(&it))?;
                let twice = read.complaints.iter().map(|one| format!("json patch {one}"));
                let complaints = twice.chain(patch.unknown_fields()).collect();
                Ok((Self::Json(patch), complaints))
            }
            ("application/merge-patch+json", _) => {
                let read = json(bytes, "error decoding patch: ")?;
                Ok((Self::Merge(read.value), read.complaints))
            }
            // What no type is known of cannot be merged by its type.
            ("application/strategic-merge-patch+json", Some(id)) => {
                let read = json(bytes, "")?;
                Ok((Self::Strategic(id, read.value), read.complaints))
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

    /// What came of the patch is no object of its kind. A strategic patch is shown itself, of the
    /// others their result.
    fn invalid(&self, patched: &Value, why: &str) -> Failure {
        let shown = match self {
            Self::Strategic(_, patch) => go::plain(patch),
            Self::Json(_) | Self::Merge(_) => patched.to_string(),
        };
        let cause = Cause {
            reason: "FieldValueInvalid",
            message: format!("Invalid value: {shown:?}: {why}"),
            field: "patch".into(),
        };
        Failure::invalid(Named { group: "", resource: "", name: "" }, &[cause])
    }
}

fn json(bytes: &[u8], before: &str) -> Result<Decoded, Failure> {
    let told = |error| Failure::bad_request(format!("{before}{error}"));
    decode::decode_any(bytes).map_err(told)
}
