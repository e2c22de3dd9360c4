//! What a request that fails is answered: `metav1.Status`.
//!
//! Upstream: apimachinery/pkg/api/errors/errors.go. Clients compare reasons and parse some texts.

use http::StatusCode;
use serde_json::{Map, Value, json};

/// The resource that a request is about, as messages name it.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub(crate) struct Named<'a> {
    /// `apps`; empty for the core group.
    pub group: &'a str,
    /// The plural, or the kind where upstream says it.
    pub resource: &'a str,
    /// The object's name; empty where the request names none.
    pub name: &'a str,
}

impl Named<'_> {
    /// `deployments.apps`, `pods`.
    fn qualified(&self) -> String {
        match self.group.is_empty() {
            true => self.resource.to_owned(),
            false => format!("{}.{}", self.resource, self.group),
        }
    }
}

/// One thing that is wrong with an object.
#[derive(Clone, PartialEq, Eq, Debug)]
pub(crate) struct Cause {
    /// `FieldValueRequired` and the like.
    pub reason: &'static str,
    /// What is wrong, without the field.
    pub message: String,
    /// `spec.containers[0].name`.
    pub field: String,
}

impl From<api::validation::Error> for Cause {
    fn from(error: api::validation::Error) -> Self {
        Self { reason: error.kind.reason(), message: error.body(), field: error.field }
    }
}

/// A failure, ready to be answered.
#[derive(Clone, PartialEq, Debug, thiserror::Error)]
#[error("{message}")]
pub(crate) struct Failure {
    /// HTTP's status.
    pub code: StatusCode,
    /// One word for machines; empty where upstream has none.
    pub reason: &'static str,
    /// For people.
    pub message: String,
    details: Map<String, Value>,
}

impl Failure {
    /// A failure without details.
    pub(crate) fn new(code: StatusCode, reason: &'static str, message: impl Into<String>) -> Self {
        Self { code, reason, message: message.into(), details: Map::new() }
    }

    fn about(mut self, of: Named<'_>) -> Self {
        for (key, value) in [("name", of.name), ("group", of.group), ("kind", of.resource)] {
            if !value.is_empty() {
                self.details.insert(key.into(), value.into());
            }
        }
        self
    }

    /// Says what in particular is wrong.
    #[must_use]
    pub(crate) fn because(mut self, causes: &[Cause]) -> Self {
        let causes = causes.iter().map(|cause| {
            let mut one = Map::new();
            for (key, text) in
                [("reason", cause.reason), ("message", &cause.message), ("field", &cause.field)]
            {
                if !text.is_empty() {
                    one.insert(key.into(), text.into());
                }
            }
            Value::Object(one)
        });
        self.details.insert("causes".into(), causes.collect());
        self
    }

    /// How long a client is to wait before it asks again.
    #[must_use]
    pub(crate) fn retry_after(mut self, seconds: u32) -> Self {
        self.details.insert("retryAfterSeconds".into(), seconds.into());
        self
    }

    /// Seconds for the header `Retry-After`.
    pub(crate) fn retry_seconds(&self) -> Option<u64> {
        self.details.get("retryAfterSeconds").and_then(Value::as_u64)
    }

    /// No such object.
    pub(crate) fn not_found(of: Named<'_>) -> Self {
        let text = format!("{} {:?} not found", of.qualified(), of.name);
        Self::new(StatusCode::NOT_FOUND, "NotFound", text).about(of)
    }

    /// No such path.
    pub(crate) fn no_such_resource() -> Self {
        let text = "the server could not find the requested resource";
        Self::new(StatusCode::NOT_FOUND, "NotFound", text)
    }

    /// The name is taken.
    pub(crate) fn already_exists(of: Named<'_>) -> Self {
        let text = format!("{} {:?} already exists", of.qualified(), of.name);
        Self::new(StatusCode::CONFLICT, "AlreadyExists", text).about(of)
    }

    /// Another writer was first, or a precondition does not hold.
    pub(crate) fn conflict(of: Named<'_>, why: &str) -> Self {
        let text =
            format!("Operation cannot be fulfilled on {} {:?}: {why}", of.qualified(), of.name);
        Self::new(StatusCode::CONFLICT, "Conflict", text).about(of)
    }

    /// [`Failure::conflict`] with registry's OptimisticLockErrorMsg.
    pub(crate) fn modified(of: Named<'_>) -> Self {
        Self::conflict(
            of,
            "the object has been modified; please apply your changes to the latest version and \
             try again",
        )
    }

    /// The object is not valid; `of.resource` is its kind.
    pub(crate) fn invalid(of: Named<'_>, causes: &[Cause]) -> Self {
        let said = |cause: &Cause| match cause.field.is_empty() {
            true => cause.message.clone(),
            false => format!("{}: {}", cause.field, cause.message),
        };
        let all = match causes {
            [one] => said(one),
            many => format!("[{}]", many.iter().map(said).collect::<Vec<_>>().join(", ")),
        };
        let text = format!("{} {:?} is invalid: {all}", of.qualified(), of.name);
        Self::new(StatusCode::UNPROCESSABLE_ENTITY, "Invalid", text).about(of).because(causes)
    }

    /// The request cannot be understood.
    pub(crate) fn bad_request(why: impl Into<String>) -> Self {
        Self::new(StatusCode::BAD_REQUEST, "BadRequest", why)
    }

