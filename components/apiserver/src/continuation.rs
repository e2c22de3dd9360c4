//! The token that says where a list's next page begins.
//!
//! Upstream: apiserver/pkg/storage/continue.go. Clients hand it back and never look inside.

use crate::failure::Failure;
use api::decode;
use base64::{DecodeError, Engine, engine::general_purpose::URL_SAFE_NO_PAD};

/// A place in a range, at a revision.
#[derive(Clone, PartialEq, Eq, Debug)]
pub(crate) struct Continuation {
    /// As of which all pages are read.
    pub(crate) revision: u64,
    /// The first key of the next page, behind the range's prefix.
    pub(crate) start: String,
}

#[derive(Default, serde::Serialize, serde::Deserialize)]
#[serde(default)]
struct Token {
    v: String,
    rv: i64,
    start: String,
}

const VERSION: &str = "meta.k8s.io/v1";
const INVALID: &str = "continue key is not valid";

fn invalid(why: &str) -> Failure {
    Failure::bad_request(format!("invalid continue token: {why}"))
}

fn read(token: &str) -> Result<Token, Failure> {
    let bytes = URL_SAFE_NO_PAD.decode(token).map_err(|error| {
        let place = match error {
            DecodeError::InvalidByte(at, _) | DecodeError::InvalidLastSymbol(at, _) => at,
            DecodeError::InvalidLength(_) | DecodeError::InvalidPadding => token.len(),
        };
        invalid(&format!("{INVALID}: illegal base64 data at input byte {place}"))
    })?;
    let value = decode::decode_any(&bytes);
    let value = value.map_err(|error| invalid(&format!("{INVALID}: {error}")))?.value;
    serde_json::from_value(value).map_err(|error| invalid(&format!("{INVALID}: {error}")))
}

impl Continuation {
    /// Reads a token.
    ///
    /// # Errors
    /// It is none of ours.
    pub(crate) fn parse(token: &str) -> Result<Self, Failure> {
        let token = read(token.trim_end_matches('='))?;
        if token.v != VERSION {
            return Err(invalid(&format!(
                "{INVALID}: server does not recognize this encoded version {}",
                token.v
            )));
        }
        let revision = u64::try_from(token.rv).ok().filter(|revision| *revision > 0);
        let Some(revision) = revision else {
            return Err(invalid(&format!(
                "{INVALID}: incorrect encoded start resourceVersion (version {VERSION})"
            )));
        };
        if token.start.is_empty() {
            let text = format!("{INVALID}: encoded start key empty (version {VERSION})");
            return Err(invalid(&text));
        }
        // A start that climbs out of its range would read what was not authorized.
        if token.start.split('/').any(|part| part == ".." || part == ".") {
            return Err(invalid(&format!("{INVALID}: {}", token.start)));
        }
        Ok(Self { revision, start: token.start })
    }

    /// Writes a token.
    pub(crate) fn token(&self) -> String {
        let rv = i64::try_from(self.revision).unwrap_or(i64::MAX);
        let token = Token { v: VERSION.into(), rv, start: self.start.clone() };
        // Two texts and a number can always be written.
        URL_SAFE_NO_PAD.encode(serde_json::to_vec(&token).unwrap_or_default())
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_token_comes_back_and_nothing_else_is_taken() {
        let place = Continuation { revision: 7, start: "default/a\0".into() };
        assert_eq!(Continuation::parse(&place.token()), Ok(place));
        let token = |rv: i64, start: &str| {
            let token = Token { v: VERSION.into(), rv, start: start.into() };
            URL_SAFE_NO_PAD.encode(serde_json::to_vec(&token).unwrap())
        };
        let start = "incorrect encoded start resourceVersion (version meta.k8s.io/v1)";
        let cases = [
            ("*".to_owned(), "illegal base64 data at input byte 0"),
            (URL_SAFE_NO_PAD.encode("{"), "unexpected end of JSON input"),
            (URL_SAFE_NO_PAD.encode("{}"), "server does not recognize this encoded version "),
            (token(0, "a"), start),
            (token(1, ""), "encoded start key empty (version meta.k8s.io/v1)"),
            (token(1, "../x"), "../x"),
        ];
        for (bad, why) in cases {
            let why = format!("invalid continue token: {INVALID}: {why}");
            assert_eq!(Continuation::parse(&bad).map_err(|it| it.message), Err(why), "{bad}");
        }
    }
}
