//! Another server says who may do what.
//!
//! Upstream: apiserver/plugin/pkg/authorizer/webhook.

mod conditions;
mod review;
mod settings;

use conditions::Conditions;
pub(super) use settings::Settings;

use super::{Attributes, Decision, Verdict};
use crate::{expiring::Expiring, remote::Remote};
use host::{Host, event};
use parking_lot::Mutex;
use serde_json::Value;
use std::{fmt, time::Duration};

/// One webhook.
#[derive(Clone, Debug)]
pub struct AuthorizationWebhook {
    remote: Remote,
    /// The reviews' version: `v1` or `v1beta1`.
    version: String,
    /// Of one attempt.
    timeout: Duration,
    /// For so long it counts that something is allowed.
    authorized: Duration,
    /// For so long it counts that something is not.
    unauthorized: Duration,
    /// Where it cannot be asked, nobody else is.
    fails_closed: bool,
    conditions: Conditions,
}

impl AuthorizationWebhook {
    /// The webhook of `--authorization-webhook-*`, which fails open.
    pub fn of_flags(
        remote: Remote,
        version: String,
        authorized: Duration,
        unauthorized: Duration,
    ) -> Self {
        Self {
            remote,
            version,
            timeout: Duration::from_secs(30),
            authorized,
            unauthorized,
            fails_closed: false,
            conditions: Conditions::default(),
        }
    }
}

/// What was said is remembered of so many.
const KNOWN_MAX: usize = 8192;

/// Asks, and remembers what was said.
pub(super) struct Asker {
    webhook: AuthorizationWebhook,
    /// By a review's text.
    known: Mutex<Expiring<String, Value>>,
}

impl fmt::Debug for Asker {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Asker").field("webhook", &self.webhook).finish_non_exhaustive()
    }
}

impl Asker {
    pub(super) fn new(webhook: AuthorizationWebhook) -> Self {
        Self { webhook, known: Mutex::new(Expiring::new(KNOWN_MAX)) }
    }

    pub(super) async fn decide(&self, host: &Host, what: &Attributes) -> Decision {
        let webhook = &self.webhook;
        match webhook.conditions.hold(&review::whole(what)) {
            Ok(true) => {}
            Ok(false) => return Decision::no_opinion(""),
            Err(why) => return self.failed(why),
        }
        let spec = review::spec(what);
        let key = spec.to_string();
        let known = self.known.lock().get(&key, host.now());
        if let Some(status) = known {
            return review::decision(&status);
        }
        let asked = review::review(&webhook.version, &spec);
        let answer = match webhook.remote.ask(host, &asked, webhook.timeout).await {
            Ok(answer) => answer,
            Err(fault) => {
                let why = fault.to_string();
                event!(host, Warn, "cannot ask an authorization webhook", why = &*why);
                return self.failed(why);
            }
        };
        let status = &answer["status"];
        if review::is_modest(what) {
            let allowed = status["allowed"] == true;
            let lasts = if allowed { webhook.authorized } else { webhook.unauthorized };
            self.known.lock().put(key, status.clone(), host.now(), lasts);
        }
        review::decision(status)
    }

    /// It could not decide.
    fn failed(&self, why: String) -> Decision {
        let verdict = if self.webhook.fails_closed { Verdict::Deny } else { Verdict::NoOpinion };
        Decision { fault: Some(why), ..Decision::new(verdict, "") }
    }
}
