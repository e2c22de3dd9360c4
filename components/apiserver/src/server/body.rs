//! A request's body, whole and read.

use super::Asked;
use crate::failure::Failure;
use api::decode;
use bytes::Bytes;
use http::header;
use http_body_util::{BodyExt, LengthLimitError, Limited};

/// The longest body that is read (apiserver's MaxRequestBodyBytes).
const BODY_BYTES_MAX: usize = 3 * 1024 * 1024;

/// Kubernetes' own protobuf.
pub(super) const PROTOBUF: &str = "application/vnd.kubernetes.protobuf";

/// An apply's body is YAML, of which JSON is a part.
pub(super) const APPLY: &str = "application/apply-patch+yaml";

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

/// The body as JSON, from the request's media type; JSON where it says none. Beside it what a strict
/// decoder complains of.
pub(super) fn as_json(asked: &Asked, bytes: &Bytes) -> Result<(Bytes, Option<String>), Failure> {
    match media(asked) {
        "" | "application/json" => Ok((bytes.clone(), None)),
        "application/yaml" => {
            let read = decode::yaml(bytes).map_err(|why| Failure::bad_request(why.to_string()))?;
            Ok((read.value.to_string().into(), read.complaint))
        }
        _ => Err(Failure::unsupported_media(&READ)),
    }
}
