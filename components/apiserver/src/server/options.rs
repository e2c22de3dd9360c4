//! What a request says beside its path and its object: how it is to be read, written or deleted.
//!
//! Upstream: apimachinery/pkg/apis/meta/v1/validation and meta/internalversion/validation.

use super::{Asked, Server, body};
use crate::{
    failure::{Cause, Failure, Named},
    registry::{Deletion, Freshness, Writing},
};
use api::protobuf::Envelope;
use bytes::Bytes;
use serde_json::Value;

/// Longest name of a manager (fieldManager).
const MANAGER_LENGTH_MAX: usize = 128;

/// What is wrong with options, of which all is told at once.
#[derive(Default)]
struct Faults(Vec<Cause>);

impl Faults {
    fn add(&mut self, field: &str, reason: &'static str, message: impl Into<String>) {
        self.0.push(Cause { reason, message: message.into(), field: field.into() });
    }

    fn forbid(&mut self, field: &str, why: &str) {
        self.add(field, "FieldValueForbidden", format!("Forbidden: {why}"));
    }

    fn unsupported(&mut self, field: &str, value: &str, supported: &str) {
        let text = format!("Unsupported value: {value}: supported values: {supported}");
        self.add(field, "FieldValueNotSupported", text);
    }

    /// Nothing is wrong, or options of that kind are invalid.
    fn judge(self, kind: &str) -> Result<(), Failure> {
        match self.0.is_empty() {
            true => Ok(()),
            false => {
                let of = Named { group: "meta.k8s.io", resource: kind, name: "" };
                Err(Failure::invalid(of, &self.0))
            }
        }
    }
}

/// `resourceVersion` and `resourceVersionMatch` of a list.
pub(super) fn freshness(asked: &Asked) -> Result<Freshness, Failure> {
    let get = |name: &str| asked.query.get(name).unwrap_or_default();
    let (revision, matching) = (get("resourceVersion"), get("resourceVersionMatch"));
    let mut faults = Faults::default();
    let field = "resourceVersionMatch";
    if !matching.is_empty() {
        if revision.is_empty() {
            let why = "resourceVersionMatch is forbidden unless resourceVersion is provided";
            faults.forbid(field, why);
        }
        if !get("continue").is_empty() {
            faults.forbid(field, "resourceVersionMatch is forbidden when continue is provided");
        }
        if !matches!(matching, "Exact" | "NotOlderThan") {
            let value = format!("{matching:?}");
            faults.unsupported(field, &value, "\"Exact\", \"NotOlderThan\", \"\"");
        }
        if (matching, revision) == ("Exact", "0") {
            let why = "resourceVersionMatch \"exact\" is forbidden for resourceVersion \"0\"";
            faults.forbid(field, why);
        }
    }
    if asked.query.get("sendInitialEvents").is_some() {
        faults.forbid("sendInitialEvents", "sendInitialEvents is forbidden for list");
    }
    faults.judge("ListOptions")?;
    if !get("continue").is_empty() && !matches!(revision, "" | "0") {
        return Err(Failure::bad_request(
            "specifying resource version is not allowed when using continue",
        ));
    }
    match (revision, matching) {
        ("", _) => Ok(Freshness::Newest),
        (text, "Exact") => Ok(Freshness::Exact(number(text)?)),
        (text, _) => not_older(text),
    }
}

/// `resourceVersion` alone: of a single object, or where a watch's first list is taken from.
pub(super) fn not_older(revision: &str) -> Result<Freshness, Failure> {
    match revision {
        "" => Ok(Freshness::Newest),
        "0" => Ok(Freshness::Any),
        text => Ok(Freshness::NotOlder(number(text)?)),
    }
}

/// Where a watch begins, whether with all objects, and whether it tells where these end.
pub(super) fn beginning(asked: &Asked) -> Result<(Freshness, bool, bool), Failure> {
    let query = &asked.query;
    let initial = query.get("sendInitialEvents").map(|_| query.is_true("sendInitialEvents"));
    let get = |name: &str| query.get(name).unwrap_or_default();
    let (revision, matching) = (get("resourceVersion"), get("resourceVersionMatch"));
    let mut faults = Faults::default();
    let field = "resourceVersionMatch";
    if initial.is_some() && matching != "NotOlderThan" {
        let why = "sendInitialEvents requires setting resourceVersionMatch to NotOlderThan";
        faults.forbid(field, why);
    }
    if !matching.is_empty() && initial.is_none() {
        let why =
            "resourceVersionMatch is forbidden for watch unless sendInitialEvents is provided";
        faults.forbid(field, why);
    }
    if !matches!(matching, "" | "NotOlderThan") {
        faults.unsupported(field, &format!("{matching:?}"), "\"NotOlderThan\"");
    }
    if !matching.is_empty() && !get("continue").is_empty() {
        faults.forbid(field, "resourceVersionMatch is forbidden when continue is provided");
    }
    faults.judge("ListOptions")?;
    let (from, all) = match (initial, revision) {
        (Some(true), text) => (not_older(text)?, true),
        (Some(false), "") => (Freshness::Exact(0), false),
        (None, "") => (Freshness::Newest, true),
        (None, "0") => (Freshness::Any, true),
        (_, text) => (Freshness::Exact(number(text)?), false),
    };
    Ok((from, all, initial == Some(true)))
}

fn number(revision: &str) -> Result<u64, Failure> {
    revision.parse().map_err(|_| {
        let why = format!(
            "resourceVersion: Invalid value: {revision:?}: strconv.ParseUint: parsing \
             {revision:?}: invalid syntax"
        );
        Failure::bad_request(why)
    })
}

