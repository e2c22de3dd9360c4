//! What a request is to metrics: few words, whatever clients send.
//!
//! Upstream: apiserver/pkg/endpoints/metrics/metrics.go (CleanVerb, CleanScope, cleanDryRun).

use crate::{authentication::User, query::Query, request_info::RequestInfo};
use http::{HeaderMap, Method, header};
use std::sync::Arc;

/// Paths that are told apart; others that are no resources are not measured.
const PATHS: [&str; 9] = [
    "/healthz",
    "/livez",
    "/readyz",
    "/metrics",
    "/metrics/slis",
    "/version",
    "/openapi/v2",
    "/openid/v1/jwks",
    "/.well-known/openid-configuration",
];
/// What is open for long, whatever the method.
const CONNECTS: [&str; 5] = ["log", "exec", "portforward", "attach", "proxy"];

/// A request's labels.
#[derive(Clone, Debug)]
pub(crate) struct Labels {
    info: Arc<RequestInfo>,
    pub(super) verb: &'static str,
    pub(super) dry_run: &'static str,
    pub(super) scope: &'static str,
    pub(super) system_client: &'static str,
    /// Of what is no resource.
    path: &'static str,
}

impl Labels {
    pub(crate) fn of(
        method: &Method,
        info: &Arc<RequestInfo>,
        query: &Query,
        headers: &HeaderMap,
        user: &User,
    ) -> Self {
        let scope = scope(info);
        let path = PATHS.into_iter().find(|path| !info.is_resource && *path == info.path);
        Self {
            verb: verb(method, info, headers, scope),
            dry_run: if query.get("dryRun") == Some("All") { "All" } else { "" },
            scope,
            system_client: system_client(user),
            path: path.unwrap_or_default(),
            info: info.clone(),
        }
    }

    /// Whether it is measured at all, where its resource is served or not.
    pub(crate) fn are_told(&self, served: bool) -> bool {
        if self.info.is_resource { served } else { !self.path.is_empty() }
    }

    /// Group, version, resource and subresource.
    pub(super) fn of_resource(&self) -> [&str; 4] {
        let info = &self.info;
        match info.is_resource {
            true => [&info.group, &info.version, &info.resource, &info.subresource],
            false => ["", "", "", self.path],
        }
    }
}

fn scope(info: &RequestInfo) -> &'static str {
    match () {
        () if !info.name.is_empty() || info.verb == "create" => "resource",
        () if !info.namespace.is_empty() => "namespace",
        () if info.is_resource => "cluster",
        () => "",
    }
}

fn verb(method: &Method, info: &RequestInfo, headers: &HeaderMap, scope: &str) -> &'static str {
    if info.is_resource && CONNECTS.contains(&&*info.subresource) {
        return "CONNECT";
    }
    if info.verb == "watch" {
        return "WATCH";
    }
    let media = headers.get(header::CONTENT_TYPE).and_then(|media| media.to_str().ok());
    match *method {
        Method::GET | Method::HEAD if matches!(scope, "resource" | "") => "GET",
        Method::GET | Method::HEAD => "LIST",
        Method::POST => "POST",
        Method::PUT => "PUT",
        Method::PATCH if media == Some("application/apply-patch+yaml") => "APPLY",
        Method::PATCH => "PATCH",
        Method::DELETE => "DELETE",
        _ => "other",
    }
}

/// The parts of the system that are told apart.
fn system_client(user: &User) -> &'static str {
    match user.name.strip_prefix("system:") {
        Some("kube-controller-manager") => "kube-controller-manager",
        Some("kube-scheduler") => "kube-scheduler",
        Some("apiserver" | "kube-apiserver") => "kube-apiserver",
        Some(name) if name.starts_with("node:") => "kubelet",
        _ => "",
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn requests_are_told_by_few_words() {
        let told = |method: Method, uri: &str, media: &'static str| {
            let (path, query) = uri.split_once('?').unwrap_or((uri, ""));
            let query = Query::parse(query);
            let info = Arc::new(RequestInfo::of(&method, path, &query));
            let mut headers = HeaderMap::new();
            headers.insert(header::CONTENT_TYPE, media.parse().unwrap());
            let labels = Labels::of(&method, &info, &query, &headers, &User::default());
            let [group, version, resource, sub] = labels.of_resource();
            let (verb, scope, dry) = (labels.verb, labels.scope, labels.dry_run);
            format!("{verb} {group}/{version}/{resource}/{sub} {scope} {dry}").trim_end().to_owned()
        };
        let json = "application/json";
        let pods = "/api/v1/namespaces/a/pods";
        for (method, uri, media, expected) in [
            (Method::GET, pods, json, "LIST /v1/pods/ namespace"),
            (Method::GET, "/api/v1/pods?watch=1", json, "WATCH /v1/pods/ cluster"),
            (Method::GET, "/api/v1/nodes/n", json, "GET /v1/nodes/ resource"),
            (Method::POST, "/api/v1/pods?dryRun=All", json, "POST /v1/pods/ resource All"),
            (Method::DELETE, pods, json, "DELETE /v1/pods/ namespace"),
            (
                Method::PATCH,
                "/apis/apps/v1/namespaces/a/deployments/d",
                "application/apply-patch+yaml",
                "APPLY apps/v1/deployments/ resource",
            ),
            (Method::GET, "/api/v1/namespaces/a/pods/p/log", json, "CONNECT /v1/pods/log resource"),
            (Method::GET, "/readyz", json, "GET ////readyz"),
            (Method::GET, "/whatever", json, "GET ///"),
        ] {
            assert_eq!(told(method, uri, media), expected, "{uri}");
        }
    }
}
