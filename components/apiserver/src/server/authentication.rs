//! Who sends a request.
//!
//! Upstream: apiserver/pkg/authentication; the order of request/union.

use http::{HeaderMap, header};
use std::collections::BTreeMap;
use wire::Peer;

/// A client as authorization and audit know it.
#[derive(Clone, PartialEq, Eq, Debug, Default)]
pub struct User {
    /// `system:admin`, `alice`.
    pub name: String,
    /// Empty where the source knows none.
    pub uid: String,
    /// `system:masters`, `system:authenticated`.
    pub groups: Vec<String>,
}

/// Bearer tokens and whom they name.
pub type Tokens = BTreeMap<String, User>;

/// Every known client is in this group.
const AUTHENTICATED: &str = "system:authenticated";

/// Finds out who sends requests.
#[derive(Clone, Debug, Default)]
pub(crate) struct Authenticator {
    pub(crate) tokens: Tokens,
    /// Requests without credentials pass as `system:anonymous`.
    pub(crate) anonymous: bool,
}

impl Authenticator {
    /// The client; none: credentials that are wrong, or none where they are needed.
    pub(crate) fn user(&self, peer: Option<&Peer>, headers: &HeaderMap) -> Option<User> {
        let certified = peer.and_then(|peer| peer.certificate.as_ref()).map(|certificate| User {
            name: certificate.common_name.clone(),
            groups: certificate.organizations.clone(),
            uid: String::new(),
        });
        let known = match certified.filter(|user| !user.name.is_empty()) {
            Some(user) => Some(user),
            None => match bearer(headers) {
                Some(token) => Some(self.tokens.get(token)?.clone()),
                None => None,
            },
        };
        match known {
            Some(mut user) => {
                if !user.groups.iter().any(|group| group == AUTHENTICATED) {
                    user.groups.push(AUTHENTICATED.into());
                }
                Some(user)
            }
            None if self.anonymous => Some(User {
                name: "system:anonymous".into(),
                uid: String::new(),
                groups: vec!["system:unauthenticated".into()],
            }),
            None => None,
        }
    }
}

fn bearer(headers: &HeaderMap) -> Option<&str> {
    let value = headers.get(header::AUTHORIZATION)?.to_str().ok()?;
    let (scheme, token) = value.trim().split_once(' ')?;
    scheme.eq_ignore_ascii_case("bearer").then(|| token.trim()).filter(|token| !token.is_empty())
}

#[cfg(test)]
mod tests {
    use super::*;

    fn headers(value: &str) -> HeaderMap {
        let mut headers = HeaderMap::new();
        headers.insert(header::AUTHORIZATION, value.parse().unwrap());
        headers
    }

    #[test]
    fn a_wrong_token_is_not_anonymous() {
        let alice = User { name: "alice".into(), ..User::default() };
        let tokens = Tokens::from([("secret".into(), alice)]);
        let authenticator = Authenticator { tokens, anonymous: true };
        let name = |headers: &HeaderMap| authenticator.user(None, headers).map(|user| user.name);
        assert_eq!(name(&headers("Bearer secret")).as_deref(), Some("alice"));
        assert_eq!(name(&headers("bearer wrong")), None);
        assert_eq!(name(&HeaderMap::new()).as_deref(), Some("system:anonymous"));
        let strict = Authenticator { anonymous: false, ..Authenticator::default() };
        assert_eq!(strict.user(None, &HeaderMap::new()), None);
    }
}
