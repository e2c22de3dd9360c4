//! The flags about servers that know tokens or rights.
//!
//! Upstream: pkg/kubeapiserver/options/{authentication,authorization}.go.

use super::{FlagError, duration};
use apiserver::{AuthorizationWebhook, Remote, TokenWebhook};
use clap::Args;
use host::Host;
use std::time::Duration;

/// A server that knows tokens.
#[derive(Debug, Args)]
#[command(next_help_heading = "Authentication")]
pub struct TokenWebhookFlags {
    /// Kubeconfig of a server that knows tokens
    #[arg(long, default_value = "", hide_default_value = true)]
    pub authentication_token_webhook_config_file: String,
    /// Version of the TokenReviews that it is sent: v1 or v1beta1
    #[arg(long, default_value = "v1beta1")]
    pub authentication_token_webhook_version: String,
    /// Time that its answers count
    #[arg(long, default_value = "2m0s", value_parser = duration)]
    pub authentication_token_webhook_cache_ttl: Duration,
}

/// A server that knows who may do what.
#[derive(Debug, Default, Args)]
#[command(next_help_heading = "Authorization")]
pub struct AuthorizationWebhookFlags {
    /// Kubeconfig of a server that says who may do what, for the mode Webhook
    #[arg(long)]
    pub authorization_webhook_config_file: Option<String>,
    /// Version of the SubjectAccessReviews that it is sent, v1 or v1beta1: v1beta1 without
    #[arg(long)]
    pub authorization_webhook_version: Option<String>,
    /// Time that its word counts that something is allowed: 5m0s without
    #[arg(long, value_parser = duration)]
    pub authorization_webhook_cache_authorized_ttl: Option<Duration>,
    /// Time that its word counts that something is not allowed: 30s without
    #[arg(long, value_parser = duration)]
    pub authorization_webhook_cache_unauthorized_ttl: Option<Duration>,
}

const VERSIONS: [&str; 2] = ["v1", "v1beta1"];

fn remote(host: &Host, flag: &'static str, path: &str) -> Result<Remote, FlagError> {
    let found = Remote::from_kubeconfig(host, path);
    found.map_err(|why| FlagError::File { flag, path: path.to_owned(), why })
}

impl TokenWebhookFlags {
    pub(super) fn webhook(&self, host: &Host) -> Result<Option<TokenWebhook>, FlagError> {
        let path = &self.authentication_token_webhook_config_file;
        if path.is_empty() {
            return Ok(None);
        }
        let version = &self.authentication_token_webhook_version;
        if !VERSIONS.contains(&version.as_str()) {
            return Err(FlagError::Combination(format!(
                "unsupported authentication webhook version {version:?}, supported versions are \
                 \"v1\", \"v1beta1\""
            )));
        }
        Ok(Some(TokenWebhook {
            remote: remote(host, "authentication-token-webhook-config-file", path)?,
            version: version.clone(),
            cache: self.authentication_token_webhook_cache_ttl,
        }))
    }
}

impl AuthorizationWebhookFlags {
    pub(super) fn is_set(&self) -> bool {
        self.authorization_webhook_config_file.is_some()
            || self.authorization_webhook_version.is_some()
            || self.authorization_webhook_cache_authorized_ttl.is_some()
            || self.authorization_webhook_cache_unauthorized_ttl.is_some()
    }

    pub(super) fn has_file(&self) -> bool {
        self.authorization_webhook_config_file.as_deref().is_some_and(|path| !path.is_empty())
    }

    pub(super) fn webhook(&self, host: &Host) -> Result<AuthorizationWebhook, FlagError> {
        let version = self.authorization_webhook_version.as_deref().unwrap_or("v1beta1");
        if !VERSIONS.contains(&version) {
            return Err(FlagError::Combination(format!(
                "unsupported webhook authorizer version {version:?}, supported versions are \
                 \"v1\", \"v1beta1\""
            )));
        }
        let path = self.authorization_webhook_config_file.as_deref().unwrap_or_default();
        let seconds = |span: Option<Duration>, unset| span.unwrap_or(Duration::from_secs(unset));
        Ok(AuthorizationWebhook::of_flags(
            remote(host, "authorization-webhook-config-file", path)?,
            version.to_owned(),
            seconds(self.authorization_webhook_cache_authorized_ttl, 300),
            seconds(self.authorization_webhook_cache_unauthorized_ttl, 30),
        ))
    }
}
