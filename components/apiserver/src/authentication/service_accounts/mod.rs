//! Tokens of service accounts: given out, and good for as long as the account and what they are
//! bound to live.
//!
//! Upstream: pkg/serviceaccount.

mod claims;
mod key;
mod live;

pub use key::{KeyError, PublicKey, SigningKey};

use super::{Authenticated, User};
use crate::registry::Registry;
use claims::{Bound, Claims, Reference};
use serde_json::{Value, json};
use std::{collections::BTreeMap, sync::Arc, time::Duration};

/// How tokens of service accounts are signed and checked.
#[derive(Clone, Debug, Default)]
pub struct ServiceAccounts {
    /// `--service-account-issuer`: the first signs, all are believed.
    pub issuers: Vec<String>,
    /// `--api-audiences`: who this server is for tokens that say for whom they are.
    pub audiences: Vec<String>,
    /// `--service-account-signing-key-file`; without it no tokens are given out.
    pub signer: Option<SigningKey>,
    /// `--service-account-key-file`.
    pub keys: Vec<PublicKey>,
    /// `--service-account-max-token-expiration`.
    pub expiration_max: Option<Duration>,
    /// `--service-account-extend-token-expiration`.
    pub extends: bool,
    /// `--service-account-jwks-uri`; the issuer's without it.
    pub jwks_uri: String,
}

/// Gives tokens out, and checks those that come back.
#[derive(Clone, Debug)]
pub(crate) struct Accounts {
    config: ServiceAccounts,
    registry: Arc<Registry>,
}

/// A token's life, in seconds.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub(crate) struct Life {
    /// Until it is good no more.
    pub(crate) seconds: u64,
    /// Until a client should have a new one, where that is earlier.
    pub(crate) warn_after: Option<u64>,
}

/// What a token is bound to besides its account.
#[derive(Clone, PartialEq, Eq, Debug, Default)]
pub(crate) struct Binding {
    pub(crate) pod: Option<(String, String)>,
    pub(crate) node: Option<(String, String)>,
    pub(crate) secret: Option<(String, String)>,
}

/// What projected volumes ask for when they could live with a year (WarnOnlyBoundToken…).
const WARN_ONLY_SECONDS: u64 = 60 * 60 + 7;
const EXTENDED_SECONDS: u64 = 24 * 365 * 60 * 60;

const EXTRA: &str = "authentication.kubernetes.io";

impl Accounts {
    pub(crate) fn new(config: ServiceAccounts, registry: Arc<Registry>) -> Self {
        Self { config, registry }
    }

    /// Whether tokens can be given out.
    pub(crate) fn signs(&self) -> bool {
        self.config.signer.is_some()
    }

    /// For whom tokens are that do not say.
    pub(crate) fn audiences(&self) -> &[String] {
        match self.config.audiences.is_empty() {
            true => &self.config.issuers,
            false => &self.config.audiences,
        }
    }

    /// The longest life that is given.
    pub(crate) fn seconds_max(&self) -> Option<u64> {
        self.config.expiration_max.map(|max| max.as_secs()).filter(|seconds| *seconds > 0)
    }

    /// The life that a client gets who asks for so much.
    pub(crate) fn life(&self, seconds: u64, audiences: &[String], for_pod: bool) -> Life {
        let ours =
            !audiences.is_empty() && audiences.iter().all(|one| self.audiences().contains(one));
        match self.config.extends && for_pod && seconds == WARN_ONLY_SECONDS && ours {
            true => Life { seconds: EXTENDED_SECONDS, warn_after: Some(seconds) },
            false => Life { seconds, warn_after: None },
        }
    }

