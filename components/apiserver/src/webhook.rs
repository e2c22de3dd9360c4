//! One call of a webhook: where it is, whom to believe, how long to wait.
//!
//! Upstream: apiserver/pkg/util/webhook/{client,serviceresolver}.go.

use crate::{registry::Registry, remote::status_told, routing};
use base64::{Engine, engine::general_purpose::STANDARD};
use bytes::Bytes;
use host::BoxFuture;
use http::{Method, header};
use serde_json::Value;
use std::time::Duration;
use wire::{
    client::{Endpoint, request},
    tls::{ClientTls, Trust},
};

/// An answer is not longer, whatever it says.
const ANSWER_BYTES_MAX: usize = 8 * 1024 * 1024;

/// Where a webhook is.
#[derive(Clone, PartialEq, Eq, Debug)]
struct Place {
    /// As messages name it, and as it is asked: `https://a.b.svc:443/path`.
    url: String,
    /// Where it is connected to.
    authority: Result<String, String>,
    /// What its certificate must say; none: what the URL says.
    server: Option<String>,
    path: String,
}

/// Sends a review to where a `clientConfig` says; the answer is JSON, or why there is none, in
/// client-go's words.
///
/// It is boxed because it may look at services, as all that is converted by webhooks may be looked
/// at.
pub(crate) fn post<'a>(
    registry: &'a Registry,
    client: &'a Value,
    review: &'a Value,
    seconds: u64,
) -> BoxFuture<'a, Result<Value, String>> {
    Box::pin(send(registry, client, review, seconds))
}

async fn send(
    registry: &Registry,
    client: &Value,
    review: &Value,
    seconds: u64,
) -> Result<Value, String> {
    let host = &registry.host;
    let place = place(registry, client).await?;
    let failed = |why: String| format!("Post \"{}?timeout={seconds}s\": {why}", place.url);
    let authority = place.authority.clone().map_err(failed)?;
    let endpoint: Endpoint =
        format!("https://{authority}").parse().map_err(|error| failed(format!("{error}")))?;
    let authorities = STANDARD.decode(client["caBundle"].as_str().unwrap_or_default());
    let authorities = authorities.map_err(|error| failed(error.to_string()))?;
    let tls = ClientTls::new(host, Trust::Authorities(&authorities), None);
    let tls = tls.and_then(|tls| match &place.server {
        Some(name) => tls.server_name(name),
        None => Ok(tls),
    });
    let tls = tls.map_err(|error| failed(error.to_string()))?;
    let asked = http::Request::builder()
        .method(Method::POST)
        .uri(format!("{}?timeout={seconds}s", place.path))
        .header(header::CONTENT_TYPE, "application/json")
        .header(header::ACCEPT, "application/json, */*")
        .header(header::USER_AGENT, "kube-apiserver-admission")
        .body(Bytes::from(review.to_string()))
        .map_err(|error| failed(error.to_string()))?;
    let limit = Duration::from_secs(seconds);
    let reply = request(host, &endpoint, Some(&tls), asked, ANSWER_BYTES_MAX, limit).await;
    let reply = reply.map_err(|error| failed(error.to_string()))?;
    if reply.status != http::StatusCode::OK {
        return Err(status_told(reply.status));
    }
    serde_json::from_slice(&reply.body).map_err(|error| error.to_string())
}

async fn place(registry: &Registry, client: &Value) -> Result<Place, String> {
    if let Some(url) = client["url"].as_str() {
        return of_url(url);
    }
    let service = &client["service"];
    let text = |name: &str| service[name].as_str().unwrap_or_default();
    let (namespace, name) = (text("namespace"), text("name"));
    let port = service["port"].as_u64().unwrap_or(443);
    let authority = routing::authority(registry, (namespace, name), port).await;
    let path = format!("/{}", text("path").trim_start_matches('/'));
    Ok(Place {
        url: format!("https://{name}.{namespace}.svc:{port}{path}"),
        authority: authority.map_err(|failure| failure.message),
        server: Some(format!("{name}.{namespace}.svc")),
        path,
    })
}

fn of_url(url: &str) -> Result<Place, String> {
    let rest = url.strip_prefix("https://").ok_or("the webhook's URL must begin with https")?;
    let (authority, path) = match rest.find('/') {
        Some(at) => rest.split_at(at),
        None => (rest, "/"),
    };
    Ok(Place {
        url: url.to_owned(),
        authority: Ok(authority.to_owned()),
        server: None,
        path: path.to_owned(),
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn urls_are_taken_apart() {
        let place = of_url("https://127.0.0.1:8443/a/b").unwrap();
        assert_eq!(
            (place.authority.as_deref(), place.path.as_str()),
            (Ok("127.0.0.1:8443"), "/a/b")
        );
        assert_eq!(of_url("https://hooks.example").unwrap().path, "/");
        assert!(of_url("http://hooks.example").is_err());
    }
}