    /// Nobody that we know.
    pub(crate) fn unauthorized() -> Self {
        Self::new(StatusCode::UNAUTHORIZED, "Unauthorized", "Unauthorized")
    }

    /// Known, and not allowed to.
    pub(crate) fn forbidden(of: Named<'_>, why: &str) -> Self {
        let what = match (of.resource.is_empty(), of.name.is_empty()) {
            (true, _) => format!("forbidden: {why}"),
            (false, true) => format!("{} is forbidden: {why}", of.qualified()),
            (false, false) => format!("{} {:?} is forbidden: {why}", of.qualified(), of.name),
        };
        Self::new(StatusCode::FORBIDDEN, "Forbidden", what).about(of)
    }

    /// The resource exists, the verb does not.
    pub(crate) fn not_supported(of: Named<'_>, action: &str) -> Self {
        let text = format!("{action} is not supported on resources of kind {:?}", of.qualified());
        Self::new(StatusCode::METHOD_NOT_ALLOWED, "MethodNotAllowed", text).about(of)
    }

    /// The revision is compacted, or older than what a watch can begin at.
    pub(crate) fn expired(why: impl Into<String>) -> Self {
        Self::new(StatusCode::GONE, "Expired", why)
    }

    /// A revision that this server has not seen yet.
    pub(crate) fn too_large_revision(asked: u64, current: u64) -> Self {
        let text = format!("Too large resource version: {asked}, current: {current}");
        let cause = Cause {
            reason: "ResourceVersionTooLarge",
            message: "Too large resource version".into(),
            field: String::new(),
        };
        Self::new(StatusCode::GATEWAY_TIMEOUT, "Timeout", text).because(&[cause]).retry_after(1)
    }

    /// The body is of a type that we do not read.
    pub(crate) fn unsupported_media(accepted: &[&str]) -> Self {
        let text = format!(
            "the body of the request was in an unknown format - accepted media types include: {}",
            accepted.join(", ")
        );
        Self::new(StatusCode::UNSUPPORTED_MEDIA_TYPE, "UnsupportedMediaType", text)
    }

    /// The client reads none of the types that we write.
    pub(crate) fn not_acceptable(offered: &[&str]) -> Self {
        let text = format!("only the following media types are accepted: {}", offered.join(", "));
        Self::new(StatusCode::NOT_ACCEPTABLE, "NotAcceptable", text)
    }

    /// The body is longer than what is read.
    pub(crate) fn too_large(limit: usize) -> Self {
        let text = format!("Request entity too large: limit is {limit}");
        Self::new(StatusCode::PAYLOAD_TOO_LARGE, "RequestEntityTooLarge", text)
    }

    /// Another server's answer that is none, with what it said (NewGenericServerResponse).
    pub(crate) fn of_server(code: StatusCode, resource: &str, name: &str, said: &str) -> Self {
        let (reason, text) = match code {
            StatusCode::NOT_FOUND => {
                ("NotFound", "the server could not find the requested resource".to_owned())
            }
            StatusCode::UNAUTHORIZED => (
                "Unauthorized",
                "the server has asked for the client to provide credentials".to_owned(),
            ),
            StatusCode::FORBIDDEN => ("Forbidden", said.to_owned()),
            StatusCode::SERVICE_UNAVAILABLE => {
                let why = "the server is currently unable to handle the request";
                ("ServiceUnavailable", why.to_owned())
            }
            StatusCode::GATEWAY_TIMEOUT => {
                let why = "the server was unable to return a response in the time allotted, but \
                           may still be processing the request";
                ("Timeout", why.to_owned())
            }
            code if code.is_server_error() => {
                let why = format!(
                    "an error on the server ({said:?}) has prevented the request from succeeding"
                );
                ("InternalError", why)
            }
            code => {
                let why = format!(
                    "the server responded with the status code {} but did not return more \
                     information",
                    code.as_u16()
                );
                ("", why)
            }
        };
        Self::new(code, reason, format!("{text} ( {resource} {name})")).about(Named {
            group: "",
            resource,
            name,
        })
    }

    /// Something of ours went wrong.
    pub(crate) fn internal(why: impl std::fmt::Display) -> Self {
        let text = format!("Internal error occurred: {why}");
        Self::new(StatusCode::INTERNAL_SERVER_ERROR, "InternalError", text)
    }

    /// The storage cannot be reached now, and whether a write happened is not known.
    pub(crate) fn unavailable(why: impl Into<String>) -> Self {
        Self::new(StatusCode::SERVICE_UNAVAILABLE, "ServiceUnavailable", why)
    }

    /// The `Status` object.
    pub(crate) fn status(&self) -> Value {
        let mut status = Map::new();
        status.insert("kind".into(), "Status".into());
        status.insert("apiVersion".into(), "v1".into());
        status.insert("metadata".into(), json!({}));
        status.insert("status".into(), "Failure".into());
        status.insert("message".into(), self.message.as_str().into());
        if !self.reason.is_empty() {
            status.insert("reason".into(), self.reason.into());
        }
        if !self.details.is_empty() || matches!(self.reason, "NotFound" | "Forbidden" | "Timeout") {
            status.insert("details".into(), Value::Object(self.details.clone()));
        }
        status.insert("code".into(), self.code.as_u16().into());
        Value::Object(status)
    }
}
