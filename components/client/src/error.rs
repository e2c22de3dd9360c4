//! Why a request did not give what was asked for, told apart by what a caller may do about it.
//!
//! Upstream: apimachinery/pkg/api/errors/errors.go.

use serde_json::Value;
use std::time::Duration;

/// One thing that is wrong.
#[derive(Clone, PartialEq, Eq, Debug, Default)]
pub struct Cause {
    /// `FieldValueRequired`, `ResourceVersionTooLarge`, …
    pub reason: String,
    /// For people.
    pub message: String,
    /// `spec.replicas`.
    pub field: String,
}

/// A server's refusal: `metav1.Status`.
#[derive(Clone, PartialEq, Eq, Debug, Default)]
pub struct Status {
    /// HTTP's.
    pub code: u16,
    /// One word for machines: `NotFound`.
    pub reason: String,
    /// For people.
    pub message: String,
    /// The object's name, or nothing.
    pub name: String,
    /// What in particular is wrong.
    pub causes: Vec<Cause>,
    /// When to ask again, if the server says.
    pub retry_after: Option<Duration>,
}

impl Status {
    /// Reads a `Status`; none: it is something else.
    pub fn read(value: &Value) -> Option<Self> {
        if value.get("kind")?.as_str()? != "Status" {
            return None;
        }
        let text = |value: &Value, member: &str| {
            value.get(member).and_then(Value::as_str).unwrap_or_default().to_owned()
        };
        let nothing = Value::Null;
        let details = value.get("details").unwrap_or(&nothing);
        let causes = details.get("causes").and_then(Value::as_array).into_iter().flatten();
        let cause = |cause: &Value| Cause {
            reason: text(cause, "reason"),
            message: text(cause, "message"),
            field: text(cause, "field"),
        };
        let code = value.get("code").and_then(Value::as_u64).unwrap_or(0);
        let seconds = details.get("retryAfterSeconds").and_then(Value::as_u64);
        Some(Self {
            code: u16::try_from(code).unwrap_or(0),
            reason: text(value, "reason"),
            message: text(value, "message"),
            name: text(details, "name"),
            causes: causes.map(cause).collect(),
            retry_after: seconds.filter(|seconds| *seconds > 0).map(Duration::from_secs),
        })
    }

    /// What a status of HTTP means whose body is not a `Status` (`NewGenericServerResponse`).
    pub(crate) fn generic(code: u16, method: &http::Method, body: &str) -> Self {
        let (reason, message) = match code {
            400 => ("BadRequest", "the server rejected our request for an unknown reason"),
            401 => ("Unauthorized", "the server has asked for the client to provide credentials"),
            403 => ("Forbidden", "the server does not allow access to the requested resource"),
            404 => ("NotFound", "the server could not find the requested resource"),
            405 => (
                "MethodNotAllowed",
                "the server does not allow this method on the requested resource",
            ),
            406 => (
                "NotAcceptable",
                "the server was unable to respond with a content type that the client supports",
            ),
            409 if method == http::Method::POST => {
                ("AlreadyExists", "the server reported a conflict")
            }
            409 => ("Conflict", "the server reported a conflict"),
            410 => ("Gone", "the requested resource is no longer available"),
            415 => ("UnsupportedMediaType", "the server does not support the media type"),
            422 => ("Invalid", "the server rejected our request due to an error in our request"),
            429 => (
                "TooManyRequests",
                "the server has received too many requests and has asked us to try again later",
            ),
            503 => ("ServiceUnavailable", "the server is currently unable to handle the request"),
            504 => (
                "Timeout",
                "the server was unable to return a response in the time allotted, but may still \
                 be processing the request",
            ),
            500.. => ("InternalError", ""),
            _ => ("", ""),
        };
        let message = match (message, code) {
            ("", 500..) => format!(
                "an error on the server ({body:?}) has prevented the request from succeeding"
            ),
            ("", _) => format!(
                "the server responded with the status code {code} but did not return more \
                 information"
            ),
            (message, _) => message.to_owned(),
        };
        Self { code, reason: reason.to_owned(), message, ..Self::default() }
    }
}

/// Why there is no answer, or not the one that was hoped for.
#[derive(Clone, PartialEq, Eq, Debug, thiserror::Error)]
pub enum Error {
    /// The server refused.
    #[error("{}", .0.message)]
    Refused(Box<Status>),
    /// No server could be reached: nothing was asked.
    #[error("{0}")]
    Unreachable(String),
    /// The connection broke: the request may have been carried out.
    #[error("{0}")]
    Lost(String),
    /// Time was up: the request may have been carried out, or may yet be.
    #[error("context deadline exceeded")]
    Elapsed,
    /// The answer cannot be read.
    #[error("unable to decode the answer: {0}")]
    Malformed(String),
    /// The answer is longer than the configuration allows.
    #[error("the answer is longer than {0} bytes")]
    TooLong(usize),
    /// The request cannot be sent: a name or a header that HTTP does not allow.
    #[error("the request is malformed: {0}")]
    Request(String),
}

