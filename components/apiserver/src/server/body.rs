//! A request's body, whole and read.

use super::Asked;
use crate::failure::Failure;
use bytes::Bytes;
use http::header;
use http_body_util::{BodyExt, LengthLimitError, Limited};
use serde_json::Value;

/// The longest body that is read (apiserver's MaxRequestBodyBytes).
const BODY_BYTES_MAX: usize = 3 * 1024 * 1024;

/// Kubernetes' own protobuf.
pub(super) const PROTOBUF: &str = "application/vnd.kubernetes.protobuf";

/// Media types that every object is read in.
pub(super) const TEXTS: [&str; 2] = ["application/json", "application/yaml"];

/// Media types that objects are read in.
const READ: [&str; 3] = ["application/json", "application/yaml", PROTOBUF];

/// Reads a body to its end.
pub(super) async fn read(body: hyper::body::Incoming) -> Result<Bytes, Failure> {
    match Limited::new(body, BODY_BYTES_MAX).collect().await {
        Ok(collected) => Ok(collected.to_bytes()),
        Err(error) if error.is::<LengthLimitError>() => Err(Failure::too_large(BODY_BYTES_MAX)),
        Err(error) => Err(Failure::bad_request(format!("cannot read the body: {error}"))),
    }
}

/// The media type that a request says its body has, without parameters.
pub(super) fn media(asked: &Asked) -> &str {
    let said = asked.header(header::CONTENT_TYPE).unwrap_or_default();
    said.split(';').next().unwrap_or_default().trim()
}

/// The body as JSON, from the request's media type; JSON where it says none.
pub(super) fn as_json(asked: &Asked, bytes: &Bytes) -> Result<Bytes, Failure> {
    match media(asked) {
        "" | "application/json" => Ok(bytes.clone()),
        "application/yaml" | "application/yml" => Ok(yaml(bytes)?.to_string().into()),
        _ => Err(Failure::unsupported_media(&READ)),
    }
}

/// Reads JSON.
pub(super) fn json(bytes: &[u8]) -> Result<Value, Failure> {
    serde_json::from_slice(bytes)
        .map_err(|error| Failure::bad_request(format!("error decoding the body as JSON: {error}")))
}

/// Reads YAML.
pub(super) fn yaml(bytes: &[u8]) -> Result<Value, Failure> {
    serde_yaml_ng::from_slice(bytes)
        .map_err(|error| Failure::bad_request(format!("error decoding the body as YAML: {error}")))
}
