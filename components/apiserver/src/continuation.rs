//! The token that says where a list's next page begins.
//!
//! Upstream: apiserver/pkg/storage/continue.go. Clients hand it back and never look inside.

use crate::failure::Failure;
use base64::{Engine, engine::general_purpose::URL_SAFE_NO_PAD};

/// A place in a range, at a revision.
#[derive(Clone, PartialEq, Eq, Debug)]
pub(crate) struct Continuation {
    /// As of which all pages are read.
    pub(crate) revision: u64,
    /// The first key of the next page, behind the range's prefix.
    pub(crate) start: String,
}

#[derive(serde::Serialize, serde::Deserialize)]
struct Token {
    v: String,
    rv: i64,
    start: String,
}

const VERSION: &str = "meta.k8s.io/v1";

impl Continuation {
    /// Reads a token.
    ///
    /// # Errors
    /// It is none of ours.
    pub(crate) fn parse(token: &str) -> Result<Self, Failure> {
        let bytes = URL_SAFE_NO_PAD.decode(token.trim_end_matches('=')).ok();
        let token = bytes.and_then(|bytes| serde_json::from_slice::<Token>(&bytes).ok());
        // A start that climbs out of its range would read what was not authorized.
        let good = token.filter(|token| {
            token.v == VERSION && !token.start.split('/').any(|part| part == ".." || part == ".")
        });
        let revision = good.as_ref().and_then(|token| u64::try_from(token.rv).ok());
        match (good, revision) {
            (Some(token), Some(revision)) => Ok(Self { revision, start: token.start }),
            _ => Err(Failure::bad_request("continue key is not valid")),
        }
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
        for bad in ["", "x", "e30", &Continuation { revision: 1, start: "../x".into() }.token()] {
            assert!(Continuation::parse(bad).is_err(), "{bad}");
        }
    }
}
