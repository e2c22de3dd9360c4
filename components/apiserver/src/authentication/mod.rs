//! Who sends a request: an ordered union of ways to know it.
//!
//! Upstream: pkg/kubeapiserver/authenticator/config.go and apiserver/pkg/authentication; the order
//! of request/union.

mod bearer;
mod bootstrap_token;
mod cached;
mod oidc;
mod request_header;
pub(crate) mod service_accounts;
mod union;
mod user;
mod webhook;

pub use oidc::{Anonymous, AuthenticationConfiguration, JwtSettings, OidcFlags};
pub use request_header::RequestHeader;
pub use service_accounts::{KeyError, PublicKey, ServiceAccounts, SigningKey};
pub use user::User;
pub(crate) use user::{
    ANONYMOUS, AUTHENTICATED, CREDENTIAL_ID, MASTERS, NODE_NAME, NODES, UNAUTHENTICATED,
    service_account_groups, service_account_of,
};
pub use webhook::TokenWebhook;

use crate::{config::Config, registry::Registry};
use cached::Cached;
use http::HeaderMap;
use service_accounts::Accounts;
use sha2::{Digest, Sha256};
use std::{collections::BTreeMap, sync::Arc};
use union::Union;
use wire::{Peer, tls::Certificate};

/// Bearer tokens and whom they name.
pub type Tokens = BTreeMap<String, User>;

/// The place of the authorities of clients among those of the listener.
pub(crate) const CLIENTS: usize = 0;
/// The place of the authorities of proxies.
pub(crate) const PROXIES: usize = 1;

/// Whom a token names, and for which of the audiences that were asked for.
#[derive(Clone, PartialEq, Eq, Debug)]
pub(crate) struct Authenticated {
    pub(crate) user: User,
    pub(crate) audiences: Vec<String>,
}

/// Whom a token names, nobody, or why it is not good.
type Verdict = Result<Option<Authenticated>, String>;

/// Finds out who sends requests.
#[derive(Debug)]
pub(crate) struct Authenticator {
    proxies: Option<RequestHeader>,
    tokens: Cached,
    anonymous: Anonymous,
}

impl Authenticator {
    pub(crate) fn new(config: &Config, registry: &Arc<Registry>) -> Self {
        let union = Arc::new(Union::new(config, registry));
        Self {
            proxies: config.request_header.clone(),
            tokens: Cached::new(&registry.host, union),
            anonymous: config.anonymous.clone(),
        }
    }

    /// What gives out and checks service accounts' tokens.
    pub(crate) fn accounts(&self) -> &Accounts {
        self.tokens.union().accounts()
    }

    /// The client; none: credentials that are wrong, or none where they are needed. Credentials that
    /// are wrong spoil nothing where others are good.
    pub(crate) async fn user(
        &self,
        peer: Option<&Peer>,
        headers: &HeaderMap,
        path: &str,
    ) -> Option<User> {
        let certificate = peer.and_then(|peer| peer.certificate.as_deref());
        let mut wrong = false;
        if let Some(proxies) = &self.proxies {
            match proxies.user(certificate, headers) {
                Ok(Some(user)) => return Some(user.authenticated()),
                Ok(None) => {}
                Err(_) => wrong = true,
            }
        }
        if let Some(certificate) = certificate {
            let own = certificate.signed_by.contains(&CLIENTS);
            if let Some(user) = certified(certificate).filter(|_| own) {
                return Some(user.authenticated());
            }
            wrong |= !own;
        }
        if let Some(token) = bearer::token(headers) {
            return Some(self.token(&token, &[]).await.ok()??.user);
        }
        (!wrong && self.anonymous.lets_in(path)).then(User::anonymous)
    }

    /// Takes credentials out of a request whose sender is known.
    pub(crate) fn forget(&self, headers: &mut HeaderMap) {
        bearer::forget(headers);
        request_header::forget(self.proxies.as_ref(), headers);
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
        let wanted = if audiences.is_empty() { self.accounts().audiences() } else { audiences };
        self.tokens.check(token, wanted).await
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

#[cfg(test)]
mod tests {
    use super::*;

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
