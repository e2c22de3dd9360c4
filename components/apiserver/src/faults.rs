//! What is wrong with members of a configuration, in the form and words of API objects' complaints.
//!
//! Upstream: apimachinery/pkg/util/validation/field/errors.go, util/validation/validation.go.

use api::{
    names,
    validation::{Error, ErrorKind},
};
use serde_json::Value;

fn error(kind: ErrorKind, field: &str, value: Option<Value>, detail: impl Into<String>) -> Error {
    Error { kind, field: field.to_owned(), value, detail: detail.into() }
}

pub(crate) fn required(field: &str, detail: impl Into<String>) -> Error {
    error(ErrorKind::Required, field, None, detail)
}

pub(crate) fn invalid(field: &str, value: impl Into<Value>, detail: impl Into<String>) -> Error {
    error(ErrorKind::Invalid, field, Some(value.into()), detail)
}

pub(crate) fn forbidden(field: &str, detail: impl Into<String>) -> Error {
    error(ErrorKind::Forbidden, field, None, detail)
}

pub(crate) fn duplicate(field: &str, value: &str) -> Error {
    error(ErrorKind::Duplicate, field, Some(value.into()), "")
}

pub(crate) fn too_many(field: &str, count: usize, most: usize) -> Error {
    let detail = format!("must have at most {most} items");
    error(ErrorKind::TooMany, field, Some(count.into()), detail)
}

pub(crate) fn not_supported(field: &str, value: &str, supported: &[&str]) -> Error {
    let supported: Vec<_> = supported.iter().map(|one| format!("{one:?}")).collect();
    let detail = format!("supported values: {}", supported.join(", "));
    error(ErrorKind::NotSupported, field, Some(value.into()), detail)
}

/// What a path may be made of (RFC 3986).
fn is_path_letter(letter: char) -> bool {
    letter.is_ascii_alphanumeric() || "/-._~%!$&'()*+,;=:".contains(letter)
}

/// What is wrong with `example.com/name` (IsDomainPrefixedPath).
pub(crate) fn domain_prefixed_path(field: &str, text: &str) -> Vec<Error> {
    if text.is_empty() {
        return vec![required(field, "")];
    }
    let (host, path) = match text.split_once('/') {
        Some((host, path)) if !host.is_empty() && !path.is_empty() => (host, path),
        _ => {
            let why = "must be a domain-prefixed path (such as \"acme.io/foo\")";
            return vec![invalid(field, text, why)];
        }
    };
    let told = names::dns_subdomain(host);
    let mut faults: Vec<_> = told.into_iter().map(|why| invalid(field, host, why)).collect();
    if !path.chars().all(is_path_letter) {
        let why = "Invalid path (regex used for validation is \
                   '[A-Za-z0-9/\\-._~%!$&'()*+,;=:]+')";
        faults.push(invalid(field, path, why));
    }
    faults
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn paths_begin_with_a_domain() {
        for (text, why) in [
            ("example.com/a/b", None),
            ("", Some("f: Required value")),
            (
                "example.com",
                Some("f: Invalid value: \"example.com\": must be a domain-prefixed path"),
            ),
            ("example.com/", Some("f: Invalid value: \"example.com/\": must be a domain-prefixed")),
            ("Example.com/a", Some("f: Invalid value: \"Example.com\": a lowercase RFC 1123")),
            ("example.com/a b", Some("f: Invalid value: \"a b\": Invalid path")),
        ] {
            let said = domain_prefixed_path("f", text);
            let first = said.first().map(ToString::to_string);
            assert_eq!(first.is_some(), why.is_some(), "{text}: {first:?}");
            assert!(why.is_none_or(|why| first.is_some_and(|it| it.starts_with(why))), "{text}");
        }
    }
}
