//! Answers: JSON, text, failures, and lists that are put together from bytes.

use crate::{failure::Failure, registry::Listed};
use api::resources::Resource;
use bytes::{BufMut, Bytes, BytesMut};
use http::{HeaderName, HeaderValue, StatusCode, header};
use serde_json::Value;
use wire::{Response, full};

/// An answer that is all there.
pub(crate) fn reply(status: StatusCode, media: &'static str, body: impl Into<Bytes>) -> Response {
    let mut response = http::Response::new(full(body));
    *response.status_mut() = status;
    let headers = response.headers_mut();
    headers.insert(header::CONTENT_TYPE, HeaderValue::from_static(media));
    headers.insert(header::CACHE_CONTROL, HeaderValue::from_static("no-cache, private"));
    response
}

/// JSON that is written already.
pub(crate) fn json(status: StatusCode, body: impl Into<Bytes>) -> Response {
    reply(status, "application/json", body)
}

/// A value as JSON.
pub(crate) fn value(status: StatusCode, body: &Value) -> Response {
    json(status, body.to_string())
}

/// A short text.
pub(crate) fn text(status: StatusCode, body: impl Into<Bytes>) -> Response {
    reply(status, "text/plain; charset=utf-8", body)
}

/// What Go's http.Error answers: a text that no browser takes for anything else.
pub(crate) fn plain_error(status: StatusCode, body: impl Into<Bytes>) -> Response {
    let mut response = text(status, body);
    let name = HeaderName::from_static("x-content-type-options");
    response.headers_mut().insert(name, HeaderValue::from_static("nosniff"));
    response
}

/// The answer with what the client is to be told besides (RFC 7234's `Warning`, code 299).
pub(crate) fn warned(mut response: Response, warnings: &[String]) -> Response {
    for warning in warnings {
        let text = format!("299 - {warning:?}");
        if let Ok(value) = HeaderValue::from_str(&text) {
            response.headers_mut().append(header::WARNING, value);
        }
    }
    response
}

/// A failure.
pub(crate) fn failure(failure: &Failure) -> Response {
    let mut response = value(failure.code, &failure.status());
    if let Some(seconds) = failure.retry_seconds() {
        response.headers_mut().insert(header::RETRY_AFTER, seconds.into());
    }
    response
}

/// A list of objects as they are.
pub(crate) fn list(resource: &Resource, listed: &Listed) -> Bytes {
    let total: usize = listed.entries.iter().map(|entry| entry.served().len() + 1).sum();
    let mut body = BytesMut::with_capacity(total + 256);
    let head = serde_json::json!({
        "kind": match &resource.custom {
            Some(custom) => custom.list_kind.clone(),
            None => format!("{}List", resource.kind.kind),
        },
        "apiVersion": resource.kind.api_version(),
        "metadata": list_metadata(listed),
    });
    let head = head.to_string();
    // All but the brace that closes it.
    body.put_slice(&head.as_bytes()[..head.len() - 1]);
    body.put_slice(b",\"items\":[");
    for (index, entry) in listed.entries.iter().enumerate() {
        if index > 0 {
            body.put_u8(b',');
        }
        body.put_slice(entry.served());
    }
    body.put_slice(b"]}\n");
    body.freeze()
}

/// `metav1.ListMeta`.
pub(crate) fn list_metadata(listed: &Listed) -> Value {
    let mut metadata = serde_json::Map::new();
    metadata.insert("resourceVersion".into(), listed.revision.to_string().into());
    if let Some(next) = &listed.next {
        metadata.insert("continue".into(), next.token().into());
    }
    if let Some(remaining) = listed.remaining {
        metadata.insert("remainingItemCount".into(), remaining.into());
    }
    metadata.into()
}
