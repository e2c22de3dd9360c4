//! What a request about objects says besides which: how fresh, by whom, whether in earnest.
//!
//! Upstream: apimachinery/pkg/apis/meta/v1 (GetOptions and its like), and their validation.

use super::{Asked, body};
use crate::{
    failure::Failure,
    registry::{Deletion, Freshness, Writing},
};
use bytes::Bytes;

/// Longest name of a manager (fieldManager).
const MANAGER_LENGTH_MAX: usize = 128;

/// `resourceVersion` and `resourceVersionMatch`.
pub(super) fn freshness(asked: &Asked) -> Result<Freshness, Failure> {
    let matching = asked.query.get("resourceVersionMatch").unwrap_or_default();
    match (asked.query.get("resourceVersion").unwrap_or_default(), matching) {
        ("", "") => Ok(Freshness::Newest),
        ("", _) => Err(Failure::bad_request(
            "resourceVersionMatch: Forbidden: resourceVersionMatch is forbidden unless \
             resourceVersion is provided",
        )),
        ("0", "" | "NotOlderThan") => Ok(Freshness::Any),
        (text, "" | "NotOlderThan") => Ok(Freshness::NotOlder(number(text)?)),
        ("0", "Exact") => Err(Failure::bad_request(
            "resourceVersionMatch: Forbidden: resourceVersionMatch \"Exact\" is forbidden for \
             resourceVersion \"0\"",
        )),
        (text, "Exact") => Ok(Freshness::Exact(number(text)?)),
        (_, other) => Err(Failure::bad_request(format!(
            "resourceVersionMatch: Unsupported value: {other:?}: supported values: \"Exact\", \
             \"NotOlderThan\", \"\""
        ))),
    }
}

/// A revision.
pub(super) fn number(revision: &str) -> Result<u64, Failure> {
    revision.parse().map_err(|_| {
        let why = format!(
            "resourceVersion: Invalid value: {revision:?}: strconv.ParseUint: parsing \
             {revision:?}: invalid syntax"
        );
        Failure::bad_request(why)
    })
}

/// `dryRun` and `fieldManager`.
pub(super) fn writing(asked: &Asked) -> Result<Writing, Failure> {
    let dry_run = dry_run(asked.query.all("dryRun"))?;
    let manager = match asked.query.get("fieldManager").filter(|name| !name.is_empty()) {
        Some(name) if name.len() > MANAGER_LENGTH_MAX => {
            return Err(Failure::bad_request(format!(
                "fieldManager: Too long: may not be more than {MANAGER_LENGTH_MAX} bytes"
            )));
        }
        Some(name) => name.to_owned(),
        // What comes before the first slash names the program.
        None => {
            let agent = asked.header(http::header::USER_AGENT).unwrap_or("unknown");
            agent.split('/').next().unwrap_or_default().chars().take(MANAGER_LENGTH_MAX).collect()
        }
    };
    let (requester, notes) = (Some(asked.requester.clone()), asked.notes.clone());
    Ok(Writing { dry_run, manager, applied: false, requester, notes })
}

fn dry_run(values: &[String]) -> Result<bool, Failure> {
    match values {
        [] => Ok(false),
        all if all.iter().all(|value| value == "All") => Ok(true),
        other => Err(Failure::bad_request(format!(
            "dryRun: Unsupported value: {:?}: supported values: \"All\"",
            other.join(",")
        ))),
    }
}

/// A deletion's options: in the body, or else in the query.
pub(super) fn deletion(asked: &Asked, bytes: &Bytes) -> Result<(Deletion, Writing), Failure> {
    let mut how = writing(asked)?;
    let mut options = match bytes.is_empty() {
        true => Deletion::default(),
        false => serde_json::from_slice(&body::as_json(asked, bytes)?)
            .map_err(|error| Failure::bad_request(format!("DeleteOptions: {error}")))?,
    };
    if bytes.is_empty() {
        options.grace_period_seconds =
            asked.query.number("gracePeriodSeconds").map_err(Failure::bad_request)?;
        options.propagation_policy = asked.query.get("propagationPolicy").map(str::to_owned);
    }
    how.dry_run |= dry_run(options.dry_run.as_deref().unwrap_or_default())?;
    Ok((options, how))
}
