//! Answers in other forms than JSON: Kubernetes' protobuf, and YAML. Both are made of what is served
//! as JSON.
//!
//! Upstream: apimachinery/pkg/runtime/serializer.

use super::{
    Asked, Server, answer,
    body::PROTOBUF,
    negotiation::{self, Form},
};
use crate::failure::Failure;
use api::{
    protobuf::{Codec, Envelope, watch_event},
    resources::Resource,
    schema::{GroupVersionKind, Schemas},
};
use bytes::Bytes;
use http::StatusCode;
use serde_json::Value;
use wire::Response;

const JSON: &str = "application/json";
const YAML: &str = "application/yaml";

impl Server {
    /// The form that the client likes best of those that the resource has. Custom resources have no
    /// binary one.
    pub(super) fn form(&self, asked: &Asked, resource: &Resource) -> Result<Form, Failure> {
        let binary = self.registry.schemas.of(&resource.kind).is_some();
        match negotiation::any_form(asked.accept(), binary)? {
            form @ (Form::Binary | Form::Yaml) => Ok(form),
            _ => asked.form(),
        }
    }

    /// An answer of JSON in the form that the client wants.
    pub(super) fn encoded(&self, status: StatusCode, form: Form, json: Bytes) -> Response {
        let (media, body) = self.body(form, json);
        answer::reply(status, media, body)
    }

    /// A media type and a body in it, from JSON.
    pub(super) fn body(&self, form: Form, json: Bytes) -> (&'static str, Bytes) {
        let encoded = match form {
            Form::Binary => {
                binary(&self.registry.schemas, &self.registry.codec, &json).map(|it| (PROTOBUF, it))
            }
            Form::Yaml => yaml(&json).map(|text| (YAML, text.into_bytes())),
            Form::Whole | Form::Table(_) | Form::Metadata => None,
        };
        match encoded {
            Some((media, body)) => (media, body.into()),
            None => (JSON, json),
        }
    }
}

/// An object, a list or a status as a document; none where its kind has no binary form.
pub(super) fn binary(schemas: &Schemas, codec: &Codec, json: &[u8]) -> Option<Vec<u8>> {
    let object: Value = serde_json::from_slice(json).ok()?;
    let text = |name: &str| object[name].as_str().unwrap_or_default().to_owned();
    let (api_version, kind) = (text("apiVersion"), text("kind"));
    let (group, version) = api_version.split_once('/').unwrap_or(("", &api_version));
    let (group, version) = (group.to_owned(), version.to_owned());
    let id = schemas.of(&GroupVersionKind { group, version, kind: kind.clone() })?;
    let raw = codec.encode(schemas, id, object.as_object()?);
    Some(Envelope { api_version, kind, raw: &raw }.encode())
}

/// A frame of a watch: the event's length in four bytes, then the event.
pub(super) fn frame(kind: &str, document: &[u8]) -> Bytes {
    let event = watch_event(kind, document);
    let length = u32::try_from(event.len()).unwrap_or(u32::MAX);
    [&length.to_be_bytes()[..], &event].concat().into()
}

fn yaml(json: &[u8]) -> Option<String> {
    let object: Value = serde_json::from_slice(json).ok()?;
    serde_yaml_ng::to_string(&object).ok()
}

#[cfg(test)]
mod tests {
    use super::*;
    use serde_json::json;

    #[test]
    fn lists_and_objects_have_a_binary_form_and_come_back() {
        let schemas = Schemas::built_in();
        let codec = Codec::new(&schemas);
        let object = json!({
            "kind": "ConfigMapList", "apiVersion": "v1", "metadata": {"resourceVersion": "7"},
            "items": [{"metadata": {"name": "a"}, "data": {"k": "v"}}],
        });
        let bytes = binary(&schemas, &codec, object.to_string().as_bytes()).unwrap();
        let envelope = Envelope::decode(&bytes).unwrap();
        assert_eq!(
            (envelope.api_version.as_str(), envelope.kind.as_str()),
            ("v1", "ConfigMapList")
        );
        let kind = GroupVersionKind {
            group: String::new(),
            version: "v1".into(),
            kind: "ConfigMapList".into(),
        };
        let id = schemas.of(&kind).unwrap();
        let back = codec.decode(&schemas, id, envelope.raw).unwrap();
        assert_eq!(back["metadata"]["resourceVersion"], "7");
        assert_eq!(back["items"][0]["data"], json!({"k": "v"}));
        assert_eq!(binary(&schemas, &codec, br#"{"kind":"Mine","apiVersion":"a/v1"}"#), None);
        assert_eq!(
            frame("ADDED", &bytes)[..4],
            (frame("ADDED", &bytes).len() as u32 - 4).to_be_bytes()
        );
        assert_eq!(yaml(br#"{"a":[1,"x"]}"#).as_deref(), Some("a:\n- 1\n- x\n"));
    }
}