/// `dryRun`, `fieldManager`, `fieldValidation` and `force`.
pub(super) fn writing(asked: &Asked) -> Result<Writing, Failure> {
    let kind = match asked.info.verb {
        "create" => "CreateOptions",
        "patch" => "PatchOptions",
        "delete" | "deletecollection" => "DeleteOptions",
        _ => "UpdateOptions",
    };
    let given = asked.query.get("fieldManager").unwrap_or_default();
    let mut faults = Faults::default();
    if kind == "PatchOptions" {
        check_apply(asked, given, &mut faults);
    }
    check_manager(given, &mut faults);
    let dry_run = dry_run(asked.query.all("dryRun"), &mut faults);
    let validation = asked.query.get("fieldValidation").unwrap_or_default();
    if kind != "DeleteOptions" && !matches!(validation, "" | "Ignore" | "Strict" | "Warn") {
        let supported = "\"\", \"Ignore\", \"Strict\", \"Warn\"";
        faults.unsupported("fieldValidation", &format!("{validation:?}"), supported);
    }
    faults.judge(kind)?;
    let manager = match given.is_empty() {
        false => given.to_owned(),
        true => program(asked),
    };
    let (requester, notes) = (Some(asked.requester.clone()), asked.notes.clone());
    Ok(Writing { dry_run, manager, applied: false, requester, notes })
}

/// What comes before the first slash of `User-Agent` names the program.
fn program(asked: &Asked) -> String {
    let agent = asked.header(http::header::USER_AGENT).unwrap_or("unknown");
    agent.split('/').next().unwrap_or_default().chars().take(MANAGER_LENGTH_MAX).collect()
}

/// An apply says who it is, and only an apply takes others' fields.
fn check_apply(asked: &Asked, manager: &str, faults: &mut Faults) {
    let applies = body::media(asked) == body::APPLY;
    if !applies && asked.query.get("force").is_some() {
        faults.forbid("force", "may not be specified for non-apply patch");
    }
    if applies && manager.is_empty() {
        let text = "Required value: is required for apply patch";
        faults.add("fieldManager", "FieldValueRequired", text);
    }
}

fn check_manager(manager: &str, faults: &mut Faults) {
    let field = "fieldManager";
    if manager.len() > MANAGER_LENGTH_MAX {
        let text = format!("Too long: may not be more than {MANAGER_LENGTH_MAX} bytes");
        faults.add(field, "FieldValueTooLong", text);
    }
    for (at, letter) in manager.char_indices().filter(|(_, letter)| letter.is_control()) {
        let code = u32::from(letter);
        let text = format!(
            "Invalid value: {manager:?}: invalid character U+{code:04X} (at position {at})"
        );
        faults.add(field, "FieldValueInvalid", text);
    }
}

fn dry_run(values: &[String], faults: &mut Faults) -> bool {
    if values.iter().any(|value| value != "All") {
        let quoted: Vec<String> = values.iter().map(|value| format!("{value:?}")).collect();
        let value = format!("[]string{{{}}}", quoted.join(", "));
        faults.unsupported("dryRun", &value, "\"All\"");
    }
    !values.is_empty()
}

impl Server {
    /// A deletion's options: in the body, or else in the query.
    pub(super) fn deletion(
        &self,
        asked: &Asked,
        bytes: &Bytes,
    ) -> Result<(Deletion, Writing), Failure> {
        let mut how = writing(asked)?;
        let mut options = match (bytes.is_empty(), body::media(asked)) {
            (true, _) => Deletion::default(),
            (false, body::PROTOBUF) => deletion_of(self.delete_options(bytes)?)?,
            (false, _) => {
                let json = body::as_json(asked, bytes)?.0;
                deletion_of(serde_json::from_slice(&json).map_err(unreadable)?)?
            }
        };
        if bytes.is_empty() {
            options.grace_period_seconds =
                asked.query.number("gracePeriodSeconds").map_err(Failure::bad_request)?;
            options.propagation_policy = asked.query.get("propagationPolicy").map(str::to_owned);
        }
        let mut faults = Faults::default();
        how.dry_run |= dry_run(options.dry_run.as_deref().unwrap_or_default(), &mut faults);
        if let Some(policy) = options.propagation_policy.as_deref()
            && !matches!(policy, "Foreground" | "Background" | "Orphan")
        {
            let supported = "\"Foreground\", \"Background\", \"Orphan\", \"nil\"";
            faults.unsupported("propagationPolicy", &format!("{policy:?}"), supported);
        }
        faults.judge("DeleteOptions")?;
        Ok((options, how))
    }

    fn delete_options(&self, bytes: &[u8]) -> Result<Value, Failure> {
        let schemas = &self.registry.schemas;
        let id = schemas.named("io.k8s.apimachinery.pkg.apis.meta.v1.DeleteOptions");
        let id = id.ok_or_else(|| Failure::internal("DeleteOptions are unknown"))?;
        let envelope = Envelope::decode(bytes).map_err(unreadable)?;
        let decoded = self.registry.codec.decode(schemas, id, envelope.raw);
        decoded.map(Value::Object).map_err(unreadable)
    }
}

fn deletion_of(options: Value) -> Result<Deletion, Failure> {
    serde_json::from_value(options).map_err(unreadable)
}

fn unreadable(error: impl std::fmt::Display) -> Failure {
    Failure::bad_request(format!("DeleteOptions: {error}"))
}
