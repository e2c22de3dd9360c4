//! A request's body, whole and read.

use super::Asked;
use crate::failure::Failure;
use api::decode;
use bytes::Bytes;
use host::Host;
use http::header;
use http_body_util::{BodyExt, LengthLimitError, Limited};
use hyper::body::{Body, Frame, Incoming, SizeHint};
use std::{
    pin::Pin,
    task::{Context, Poll},
};

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

/// So much is read of what nobody wants (net/http's maxPostHandlerReadBytes).
const UNREAD_BYTES_MAX: usize = 256 * 1024;

/// A request's body.
///
/// What is left of it when it is dropped is read and thrown away, up to a limit: an answer that is
/// given before the body is there would else take a connection of HTTP/1.1, and the next request on
/// it, down with it.
pub(crate) struct Upload {
    host: Host,
    body: Option<Incoming>,
}

impl Upload {
    pub(super) fn new(host: &Host, body: Incoming) -> Self {
        Self { host: host.clone(), body: Some(body) }
    }
}

impl Drop for Upload {
    fn drop(&mut self) {
        if let Some(body) = self.body.take().filter(|body| !body.is_end_stream()) {
            self.host.spawn("apiserver/unread-body", drain(body)).detach();
        }
    }
}

async fn drain(mut body: Incoming) {
    let mut left = UNREAD_BYTES_MAX;
    while let Some(Ok(frame)) = body.frame().await {
        let Some(rest) = left.checked_sub(frame.data_ref().map_or(0, Bytes::len)) else { return };
        left = rest;
    }
}

impl Body for Upload {
    type Data = Bytes;
    type Error = hyper::Error;

    fn poll_frame(
        mut self: Pin<&mut Self>,
        context: &mut Context<'_>,
    ) -> Poll<Option<Result<Frame<Bytes>, hyper::Error>>> {
        match &mut self.body {
            Some(body) => Pin::new(body).poll_frame(context),
            None => Poll::Ready(None),
        }
    }

    fn is_end_stream(&self) -> bool {
        self.body.as_ref().is_none_or(Body::is_end_stream)
    }

    fn size_hint(&self) -> SizeHint {
        self.body.as_ref().map(Body::size_hint).unwrap_or_default()
    }
}

/// Reads a body to its end.
pub(super) async fn read(mut body: Upload) -> Result<Bytes, Failure> {
    match Limited::new(&mut body, BODY_BYTES_MAX).collect().await {
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
