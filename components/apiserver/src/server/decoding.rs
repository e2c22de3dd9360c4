//! From a body to an object of the kind that a path is about.
//!
//! Upstream: apiserver/pkg/endpoints/handlers (create.go, update.go) and its fieldValidation.

use super::{Asked, Server, body};
use crate::failure::Failure;
use api::{
    decode::{self, Decoded},
    protobuf::Envelope,
    resources::Resource,
    schema::{GroupVersionKind, TypeId},
};
use bytes::Bytes;
use serde_json::{Map, Value};

/// What is to become of fields that the kind does not have.
#[derive(Clone, Copy, PartialEq, Eq, Debug, Default)]
pub(crate) enum Validation {
    /// They are dropped.
    Ignore,
    /// They are dropped, and the client is told.
    #[default]
    Warn,
    /// The request is refused.
    Strict,
}

/// An object, and what the client is to be told of it.
#[derive(Debug)]
pub(crate) struct Received {
    pub(crate) object: Value,
    pub(crate) warnings: Vec<String>,
}

impl Validation {
    /// `fieldValidation`.
    pub(super) fn of(asked: &Asked) -> Result<Self, Failure> {
        match asked.query.get("fieldValidation").unwrap_or_default() {
            "" | "Warn" => Ok(Self::Warn),
            "Ignore" => Ok(Self::Ignore),
            "Strict" => Ok(Self::Strict),
            other => Err(Failure::bad_request(format!(
                "fieldValidation: Unsupported value: {other:?}: supported values: \"Ignore\", \
                 \"Strict\", \"Warn\""
            ))),
        }
    }

    /// What is left of complaints.
    pub(super) fn judge(self, decoded: &mut Decoded) -> Result<Vec<String>, Failure> {
        match self {
            Self::Ignore => Ok(Vec::new()),
            Self::Warn => Ok(std::mem::take(&mut decoded.complaints)),
            Self::Strict => match decoded.strict_error() {
                None => Ok(Vec::new()),
                Some(why) => Err(Failure::bad_request(why)),
            },
        }
    }
}

impl Server {
    /// Reads an object of `kind` in the request's media type.
    pub(super) fn decode(
        &self,
        asked: &Asked,
        kind: &GroupVersionKind,
        bytes: &Bytes,
    ) -> Result<Received, Failure> {
        let validation = Validation::of(asked)?;
        let mut decoded = match body::media(asked) {
            // What definitions make has no binary form.
            body::PROTOBUF if self.registry.table().custom(kind).is_some() => {
                return Err(Failure::unsupported_media(&body::TEXTS));
            }
            body::PROTOBUF => self.message(kind, bytes)?,
            _ => self.typed(kind, &body::as_json(asked, bytes)?)?,
        };
        let warnings = validation.judge(&mut decoded)?;
        let mut object = decoded.value;
        name_kind(kind, &mut object)?;
        asked.trail.sent(&object);
        Ok(Received { object, warnings })
    }

    /// Brings what a patch made into the form of its kind.
    pub(super) fn conform(&self, resource: &Resource, object: &Value) -> Result<Decoded, Failure> {
        let kind = &resource.kind;
        let text = object.to_string();
        let mut decoded = self.typed(kind, text.as_bytes())?;
        name_kind(kind, &mut decoded.value)?;
        Ok(decoded)
    }

    /// An object that came as Kubernetes' protobuf. It names its kind itself, which may be another
    /// than the one that is expected.
    fn message(&self, kind: &GroupVersionKind, bytes: &[u8]) -> Result<Decoded, Failure> {
        let schemas = &self.registry.schemas;
        let failed = |why: String| {
            let GroupVersionKind { version, kind: name, .. } = kind;
            Failure::bad_request(format!(
                "{name} in version {version:?} cannot be handled as a {name}: {why}"
            ))
        };
        let envelope = Envelope::decode(bytes).map_err(|error| failed(error.to_string()))?;
        let id = schemas.of(kind).ok_or_else(|| failed("it has no binary form".into()))?;
        let members = self.registry.codec.decode(schemas, id, envelope.raw);
        let mut members = members.map_err(|error| failed(error.to_string()))?;
        members.insert("kind".into(), envelope.kind.into());
        members.insert("apiVersion".into(), envelope.api_version.into());
        self.complete(id, &mut members);
        Ok(Decoded { value: Value::Object(members), complaints: Vec::new() })
    }

    /// What upstream's structs hold beyond what a client says.
    fn complete(&self, id: TypeId, members: &mut Map<String, Value>) {
        self.registry.defaults.apply(&self.registry.schemas, id, members);
        decode::complete(&self.registry.schemas, id, members);
    }

    fn typed(&self, kind: &GroupVersionKind, json: &[u8]) -> Result<Decoded, Failure> {
        let schemas = &self.registry.schemas;
        let decoded = match schemas.of(kind) {
            Some(id) => decode::decode(schemas, id, json).map(|mut decoded| {
                if let Value::Object(members) = &mut decoded.value {
                    self.complete(id, members);
                }
                decoded
            }),
            None => match self.registry.table().custom(kind) {
                Some(custom) => custom.decode(json),
                None => decode::decode_any(json),
            },
        };
        decoded.map_err(|error| {
            let GroupVersionKind { version, kind: name, .. } = kind;
            Failure::bad_request(format!(
                "{name} in version {version:?} cannot be handled as a {name}: {error}"
            ))
        })
    }
}

/// The object must be of the kind that the path is about; what it leaves out is filled in.
fn name_kind(kind: &GroupVersionKind, object: &mut Value) -> Result<(), Failure> {
    let Some(members) = object.as_object_mut() else {
        return Err(Failure::bad_request("the body is not an object"));
    };
    let text = |members: &serde_json::Map<String, Value>, name: &str| {
        members.get(name).and_then(Value::as_str).unwrap_or_default().to_owned()
    };
    let (said, is) = (text(members, "apiVersion"), kind.api_version());
    if !said.is_empty() && said != is {
        return Err(Failure::bad_request(format!(
            "the API version in the data ({said}) does not match the expected API version ({is})"
        )));
    }
    let (said, name) = (text(members, "kind"), &kind.kind);
    if !said.is_empty() && said != *name {
        return Err(Failure::bad_request(format!(
            "{said} in version {is:?} cannot be handled as a {name}: no kind {said:?} is \
             registered for version {is:?}"
        )));
    }
    members.insert("kind".into(), name.as_str().into());
    members.insert("apiVersion".into(), is.into());
    Ok(())
}
