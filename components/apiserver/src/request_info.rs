//! What a request asks for, read from its method, path and query.
//!
//! Upstream: apiserver/pkg/endpoints/request/requestinfo.go.

use crate::query::Query;
use http::Method;

/// A request in the words of authorization and of the registry.
#[derive(Clone, PartialEq, Eq, Debug, Default)]
pub(crate) struct RequestInfo {
    /// Whether it is about objects; else only `verb` and `path` are set.
    pub is_resource: bool,
    /// `get list watch create update patch delete deletecollection`; else the method in lower case.
    pub verb: &'static str,
    /// As it came, without the query.
    pub path: String,
    /// `apps`; empty for the core group.
    pub group: String,
    /// `v1`.
    pub version: String,
    /// Empty for what is not in a namespace, or in all.
    pub namespace: String,
    /// The plural.
    pub resource: String,
    /// Empty for the object itself.
    pub subresource: String,
    /// What comes after a subresource, as in `pods/x/proxy/healthz`.
    pub rest: String,
    /// Empty for collections.
    pub name: String,
}

/// Subresources of namespaces; what else follows a namespace's name is a resource in it.
const NAMESPACE_SUBRESOURCES: [&str; 2] = ["status", "finalize"];

impl RequestInfo {
    /// Reads a request's line.
    pub(crate) fn of(method: &Method, path: &str, query: &Query) -> Self {
        let mut info = Self { path: path.to_owned(), verb: plain_verb(method), ..Self::default() };
        let mut parts = path.split('/').filter(|part| !part.is_empty());
        match (parts.next(), parts.next(), parts.next()) {
            (Some("api"), Some(version), Some(first)) => {
                info.version = version.to_owned();
                info.fill(method, first, parts.collect(), query);
            }
            (Some("apis"), Some(group), Some(version)) => {
                let (group, version) = (group.to_owned(), version.to_owned());
                if let Some(first) = parts.next() {
                    (info.group, info.version) = (group, version);
                    info.fill(method, first, parts.collect(), query);
                }
            }
            _ => {}
        }
        info
    }

    fn fill(&mut self, method: &Method, first: &str, rest: Vec<&str>, query: &Query) {
        self.is_resource = true;
        self.verb = verb(method);
        let mut parts: Vec<&str> = std::iter::once(first).chain(rest).collect();
        // The deprecated form, `/api/v1/watch/pods`.
        if parts[0] == "watch" && parts.len() > 1 {
            self.verb = "watch";
            parts.remove(0);
        }
        if parts[0] == "namespaces" && parts.len() > 1 {
            self.namespace = parts[1].to_owned();
            if parts.len() > 2 && !NAMESPACE_SUBRESOURCES.contains(&parts[2]) {
                parts.drain(..2);
            }
        }
        let mut parts = parts.into_iter();
        let mut next = || parts.next().unwrap_or_default().to_owned();
        (self.resource, self.name, self.subresource) = (next(), next(), next());
        self.rest = parts.collect::<Vec<_>>().join("/");
        self.name_collections(query);
    }

    /// A collection is listed or watched, not got; one that names its only object lets rules for
    /// that object apply.
    fn name_collections(&mut self, query: &Query) {
        if self.name.is_empty() && self.verb == "get" {
            self.verb = if query.is_true("watch") { "watch" } else { "list" };
        }
        if self.name.is_empty() && self.verb == "delete" {
            self.verb = "deletecollection";
        }
        if matches!(self.verb, "list" | "watch" | "deletecollection") && self.name.is_empty() {
            let selector = query.get("fieldSelector").unwrap_or_default();
            let named = selector.split(',').find_map(|term| {
                let value = term.trim().strip_prefix("metadata.name=")?;
                Some(value.strip_prefix('=').unwrap_or(value))
            });
            self.selected_name(named);
        }
    }

    fn selected_name(&mut self, named: Option<&str>) {
        if let Some(name) = named.filter(|name| !name.contains('!')) {
            self.name = name.to_owned();
        }
    }

    /// Whether its answer may go on for long.
    pub(crate) fn is_long_running(&self) -> bool {
        is_lasting(self.verb, &self.subresource)
    }

    /// Whether the request is about a collection, named or not.
    pub(crate) fn is_collection(&self) -> bool {
        matches!(self.verb, "list" | "watch" | "deletecollection")
    }
}

/// Whether a request may last beyond the time of others: it has a subresource through which something
/// flows, or is a watch (kube-apiserver's BasicLongRunningRequestCheck).
pub(crate) fn is_lasting(verb: &str, subresource: &str) -> bool {
    const FLOWS: [&str; 5] = ["attach", "exec", "log", "portforward", "proxy"];
    verb == "watch" || FLOWS.contains(&subresource)
}

fn verb(method: &Method) -> &'static str {
    match *method {
        Method::POST => "create",
        Method::GET | Method::HEAD => "get",
        Method::PUT => "update",
        Method::PATCH => "patch",
        Method::DELETE => "delete",
        _ => "",
    }
}

fn plain_verb(method: &Method) -> &'static str {
    match *method {
        Method::POST => "post",
        Method::GET => "get",
        Method::HEAD => "head",
        Method::PUT => "put",
        Method::PATCH => "patch",
        Method::DELETE => "delete",
        Method::OPTIONS => "options",
        _ => "",
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn read(method: Method, uri: &str) -> String {
        let (path, query) = uri.split_once('?').unwrap_or((uri, ""));
        let info = RequestInfo::of(&method, path, &Query::parse(query));
        let RequestInfo { verb, group, version, namespace, resource, subresource, name, .. } = info;
        format!(
            "{verb} {group}/{version} {namespace}/{resource}/{name}/{subresource} {}",
            info.rest
        )
    }

    #[test]
    fn paths_are_read_as_upstream_reads_them() {
        let cases = [
            (Method::GET, "/api/v1/namespaces", "list /v1 /namespaces// "),
            (Method::GET, "/api/v1/namespaces/a", "get /v1 a/namespaces/a/ "),
            (Method::PUT, "/api/v1/namespaces/a/finalize", "update /v1 a/namespaces/a/finalize "),
            (Method::GET, "/api/v1/namespaces/a/pods", "list /v1 a/pods// "),
            (Method::GET, "/api/v1/pods?watch=1", "watch /v1 /pods// "),
            (Method::GET, "/api/v1/pods?watch=False", "list /v1 /pods// "),
            (Method::GET, "/api/v1/watch/namespaces/a/pods", "watch /v1 a/pods// "),
            (Method::GET, "/api/v1/namespaces/a/pods/p/log", "get /v1 a/pods/p/log "),
            (
                Method::POST,
                "/apis/apps/v1/namespaces/a/deployments",
                "create apps/v1 a/deployments// ",
            ),
            (
                Method::DELETE,
                "/apis/apps/v1/namespaces/a/deployments",
                "deletecollection apps/v1 a/deployments// ",
            ),
            (
                Method::PATCH,
                "/apis/apps/v1/namespaces/a/deployments/d/scale",
                "patch apps/v1 a/deployments/d/scale ",
            ),
            (Method::GET, "/api/v1/nodes/n/proxy/healthz/x", "get /v1 /nodes/n/proxy healthz/x"),
            (Method::GET, "/api/v1/pods?fieldSelector=metadata.name%3Dp", "list /v1 /pods/p/ "),
            (Method::GET, "/apis/apps/v1", "get / ///  "),
            (Method::GET, "/healthz", "get / ///  "),
        ];
        for (method, uri, expected) in cases {
            assert_eq!(read(method, uri).trim_end(), expected.trim_end(), "{uri}");
        }
    }
}
