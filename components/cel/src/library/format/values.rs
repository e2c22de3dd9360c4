//! Formats of OpenAPI: `uri`, `uuid`, `byte`, `date`, `datetime`.
//!
//! Upstream: kube-openapi `pkg/validation/strfmt`.

use crate::{library::url::Url, value::Timestamp};
use base64::{Engine, engine::general_purpose::STANDARD};

fn unless(valid: bool, complaint: &str) -> Vec<String> {
    if valid { Vec::new() } else { vec![complaint.to_owned()] }
}

pub(super) fn uri(text: &str) -> Vec<String> {
    Url::parse(text).err().into_iter().collect()
}

/// Five groups of digits, with all of the dashes or none.
pub(super) fn uuid(text: &str) -> Vec<String> {
    let groups: Vec<usize> = text.split('-').map(str::len).collect();
    let shape = groups == [8, 4, 4, 4, 12] || groups == [32];
    let digits = text.bytes().all(|it| it.is_ascii_hexdigit() || it == b'-');
    unless(shape && digits, "does not match the UUID format")
}

pub(super) fn byte(text: &str) -> Vec<String> {
    unless(STANDARD.decode(text).is_ok(), "invalid base64")
}

pub(super) fn date(text: &str) -> Vec<String> {
    let valid = text.len() == 10 && Timestamp::parse(&format!("{text}T00:00:00Z")).is_some();
    unless(valid, "invalid date")
}

pub(super) fn datetime(text: &str) -> Vec<String> {
    unless(Timestamp::parse(&text.to_ascii_uppercase()).is_some(), "invalid datetime")
}
