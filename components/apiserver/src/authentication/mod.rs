//! Who sends a request: an ordered union of ways to know it.
//!
//! Upstream: pkg/kubeapiserver/authenticator/config.go and apiserver/pkg/authentication; the order
//! of request/union.

mod user;

pub use user::User;
pub(crate) use user::{
    ANONYMOUS, AUTHENTICATED, CREDENTIAL_ID, MASTERS, UNAUTHENTICATED, service_account_groups,
    service_account_of,
};

use http::{HeaderMap, header};
use sha2::{Digest, Sha256};
use std::collections::BTreeMap;
use wire::{Peer, tls::Certificate};

/// Bearer tokens and whom they name.
pub type Tokens = BTreeMap<String, User>;

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
        let certificate = peer.and_then(|peer| peer.certificate.as_deref());
        if let Some(user) = certificate.and_then(certified) {
            return Some(user.authenticated());
        }
        match bearer(headers) {
            Some(token) => Some(self.tokens.get(token)?.clone().authenticated()),
            None => self.anonymous.then(User::anonymous),
        }
    }
}

/// Whom a certificate names (request/x509, CommonNameUserConversion); one without a common name
/// names nobody.
fn certified(certificate: &Certificate) -> Option<User> {
    if certificate.common_name.is_empty() {
        return None;
    }
    let digest: String =
        Sha256::digest(&certificate.der).iter().map(|byte| format!("{byte:02x}")).collect();
    Some(User {
        name: certificate.common_name.clone(),
        uid: String::new(),
        groups: certificate.organizations.clone(),
        extra: [(CREDENTIAL_ID.to_owned(), vec![format!("X509SHA256={digest}")])].into(),
    })
}

/// The token of `Authorization: Bearer`.
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

    #[test]
    fn a_certificate_names_its_owner_and_itself() {
        let certificate = Certificate {
            common_name: "alice".into(),
            organizations: vec!["dev".into()],
            der: vec![1],
            ..Certificate::default()
        };
        let user = certified(&certificate).unwrap().authenticated();
        assert_eq!(user.groups, ["dev", "system:authenticated"]);
        assert!(user.extra[CREDENTIAL_ID][0].starts_with("X509SHA256=4bf5122f"));
        assert_eq!(certified(&Certificate::default()), None);
    }
}