impl From<Status> for Error {
    fn from(status: Status) -> Self {
        Self::Refused(Box::new(status))
    }
}

impl Error {
    /// The server's refusal, if it is one.
    pub fn status(&self) -> Option<&Status> {
        match self {
            Self::Refused(status) => Some(status),
            _ => None,
        }
    }

    /// One word for machines; empty where there is none.
    pub fn reason(&self) -> &str {
        self.status().map_or("", |status| &status.reason)
    }

    /// HTTP's status; zero where no server spoke.
    pub fn code(&self) -> u16 {
        self.status().map_or(0, |status| status.code)
    }

    /// By reason, or by code where the reason is none that upstream knows.
    fn is(&self, reason: &str, code: u16) -> bool {
        let said = self.reason();
        said == reason || (self.code() == code && said.is_empty())
    }

    /// No such object.
    pub fn is_not_found(&self) -> bool {
        self.is("NotFound", 404)
    }

    /// The name is taken.
    pub fn is_already_exists(&self) -> bool {
        self.reason() == "AlreadyExists"
    }

    /// Another writer was first.
    pub fn is_conflict(&self) -> bool {
        self.is("Conflict", 409)
    }

    /// The object is not valid.
    pub fn is_invalid(&self) -> bool {
        self.is("Invalid", 422)
    }

    /// Not allowed.
    pub fn is_forbidden(&self) -> bool {
        self.is("Forbidden", 403)
    }

    /// The server's own fault.
    pub fn is_internal(&self) -> bool {
        self.is("InternalError", 500)
    }

    /// The server has too much to do.
    pub fn is_too_many_requests(&self) -> bool {
        self.reason() == "TooManyRequests" || self.code() == 429
    }

    /// The resource version is older than what the server can still tell of.
    pub fn is_expired(&self) -> bool {
        matches!(self.reason(), "Expired" | "Gone") || (self.code() == 410)
    }

    /// The resource version is newer than what the server knows (client-go's
    /// `isTooLargeResourceVersionError`, with its fall-backs for old servers).
    pub fn is_too_large_resource_version(&self) -> bool {
        let Some(status) = self.status() else { return false };
        let cause = |cause: &Cause| {
            cause.reason == "ResourceVersionTooLarge"
                || cause.message == "Too large resource version"
        };
        status.reason == "Timeout"
            && (status.causes.iter().any(cause)
                || status.message.contains("Too large resource version"))
    }

    /// No server could be reached.
    pub fn is_unreachable(&self) -> bool {
        matches!(self, Self::Unreachable(_))
    }

    /// A write that ended so may have had its effect, or may have it yet.
    pub fn is_unknown(&self) -> bool {
        match self {
            Self::Lost(_) | Self::Elapsed | Self::Malformed(_) | Self::TooLong(_) => true,
            Self::Refused(status) => status.code >= 500,
            Self::Unreachable(_) | Self::Request(_) => false,
        }
    }

    /// When the server wants to be asked again.
    pub fn retry_after(&self) -> Option<Duration> {
        self.status()?.retry_after
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use serde_json::json;

    #[test]
    fn a_status_says_what_to_do() {
        let status = json!({"kind": "Status", "code": 504, "reason": "Timeout",
            "message": "Timeout: Too large resource version: 9, current: 3",
            "details": {"name": "a", "retryAfterSeconds": 1,
                "causes": [{"reason": "ResourceVersionTooLarge", "message": "m", "field": "f"}]}});
        let error = Error::from(Status::read(&status).unwrap());
        assert!(error.is_too_large_resource_version() && !error.is_expired());
        assert_eq!(error.retry_after(), Some(Duration::from_secs(1)));
        assert_eq!(error.status().unwrap().causes[0].field, "f");
        assert_eq!(Status::read(&json!({"kind": "Pod"})), None);
    }

    #[test]
    fn a_code_without_a_status_has_a_reason() {
        use http::Method;
        for (code, method, reason) in [
            (404, Method::GET, "NotFound"),
            (409, Method::POST, "AlreadyExists"),
            (409, Method::PUT, "Conflict"),
            (410, Method::GET, "Gone"),
            (429, Method::GET, "TooManyRequests"),
            (502, Method::GET, "InternalError"),
            (418, Method::GET, ""),
        ] {
            assert_eq!(Status::generic(code, &method, "x").reason, reason, "{code}");
        }
    }

    #[test]
    fn what_may_have_happened_is_told_from_what_did_not() {
        let refused = |code| Error::from(Status { code, ..Status::default() });
        for (error, unknown) in [
            (refused(409), false),
            (refused(504), true),
            (Error::Unreachable(String::new()), false),
            (Error::Lost(String::new()), true),
            (Error::Elapsed, true),
        ] {
            assert_eq!(error.is_unknown(), unknown, "{error:?}");
        }
    }
}
