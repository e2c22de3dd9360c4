//! `AdmissionReview`: what a webhook is sent, and what its answer says.
//!
//! Upstream: apiserver/pkg/admission/plugin/webhook/request and errors.

use crate::{
    admission::{
        Attributes, expressions,
        pod::{items, text},
    },
    failure::{Cause, Failure},
};
use base64::{Engine, engine::general_purpose::STANDARD};
use http::StatusCode;
use serde_json::{Value, json};

const VERSION: &str = "admission.k8s.io/v1";
const KIND: &str = "AdmissionReview";

/// What a webhook says.
#[derive(Clone, PartialEq, Debug, Default)]
pub(super) struct Reviewed {
    pub(super) allowed: bool,
    /// Why not, as the webhook words it.
    pub(super) status: Value,
    /// A JSON patch.
    pub(super) patch: Option<Value>,
    pub(super) warnings: Vec<String>,
    pub(super) annotations: Vec<(String, String)>,
}

/// What is sent.
pub(super) fn request(write: &Attributes, uid: &str) -> Value {
    let mut request = expressions::request(write);
    request["uid"] = uid.into();
    request["object"] = write.object.clone();
    request["oldObject"] = write.old.clone();
    json!({"kind": KIND, "apiVersion": VERSION, "request": request})
}

/// Reads an answer to the request of that identity.
pub(super) fn read(answer: &Value, uid: &str, mutating: bool) -> Result<Reviewed, String> {
    let wrong = |why: String| format!("received invalid webhook response: {why}");
    let (kind, version) = (text(&answer["kind"]), text(&answer["apiVersion"]));
    if kind != KIND || version != VERSION {
        return Err(wrong(format!(
            "expected webhook response of {VERSION}, Kind={KIND}, got {version}, Kind={kind}"
        )));
    }
    let response = &answer["response"];
    if !response.is_object() {
        return Err(wrong("webhook response was absent".into()));
    }
    let said = text(&response["uid"]);
    if said != uid {
        return Err(wrong(format!("expected response.uid={uid:?}, got {said:?}")));
    }
    let patch = match response["patch"].as_str().filter(|patch| mutating && !patch.is_empty()) {
        None => None,
        Some(patch) => Some(decode(patch, text(&response["patchType"])).map_err(wrong)?),
    };
    let notes = response["auditAnnotations"].as_object().into_iter().flatten();
    Ok(Reviewed {
        allowed: response["allowed"] == true,
        status: response["status"].clone(),
        patch,
        warnings: items(&response["warnings"]).map(|one| text(one).to_owned()).collect(),
        annotations: notes.map(|(key, value)| (key.clone(), text(value).to_owned())).collect(),
    })
}

fn decode(patch: &str, kind: &str) -> Result<Value, String> {
    match kind {
        "" => return Err("webhook returned response.patch but not response.patchType".into()),
        "JSONPatch" => {}
        other => return Err(format!("webhook returned invalid response.patchType of {other:?}")),
    }
    let bytes = STANDARD.decode(patch).map_err(|error| error.to_string())?;
    serde_json::from_slice(&bytes).map_err(|error| error.to_string())
}

/// Reasons that failures have. A webhook may make up its own; none is told then.
const REASONS: [&str; 16] = [
    "AlreadyExists",
    "BadRequest",
    "Conflict",
    "Expired",
    "Forbidden",
    "Gone",
    "InternalError",
    "Invalid",
    "MethodNotAllowed",
    "NotAcceptable",
    "NotFound",
    "RequestEntityTooLarge",
    "ServiceUnavailable",
    "Timeout",
    "TooManyRequests",
    "Unauthorized",
];

/// What the client is told of a webhook's refusal.
pub(super) fn refusal(name: &str, status: &Value) -> Failure {
    let denied = format!("admission webhook {name:?} denied the request");
    let (message, said) = (text(&status["message"]), text(&status["reason"]));
    let text = match (message, said) {
        ("", "") => format!("{denied} without explanation"),
        ("", reason) => format!("{denied}: {reason}"),
        (message, _) => format!("{denied}: {message}"),
    };
    let code = status["code"].as_u64().and_then(|code| u16::try_from(code).ok());
    let code = code.filter(|code| *code >= 400).and_then(|code| StatusCode::from_u16(code).ok());
    let reason = REASONS.iter().find(|reason| **reason == said).copied().unwrap_or_default();
    let failure = Failure::new(code.unwrap_or(StatusCode::BAD_REQUEST), reason, text);
    let causes: Vec<Cause> = items(&status["details"]["causes"])
        .map(|cause| Cause {
            reason: "",
            message: crate::admission::pod::text(&cause["message"]).to_owned(),
            field: crate::admission::pod::text(&cause["field"]).to_owned(),
        })
        .collect();
    if causes.is_empty() { failure } else { failure.because(&causes) }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn answer(response: Value) -> Value {
        json!({"kind": KIND, "apiVersion": VERSION, "response": response})
    }

    #[test]
    fn answers_are_checked() {
        let said = |answer: &Value| read(answer, "u", true);
        let start = "received invalid webhook response: ";
        for (answer, expected) in [
            (
                json!({}),
                "expected webhook response of admission.k8s.io/v1, Kind=AdmissionReview, got , Kind=",
            ),
            (json!({"kind": KIND, "apiVersion": VERSION}), "webhook response was absent"),
            (answer(json!({"allowed": true})), "expected response.uid=\"u\", got \"\""),
            (
                answer(json!({"uid": "u", "allowed": true, "patch": "W10="})),
                "webhook returned response.patch but not response.patchType",
            ),
        ] {
            assert_eq!(said(&answer).unwrap_err(), format!("{start}{expected}"));
        }
        let good = answer(json!({
            "uid": "u", "allowed": true, "patch": "W10=", "patchType": "JSONPatch",
            "warnings": ["w"], "auditAnnotations": {"k": "v"},
        }));
        let read = said(&good).unwrap();
        assert_eq!(read.patch, Some(json!([])));
        assert_eq!((read.warnings, read.allowed), (vec!["w".to_owned()], true));
    }

    #[test]
    fn refusals_are_worded_as_upstream_words_them() {
        for (status, code, reason, message) in [
            (
                json!(null),
                400,
                "",
                "admission webhook \"a\" denied the request without explanation",
            ),
            (
                json!({"reason": "Forbidden"}),
                400,
                "Forbidden",
                "admission webhook \"a\" denied the request: Forbidden",
            ),
            (
                json!({"message": "no", "code": 403}),
                403,
                "",
                "admission webhook \"a\" denied the request: no",
            ),
            (
                json!({"message": "no", "code": 200}),
                400,
                "",
                "admission webhook \"a\" denied the request: no",
            ),
        ] {
            let failure = refusal("a", &status);
            assert_eq!(failure.code.as_u16(), code);
            assert_eq!((failure.reason, failure.message.as_str()), (reason, message));
        }
    }
}
