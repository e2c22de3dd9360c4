//! The proxies of pods, services and nodes: one request, to there and back.
//!
//! Upstream: apimachinery/pkg/util/proxy/{upgradeaware,transport}.go.

use super::{Door, outgoing, path, rewriting, rewriting::Links, streams::upgrade_failed, until};
use crate::{
    failure::Failure,
    registry::Target,
    server::body::Upload,
    server::{Asked, Server, answer},
};
use http::{HeaderName, HeaderValue, Method, StatusCode, header};
use serde_json::Value;
use wire::{Body, Response, is_upgrade, proxy::forward};

const FORWARDED_URI: HeaderName = HeaderName::from_static("x-forwarded-uri");

/// What a backend says of other origins would be said of the API server's.
const OF_ORIGINS: [HeaderName; 4] = [
    header::ACCESS_CONTROL_ALLOW_CREDENTIALS,
    header::ACCESS_CONTROL_ALLOW_HEADERS,
    header::ACCESS_CONTROL_ALLOW_METHODS,
    header::ACCESS_CONTROL_ALLOW_ORIGIN,
];

impl Server {
    /// Forwards a request to what stands behind an object.
    pub(super) async fn proxy(
        &self,
        asked: &Asked,
        door: Door,
        target: &Target,
        options: &Value,
        body: Upload,
    ) -> Result<Response, Failure> {
        let backend = self.behind(door, target).await?;
        let rest = options["path"].as_str().unwrap_or_default();
        let slash = asked.info.path.ends_with('/');
        let upgrade = is_upgrade(&asked.headers);
        let reads = [Method::GET, Method::HEAD].contains(&asked.method);
        if rest.is_empty() && !slash && reads && !upgrade {
            return Ok(moved(asked));
        }
        let slash = if slash && !rest.ends_with('/') { "/" } else { "" };
        let path = path::cleaned(&format!("{rest}{slash}"));
        let prefix = asked.info.path.trim_end_matches('/');
        let prefix = prefix.strip_suffix(rest.trim_end_matches('/')).unwrap_or(prefix);
        let raw_query = asked.uri.query().unwrap_or_default();
        let mut request = outgoing(asked, &path::escaped(&path), raw_query, Body::new(body))?;
        let there = path::cleaned(&format!("{prefix}/{path}"));
        if let Ok(value) = HeaderValue::from_str(&path::escaped(&there)) {
            request.headers_mut().insert(FORWARDED_URI, value);
        }
        let host = request.headers().get(header::HOST);
        let host = host.and_then(|host| host.to_str().ok()).unwrap_or_default().to_owned();
        let links =
            Links { backend: backend.endpoint.host_and_port(), host, prefix: prefix.into() };
        let response = match forward(&self.host, &backend, request).await {
            Ok(response) => response,
            Err(error) if upgrade => return Err(upgrade_failed(&error)),
            Err(error) => {
                let why = format!("error trying to reach service: {error}");
                return Err(Failure::unavailable(why));
            }
        };
        if response.status() == StatusCode::SWITCHING_PROTOCOLS {
            return Ok(response);
        }
        let mut response = rewriting::rewritten(response, links);
        for name in OF_ORIGINS {
            response.headers_mut().remove(name);
        }
        Ok(response.map(|body| until::stopped(body, &self.closing)))
    }
}

/// Sends a client to the same place with a slash at its end, so that relative links lead below it.
fn moved(asked: &Asked) -> Response {
    let query = asked.uri.query().map(|query| format!("?{query}")).unwrap_or_default();
    let place = format!("{}/{query}", asked.info.path);
    let mut response = answer::reply(StatusCode::MOVED_PERMANENTLY, "text/plain", "");
    response.headers_mut().remove(header::CONTENT_TYPE);
    if let Ok(place) = HeaderValue::from_str(&place) {
        response.headers_mut().insert(header::LOCATION, place);
    }
    response
}
