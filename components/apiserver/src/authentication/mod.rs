//! Who sends a request: an ordered union of ways to know it.
//!
//! Upstream: pkg/kubeapiserver/authenticator/config.go and apiserver/pkg/authentication; the order
//! of request/union.

mod bootstrap_token;
pub(crate) mod service_accounts;
mod user;

pub use service_accounts::{KeyError, PublicKey, ServiceAccounts, SigningKey};
pub use user::User;
pub(crate) use user::{
    ANONYMOUS, AUTHENTICATED, CREDENTIAL_ID, MASTERS, UNAUTHENTICATED, service_account_groups,
    service_account_of,
};

use crate::{config::Config, registry::Registry};
use http::{HeaderMap, header};
use service_accounts::Accounts;
use sha2::{Digest, Sha256};
use std::{collections::BTreeMap, sync::Arc};
use wire::{Peer, tls::Certificate};

/// Bearer tokens and whom they name.
pub type Tokens = BTreeMap<String, User>;

/// Whom a token names, and for which of the audiences that were asked for.
#[derive(Clone, PartialEq, Eq, Debug)]
pub(crate) struct Authenticated {
    pub(crate) user: User,
    pub(crate) audiences: Vec<String>,
}

/// Finds out who sends requests.
#[derive(Debug)]
pub(crate) struct Authenticator {
    registry: Arc<Registry>,
    tokens: Tokens,
    accounts: Accounts,
    /// New machines may come with bootstrap tokens.
    bootstrap: bool,
    /// Requests without credentials pass as `system:anonymous`.
    anonymous: bool,
}

impl Authenticator {
    pub(crate) fn new(config: &Config, registry: &Arc<Registry>) -> Self {
        Self {
            registry: registry.clone(),
            tokens: config.tokens.clone(),
            accounts: Accounts::new(config.service_accounts.clone(), registry.clone()),
            bootstrap: config.bootstrap_tokens,
            anonymous: config.anonymous,
        }
    }

    /// What gives out and checks service accounts' tokens.
    pub(crate) fn accounts(&self) -> &Accounts {
        &self.accounts
    }

    /// The client; none: credentials that are wrong, or none where they are needed.
    pub(crate) async fn user(&self, peer: Option<&Peer>, headers: &HeaderMap) -> Option<User> {
        let certificate = peer.and_then(|peer| peer.certificate.as_deref());
        if let Some(user) = certificate.and_then(certified) {
            return Some(user.authenticated());
        }
        match bearer(headers) {
            Some(token) => Some(self.token(token, &[]).await.ok()??.user),
            None => self.anonymous.then(User::anonymous),
        }
    }

    /// Whom a token names, for these audiences (none: this server); none: it is nobody's.
    ///
    /// # Errors
    /// Why it is not good, where one of those who know tokens says that it is of its kind.
    pub(crate) async fn token(
        &self,
        token: &str,
        audiences: &[String],
    ) -> Result<Option<Authenticated>, String> {
        if let Some(user) = self.tokens.get(token) {
            return Ok(self.for_us(user.clone(), audiences));
        }
        if let Some(mut found) = self.accounts.check(token, audiences).await? {
            found.user = found.user.authenticated();
            return Ok(Some(found));
        }
        if !self.bootstrap {
            return Ok(None);
        }
        let user = bootstrap_token::check(&self.registry, token).await;
        Ok(user.and_then(|user| self.for_us(user, audiences)))
    }

    /// A token that does not say for whom it is, is for this server
    /// (authenticator.WrapAudienceAgnosticToken).
    fn for_us(&self, user: User, wanted: &[String]) -> Option<Authenticated> {
        let ours = self.accounts.audiences();
        let common = ours.iter().filter(|one| wanted.is_empty() || wanted.contains(one));
        let audiences: Vec<String> = common.cloned().collect();
        if audiences.is_empty() && !ours.is_empty() {
            return None;
        }
        Some(Authenticated { user: user.authenticated(), audiences })
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
    fn tokens_come_after_the_word_bearer() {
        for (value, expected) in [
            ("Bearer secret", Some("secret")),
            ("bearer  secret ", Some("secret")),
            ("Bearer ", None),
            ("Basic secret", None),
            ("secret", None),
        ] {
            assert_eq!(bearer(&headers(value)), expected, "{value}");
        }
        assert_eq!(bearer(&HeaderMap::new()), None);
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
