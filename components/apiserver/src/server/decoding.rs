//! From a body to an object of the kind that a path is about.
//!
//! Upstream: apiserver/pkg/endpoints/handlers (create.go, update.go) and its fieldValidation.

use super::{Asked, Server, body};
use crate::failure::Failure;
use api::{
    decode::{self, DecodeError, Decoded},
    protobuf::Envelope,
    resources::Resource,
    schema::{GroupVersionKind, TypeId},
};
use bytes::Bytes;
use http::StatusCode;
use serde_json::{Map, Value};

/// So much of a body is shown that cannot be read.
const SUMMARY_BYTES_MAX: usize = 30;

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
    /// `fieldValidation`; other words are refused with a request's other options.
    pub(super) fn of(asked: &Asked) -> Self {
        match asked.query.get("fieldValidation").unwrap_or_default() {
            "Ignore" => Self::Ignore,
            "Strict" => Self::Strict,
            _ => Self::Warn,
        }
    }

    /// What clients are told of complaints.
    ///
    /// # Errors
    /// They are reason enough to refuse: the text that says so.
    pub(super) fn judge(self, complaints: Vec<String>) -> Result<Vec<String>, String> {
        match self {
            Self::Ignore => Ok(Vec::new()),
            Self::Warn => Ok(complaints),
            Self::Strict if complaints.is_empty() => Ok(Vec::new()),
            Self::Strict => Err(format!("strict decoding error: {}", complaints.join(", "))),
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
        let mut decoded = match body::media(asked) {
            // What definitions make has no binary form.
            body::PROTOBUF if self.registry.table().custom(kind).is_some() => {
                return Err(Failure::unsupported_media(&body::TEXTS));
            }
            body::PROTOBUF => self.message(kind, bytes)?,
            _ => self.text(asked, kind, bytes)?,
        };
        let warnings = Validation::of(asked).judge(std::mem::take(&mut decoded.complaints));
        let warnings = warnings.map_err(|why| unfit(kind, &kind.kind, &why))?;
        let mut object = decoded.value;
        name_kind(kind, &mut object)?;
        asked.trail.sent(&object);
        Ok(Received { object, warnings })
    }

    /// An object that came as JSON or YAML.
    fn text(
        &self,
        asked: &Asked,
        kind: &GroupVersionKind,
        bytes: &Bytes,
    ) -> Result<Decoded, Failure> {
        let (json, complaint) = match body::as_json(asked, bytes) {
            Err(why) if why.code == StatusCode::BAD_REQUEST => {
                return Err(unrecognized(kind, &why.message, bytes));
            }
            read => read?,
        };
        let mut decoded = self.typed(kind, &json).map_err(|error| {
            // What it says that it is comes before what is wrong with it.
            match decode::type_meta(&json) {
                Err(why) => unrecognized(kind, &why, bytes),
                Ok((_, said)) => unfit(kind, &said, &error.to_string()),
            }
        })?;
        decoded.complaints.splice(..0, complaint);
        Ok(decoded)
    }

    /// Brings what a patch made into the form of its kind.
    ///
    /// # Errors
    /// `invalid` makes the failure of why it has no such form.
    pub(super) fn conform(
        &self,
        resource: &Resource,
        object: &Value,
        invalid: impl FnOnce(&str) -> Failure,
    ) -> Result<Decoded, Failure> {
        let kind = &resource.kind;
        let text = object.to_string();
        let decoded = self.typed(kind, text.as_bytes());
        let mut decoded = decoded.map_err(|error| invalid(&error.to_string()))?;
        name_kind(kind, &mut decoded.value)?;
        Ok(decoded)
    }

    /// An object that came as Kubernetes' protobuf. It names its kind itself, which may be another
    /// than the one that is expected.
    fn message(&self, kind: &GroupVersionKind, bytes: &[u8]) -> Result<Decoded, Failure> {
        let schemas = &self.registry.schemas;
        let envelope = Envelope::decode(bytes)
            .map_err(|error| unrecognized(kind, &error.to_string(), bytes))?;
        let failed = |why: &str| unfit(kind, &envelope.kind, why);
        let id = schemas.of(kind).ok_or_else(|| failed("it has no binary form"))?;
        let members = self.registry.codec.decode(schemas, id, envelope.raw);
        let mut members = members.map_err(|error| failed(&error.to_string()))?;
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

    fn typed(&self, kind: &GroupVersionKind, json: &[u8]) -> Result<Decoded, DecodeError> {
        let schemas = &self.registry.schemas;
        match schemas.of(kind) {
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
        }
    }
}

/// The body is an object, and not one of this kind; `said` is the kind that it has.
fn unfit(kind: &GroupVersionKind, said: &str, why: &str) -> Failure {
    let GroupVersionKind { version, kind: name, .. } = kind;
    let said = if said.is_empty() { name } else { said };
    Failure::bad_request(format!(
        "{said} in version {version:?} cannot be handled as a {name}: {why}"
    ))
}

/// The body does not even say what it is (transformDecodeError of upstream's handlers/rest.go).
fn unrecognized(kind: &GroupVersionKind, why: &str, bytes: &[u8]) -> Failure {
    let name = &kind.kind;
    let shown = summary(bytes);
    Failure::bad_request(format!(
        "the object provided is unrecognized (must be of type {name}): {why} ({shown})"
    ))
}

/// The beginning of a body: as it is where it looks like JSON, else in hexadecimal.
fn summary(bytes: &[u8]) -> String {
    let (shown, more) = match bytes.split_at_checked(SUMMARY_BYTES_MAX) {
        Some((shown, rest)) if !rest.is_empty() => (shown, " ..."),
        _ => (bytes, ""),
    };
    match shown.first() {
        None => "<empty>".into(),
        Some(b'{') => String::from_utf8_lossy(shown).into_owned() + more,
        Some(_) => shown.iter().map(|byte| format!("{byte:02x}")).collect::<String>() + more,
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

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_body_is_shown_as_upstream_shows_it() {
        let long = [b'x'; 31];
        let cases: [(&[u8], &str); 4] = [
            (b"", "<empty>"),
            (b"[]", "5b5d"),
            (br#"{"kind":"Pod","apiVersion":"v1","#, "{\"kind\":\"Pod\",\"apiVersion\":\"v1 ..."),
            (&long, &("78".repeat(30) + " ...")),
        ];
        for (bytes, expected) in cases {
            assert_eq!(summary(bytes), expected);
        }
    }

    #[test]
    fn complaints_are_told_or_refused() {
        let said = || vec!["unknown field \"a\"".to_owned(), "unknown field \"b\"".to_owned()];
        assert_eq!(Validation::Ignore.judge(said()), Ok(Vec::new()));
        assert_eq!(Validation::Warn.judge(said()), Ok(said()));
        let refused = "strict decoding error: unknown field \"a\", unknown field \"b\"";
        assert_eq!(Validation::Strict.judge(said()), Err(refused.to_owned()));
        assert_eq!(Validation::Strict.judge(Vec::new()), Ok(Vec::new()));
    }
}
