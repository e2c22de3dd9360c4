//! Doors beside an object's own that are more than a part of it: acts on pods.
//!
//! Parts of an object (`status`, `approval`, `resize`, …) go the way of the object itself; what each
//! changes is said in the registry's strategies.

mod binding;
mod eviction;

use super::{Asked, Server, answer};
use crate::server::body::Upload;
use crate::{failure::Failure, registry::Target};
use http::StatusCode;
use serde_json::json;
use wire::Response;

/// Parts of objects that are changed as the objects are.
const PARTS: [&str; 6] = ["", "approval", "ephemeralcontainers", "finalize", "resize", "status"];
/// Acts and views of a form of their own.
const ACTS: [&str; 3] = ["binding", "eviction", "scale"];

/// Whether the subresource is served.
pub(super) fn is_served(name: &str) -> bool {
    PARTS.contains(&name) || ACTS.contains(&name)
}

/// Kinds that clients are to leave, with what they are told
/// (apiserver/pkg/endpoints/deprecation).
const DEPRECATED: [(&str, &str); 2] = [
    ("componentstatuses", "v1 ComponentStatus is deprecated in v1.19+"),
    ("endpoints", "v1 Endpoints is deprecated in v1.33+; use discovery.k8s.io/v1 EndpointSlice"),
];

/// What everybody is told who asks for a kind.
pub(super) fn deprecation(group: &str, plural: &str) -> Option<&'static str> {
    let found = DEPRECATED.iter().find(|(name, _)| group.is_empty() && *name == plural);
    found.map(|(_, text)| *text)
}

impl Server {
    /// Answers a request about a kind of which nothing is kept; gives the body back where it is
    /// about another.
    pub(super) async fn unkept(
        &self,
        asked: &Asked,
        body: Upload,
    ) -> Result<Result<Response, Failure>, Upload> {
        let info = &asked.info;
        let found = self.registry.resource(&info.group, &info.version, &info.resource);
        let pods = self.registry.resource("", "v1", "pods");
        match (info.group.as_str(), info.resource.as_str(), found, pods) {
            ("", "componentstatuses", Some(resource), _) => {
                Ok(self.component_statuses(asked, &resource).await)
            }
            ("", "bindings", Some(_), Some(resource)) if info.verb == "create" => {
                let pod = Target {
                    resource,
                    namespace: info.namespace.clone(),
                    name: String::new(),
                    subresource: String::new(),
                };
                Ok(self.bind(asked, &pod, body).await)
            }
            _ => Err(body),
        }
    }

    /// Answers a request about an act; none: it is about a part.
    pub(super) async fn act(
        &self,
        asked: &Asked,
        target: &Target,
        body: Upload,
    ) -> Result<Response, Failure> {
        let object = Target { subresource: String::new(), ..target.clone() };
        match target.subresource.as_str() {
            "scale" => self.scale(asked, &object, body).await,
            "eviction" => self.evict(asked, &object, body).await,
            _ => self.bind(asked, &object, body).await,
        }
    }
}

/// Whether a subresource is an act.
pub(super) fn is_act(name: &str) -> bool {
    ACTS.contains(&name)
}

/// The `Status` that says that something was done.
fn done() -> Response {
    let status = json!({
        "kind": "Status", "apiVersion": "v1", "metadata": {}, "status": "Success", "code": 201,
    });
    answer::value(StatusCode::CREATED, &status)
}
