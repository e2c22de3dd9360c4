//! Those who know tokens, in the order in which they are asked.
//!
//! Upstream: pkg/kubeapiserver/authenticator/config.go, apiserver/pkg/authentication/token/union.

use super::{
    Authenticated, Tokens, User, Verdict, bootstrap_token, oidc::Issuers,
    service_accounts::Accounts, webhook::Asker,
};
use crate::{config::Config, configuration::aggregate, registry::Registry};
use std::sync::Arc;

/// All who know tokens.
#[derive(Debug)]
pub(super) struct Union {
    registry: Arc<Registry>,
    tokens: Tokens,
    accounts: Accounts,
    /// New machines may come with bootstrap tokens.
    bootstrap: bool,
    issuers: Issuers,
    webhook: Option<Asker>,
}

impl Union {
    pub(super) fn new(config: &Config, registry: &Arc<Registry>) -> Self {
        Self {
            registry: registry.clone(),
            tokens: config.tokens.clone(),
            accounts: Accounts::new(config.service_accounts.clone(), registry.clone()),
            bootstrap: config.bootstrap_tokens,
            issuers: Issuers::new(&registry.host, config.jwt.clone()),
            webhook: config.token_webhook.clone().map(Asker::new),
        }
    }

    pub(super) fn accounts(&self) -> &Accounts {
        &self.accounts
    }

    /// Whom a token names, for these audiences. The first who knows it decides.
    ///
    /// # Errors
    /// Nobody knows it, and some say why it is not good, or why they cannot say.
    pub(super) async fn check(&self, token: &str, audiences: &[String]) -> Verdict {
        let mut faults = Vec::new();
        if let Some(user) = self.tokens.get(token) {
            return Ok(self.for_us(user.clone(), audiences));
        }
        match self.accounts.check(token, audiences).await {
            Ok(Some(mut found)) => {
                found.user = found.user.authenticated();
                return Ok(Some(found));
            }
            Ok(None) => {}
            Err(why) => faults.push(why),
        }
        if self.bootstrap
            && let Some(user) = bootstrap_token::check(&self.registry, token).await
        {
            return Ok(self.for_us(user, audiences));
        }
        match self.issuers.check(token).await {
            Ok(Some(user)) => return Ok(self.for_us(user, audiences)),
            Ok(None) => {}
            Err(why) => faults.push(why),
        }
        if let Some(webhook) = &self.webhook {
            match webhook.check(&self.registry.host, token, audiences).await {
                Ok(Some(found)) => return Ok(Some(found)),
                Ok(None) => {}
                Err(why) => faults.push(why),
            }
        }
        aggregate(&faults).map_or(Ok(None), Err)
    }

    /// A token that does not say for whom it is, is for this server
    /// (authenticator.WrapAudienceAgnosticToken).
    fn for_us(&self, user: User, wanted: &[String]) -> Option<Authenticated> {
        let ours = self.accounts.audiences();
        let common = ours.iter().filter(|one| wanted.contains(one));
        let audiences: Vec<String> = common.cloned().collect();
        if audiences.is_empty() && !ours.is_empty() {
            return None;
        }
        Some(Authenticated { user: user.authenticated(), audiences })
    }
}
