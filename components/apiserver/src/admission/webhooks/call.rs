//! One call of a webhook: where it is, whom to believe, how long to wait.
//!
//! Upstream: apiserver/pkg/util/webhook/{client,serviceresolver}.go.

use crate::admission::{Cluster, Wanted, pod::text};
use base64::{Engine, engine::general_purpose::STANDARD};
use bytes::Bytes;
use http::{Method, header};
use serde_json::Value;
use std::time::Duration;
use wire::{
    client::{Endpoint, request},
    tls::{ClientTls, Trust},
};

/// An answer is not longer, whatever it patches.
const ANSWER_BYTES_MAX: usize = 8 * 1024 * 1024;
/// Where the configuration does not say (`timeoutSeconds`).
const SECONDS: u64 = 10;

/// Why a webhook could not be asked.
#[derive(Clone, PartialEq, Eq, Debug)]
pub(super) struct Fault(pub(super) String);

/// Where a webhook is.
#[derive(Clone, PartialEq, Eq, Debug)]
struct Place {
    /// As messages name it, and as it is asked: `https://a.b.svc:443/path`.
    url: String,
    /// Where it is connected to.
    authority: String,
    /// What its certificate must say; none: what the URL says.
    server: Option<String>,
    path: String,
}

/// Sends a review; the answer is JSON.
pub(super) async fn call(
    cluster: Cluster<'_>,
    hook: &Value,
    review: &Value,
) -> Result<Value, Fault> {
    let host = &cluster.registry.host;
    let client = &hook["clientConfig"];
    let place = place(cluster, client).await.map_err(Fault)?;
    let seconds = hook["timeoutSeconds"].as_u64().unwrap_or(SECONDS);
    let failed = |why: String| {
        let url = &place.url;
        Fault(format!("failed to call webhook: Post \"{url}?timeout={seconds}s\": {why}"))
    };
    let endpoint: Endpoint = place.authority.parse().map_err(|error| failed(format!("{error}")))?;
    let authorities = STANDARD.decode(text(&client["caBundle"]));
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
        return Err(Fault(format!(
            "failed to call webhook: {}",
            status_told(reply.status.as_u16())
        )));
    }
    serde_json::from_slice(&reply.body)
        .map_err(|error| Fault(format!("failed to call webhook: {error}")))
}

/// What client-go says of an answer that is none (NewGenericServerResponse).
fn status_told(code: u16) -> String {
    match code {
        404 => "the server could not find the requested resource".into(),
        403 => "forbidden".into(),
        500..=599 => "an error on the server (\"unknown\") has prevented the request from \
                      succeeding"
            .into(),
        _ => format!(
            "the server responded with the status code {code} but did not return more \
                      information"
        ),
    }
}

async fn place(cluster: Cluster<'_>, client: &Value) -> Result<Place, String> {
    if let Some(url) = client["url"].as_str() {
        return of_url(url);
    }
    let service = &client["service"];
    let (namespace, name) = (text(&service["namespace"]), text(&service["name"]));
    let port = service["port"].as_u64().unwrap_or(443);
    let found = cluster.found(Wanted::core("services", namespace, name)).await;
    let found = found.map_err(|failure| failure.to_string())?;
    let found = found.ok_or_else(|| {
        format!("failed to call webhook: Post \"https://{name}.{namespace}.svc:{port}\": service {name:?} not found")
    })?;
    let spec = &found["spec"];
    let address = match text(&spec["type"]) {
        "ExternalName" => text(&spec["externalName"]),
        _ => text(&spec["clusterIP"]),
    };
    if address.is_empty() || address == "None" {
        return Err(format!("no service port {port} found for service {name:?}"));
    }
    let address = if address.contains(':') { format!("[{address}]") } else { address.to_owned() };
    let path = format!("/{}", text(&service["path"]).trim_start_matches('/'));
    Ok(Place {
        url: format!("https://{name}.{namespace}.svc:{port}{path}"),
        authority: format!("https://{address}:{port}"),
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
        authority: format!("https://{authority}"),
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
            (place.authority.as_str(), place.path.as_str()),
            ("https://127.0.0.1:8443", "/a/b")
        );
        assert_eq!(of_url("https://hooks.example").unwrap().path, "/");
        assert!(of_url("http://hooks.example").is_err());
    }
}