    /// A new token of an account (its object) for these audiences; none: there is no key.
    pub(crate) fn token(
        &self,
        account: &Value,
        audiences: &[String],
        binding: Binding,
        life: Life,
    ) -> Option<String> {
        let host = &self.registry.host;
        let now = host.clock.wall().seconds();
        let text = |name: &str| crate::object::meta(account, name).to_owned();
        let refer = |(name, uid)| Reference { name, uid };
        let (namespace, name) = (text("namespace"), text("name"));
        let sub = User::service_account(&namespace, &name, "").name;
        let claims = Claims {
            aud: audiences.to_vec(),
            exp: Some(now + life.seconds),
            iat: Some(now),
            iss: self.config.issuers.first().cloned().unwrap_or_default(),
            jti: crate::registry::uid(host),
            bound: Some(Bound {
                namespace,
                node: binding.node.map(refer),
                pod: binding.pod.map(refer),
                secret: binding.secret.map(refer),
                serviceaccount: Reference { name, uid: text("uid") },
                warnafter: life.warn_after.map(|seconds| now + seconds),
            }),
            nbf: Some(now),
            sub,
            legacy: None,
        };
        claims::signed(&claims, self.config.signer.as_ref()?)
    }

    /// Whom a token names; none: it is no token of a service account.
    ///
    /// # Errors
    /// It is one, and not good.
    pub(crate) async fn check(
        &self,
        token: &str,
        audiences: &[String],
    ) -> Result<Option<Authenticated>, String> {
        let Some(claims) = claims::read(token, &self.config.issuers, &self.config.keys)? else {
            return Ok(None);
        };
        let own = if claims.aud.is_empty() { self.audiences() } else { &claims.aud };
        let wanted = if audiences.is_empty() { self.audiences() } else { audiences };
        let common: Vec<String> = own.iter().filter(|one| wanted.contains(one)).cloned().collect();
        if common.is_empty() && !self.audiences().is_empty() {
            return Err(format!(
                "token audiences {own:?} is invalid for the target audiences {wanted:?}"
            ));
        }
        claims::check_time(&claims, self.registry.host.clock.wall().seconds())?;
        let user = match (&claims.bound, &claims.legacy) {
            (Some(bound), _) => {
                live::bound(&self.registry, bound).await?;
                bound_user(&claims, bound)
            }
            (None, Some(legacy)) => {
                live::legacy(&self.registry, legacy, token).await?;
                User::service_account(&legacy.namespace, &legacy.name, &legacy.uid)
            }
            (None, None) => return Err("the token names no service account".into()),
        };
        Ok(Some(Authenticated { user, audiences: common }))
    }

    /// `/.well-known/openid-configuration`; none: the issuer is no address.
    pub(crate) fn openid_configuration(&self) -> Option<Value> {
        let issuer = self.config.issuers.first().filter(|one| one.starts_with("https://"))?;
        let own = format!("{}/openid/v1/jwks", issuer.trim_end_matches('/'));
        let uri = match self.config.jwks_uri.is_empty() {
            true => &own,
            false => &self.config.jwks_uri,
        };
        let mut algorithms: Vec<_> = self.config.keys.iter().map(PublicKey::algorithm).collect();
        algorithms.sort_unstable();
        algorithms.dedup();
        Some(json!({
            "issuer": issuer,
            "jwks_uri": uri,
            "response_types_supported": ["id_token"],
            "subject_types_supported": ["public"],
            "id_token_signing_alg_values_supported": algorithms,
        }))
    }

    /// `/openid/v1/jwks`.
    pub(crate) fn key_set(&self) -> Value {
        json!({"keys": self.config.keys.iter().filter_map(PublicKey::jwk).collect::<Vec<_>>()})
    }
}

fn bound_user(claims: &Claims, bound: &Bound) -> User {
    let Reference { name, uid } = &bound.serviceaccount;
    let mut user = User::service_account(&bound.namespace, name, uid);
    let mut extra = BTreeMap::new();
    let mut add = |key: &str, value: &str| {
        if !value.is_empty() {
            extra.insert(format!("{EXTRA}/{key}"), vec![value.to_owned()]);
        }
    };
    if !claims.jti.is_empty() {
        add("credential-id", &format!("JTI={}", claims.jti));
    }
    if let Some(pod) = &bound.pod {
        add("pod-name", &pod.name);
        add("pod-uid", &pod.uid);
    }
    if let Some(node) = &bound.node {
        add("node-name", &node.name);
        add("node-uid", &node.uid);
    }
    user.extra = extra;
    user
}
